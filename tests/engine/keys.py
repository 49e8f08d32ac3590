"""Plays a world of plain Python and notes who asked for which key of chance. Run with NUMBA_DISABLE_JIT=1:

    python -m tests.engine.keys busy,100,1,base

prints, as JSON, which functions met on one key (purpose, agent, slot, sub-slot), and every purpose drawn.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from typing import Any

import numba
import numpy as np

from sim import streams
from sim.engine.campaign import Campaign
from sim.seeding import key_of
from sim.spans import DAY_US
from tests.engine.worlds import world

Key = tuple[int, ...]
# NGOs that ask, are paid and report all the time, so that their days coincide with those of their projects.
EAGER = {"report_every": DAY_US, "disburse_every": DAY_US, "review_days": (0, 1), "on_time_a": 0.5}


class Keys:
    """Every key asked for, and the functions that asked."""

    def __init__(self) -> None:
        self.asked: dict[tuple[str, Key], set[str]] = defaultdict(set)
        self.case = ""  # two designs meet the same luck: only within one run is a shared key a fault

    def note(self, who: Any, *key: int) -> None:
        self.asked[self.case, key].add(f"{who.f_globals['__name__']}.{who.f_code.co_name}")

    def listen(self) -> None:
        """Stand before the three doors to chance, in every module that took them by name."""
        philox, draws, one_draw = streams.philox, streams.draws, streams.one_draw

        def noted_philox(k0: int, k1: int, c0: int, c1: int, c2: int, c3: int) -> Any:
            who = sys._getframe(1)
            if who.f_code.co_name == "document_lots":
                who = sys._getframe(2)  # it only spells the key
            self.note(who, int(k0), int(k1), int(c3), int(c0), int(c1), int(c2))
            return philox(k0, k1, c0, c1, c2, c3)

        def noted_draws(seed: int, rep: int, purpose: int, agent: Any, slot: Any = 0, sub: int = 0) -> Any:
            who, key = sys._getframe(1), key_of(seed, rep)
            for a, s in zip(*(x.ravel().tolist() for x in np.broadcast_arrays(agent, slot)), strict=True):
                self.note(who, *key, int(purpose), a, s, int(sub))
            return draws(seed, rep, purpose, agent, slot, sub)

        def noted_one(seed: int, rep: int, purpose: int, agent: int, slot: int = 0, sub: int = 0) -> Any:
            key = key_of(seed, rep)
            self.note(sys._getframe(1), *key, int(purpose), int(agent), int(slot), int(sub))
            return one_draw(seed, rep, purpose, agent, slot, sub)

        doors = {philox: noted_philox, draws: noted_draws, one_draw: noted_one}
        for name, module in list(sys.modules.items()):
            if name.startswith("sim.") and module is not streams:
                for attribute, value in list(vars(module).items()):
                    if callable(value) and getattr(value, "__hash__", None) and value in doors:
                        setattr(module, attribute, doors[value])

    def shared(self) -> list[tuple[str, list[str]]]:
        """Purposes and the functions that met on one key."""
        groups = {(key[2], tuple(sorted(who))) for (_, key), who in self.asked.items() if len(who) > 1}
        return sorted((streams.Purpose(purpose).name, list(who)) for purpose, who in groups)


def main(*cases: str) -> None:
    assert numba.config.DISABLE_JIT
    keys = Keys()
    keys.listen()
    for case in cases:
        keys.case = case
        name, users, seed, design = case.split(",")
        scenario = world(name, int(users), int(seed), design)
        ngos = scenario.ngos.model_copy(update=EAGER)
        run = Campaign(scenario.model_copy(update={"ngos": ngos}), workers=1)
        run.run()
        run.recorder.totals()
    drawn = sorted({streams.Purpose(key[2]).name for _, key in keys.asked})
    print(json.dumps({"shared": keys.shared(), "drawn": drawn}))


if __name__ == "__main__":
    main(*sys.argv[1:])
