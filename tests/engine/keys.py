"""Plays a world of plain Python and notes who asked for which key of chance. Run with NUMBA_DISABLE_JIT=1:

    python -m tests.engine.keys busy,100,1,base

prints, as JSON, which functions met on one key (purpose, agent, slot, sub-slot), which places read the same word
of a key, and every purpose drawn.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from functools import cache
from types import CodeType
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


class Words(tuple[Any, ...]):
    """The words of a draw, which note from where in the source each of them is read."""

    read: dict[int, set[tuple[str, int, int]]]

    def __getitem__(self, index: Any) -> Any:
        frame = sys._getframe(1)
        self.read[index].add(place_of(frame.f_code, frame.f_lasti))
        return super().__getitem__(index)


@cache
def place_of(code: CodeType, instruction: int) -> tuple[str, int, int]:
    """Where in the source an instruction stands: function, line, column."""
    line, _, column, _ = list(code.co_positions())[instruction // 2]
    return code.co_name, line or 0, column or 0


class Keys:
    """Every key asked for, the functions that asked, and by word the places that read it."""

    def __init__(self) -> None:
        self.asked: dict[tuple[str, Key], set[str]] = defaultdict(set)
        self.read: dict[tuple[str, Key], dict[int, set[tuple[str, int, int]]]] = defaultdict(
            lambda: defaultdict(set)
        )
        self.case = ""  # two designs meet the same luck: only within one run is a shared key a fault

    def note(self, who: Any, *key: int) -> None:
        self.asked[self.case, key].add(f"{who.f_globals['__name__']}.{who.f_code.co_name}")

    def words(self, words: tuple[Any, ...], *key: int) -> Words:
        """These words, and from now on it is known who reads them."""
        told = Words(words)
        told.read = self.read[self.case, key]
        return told

    def listen(self) -> None:
        """Stand before the three doors to chance, in every module that took them by name."""
        philox, draws, one_draw = streams.philox, streams.draws, streams.one_draw

        def noted_philox(k0: int, k1: int, c0: int, c1: int, c2: int, c3: int) -> Any:
            who = sys._getframe(1)
            if who.f_code.co_name == "document_lots":
                who = sys._getframe(2)  # it only spells the key
            key = (int(k0), int(k1), int(c3), int(c0), int(c1), int(c2))
            self.note(who, *key)
            return self.words(philox(k0, k1, c0, c1, c2, c3), *key)

        def noted_draws(seed: int, rep: int, purpose: int, agent: Any, slot: Any = 0, sub: int = 0) -> Any:
            who, key = sys._getframe(1), key_of(seed, rep)
            for a, s in zip(*(x.ravel().tolist() for x in np.broadcast_arrays(agent, slot)), strict=True):
                self.note(who, *key, int(purpose), a, s, int(sub))
            return draws(seed, rep, purpose, agent, slot, sub)

        def noted_one(seed: int, rep: int, purpose: int, agent: int, slot: int = 0, sub: int = 0) -> Any:
            key = (*key_of(seed, rep), int(purpose), int(agent), int(slot), int(sub))
            self.note(sys._getframe(1), *key)
            return self.words(one_draw(seed, rep, purpose, agent, slot, sub), *key)

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

    def words_read_twice(self) -> list[tuple[str, int, list[str]]]:
        """Purpose, number of the word, and the functions that read it, one for each place in the source."""
        found = {
            (streams.Purpose(key[2]).name, index, tuple(sorted(name for name, _, _ in places)))
            for (_, key), by_word in self.read.items()
            for index, places in by_word.items()
            if len(places) > 1
        }
        return sorted((purpose, index, list(names)) for purpose, index, names in found)


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
        run.recorder.tables()  # names are drawn when somebody reads them
    drawn = sorted({streams.Purpose(key[2]).name for _, key in keys.asked})
    print(json.dumps({"shared": keys.shared(), "twice": keys.words_read_twice(), "drawn": drawn}))


if __name__ == "__main__":
    main(*sys.argv[1:])
