"""One measurement in a process of its own; prints one JSON object on its last line."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
DAY_S = 86_400


def campaign(users: int, **options: Any) -> Any:
    """The 95 week with so many users, set up and not begun."""
    from sim.engine.campaign import Campaign
    from sim.loading import load_scenario

    return Campaign(load_scenario("week95_2022", "base", {"users": users}), **options)


def user_s() -> float:
    """Seconds that this process has computed, on all cores."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def timed(run: Any, until_s: int | None) -> dict[str, float]:
    """Run on and say how much was done, overall and inside the kernel."""
    from sim.kernel import tallies as T
    from sim.memory import peak_memory_mb

    before, records, kernel, books = run.counts(), run.actions, run.kernel_s, run.books_s
    began, user = time.perf_counter(), user_s()
    run.run(until_s=until_s)
    wall, spent = time.perf_counter() - began, run.kernel_s - kernel
    counts = run.counts() - before
    unrecorded = counts[T.VISITS] + counts[T.ORDERS] - counts[T.CHARITY_ORDERS]
    actions = float(run.actions - records + unrecorded)
    return {
        "wall_s": wall,
        "actions": actions,
        "choice_slots": float(counts[T.CHOICE_SLOTS]),
        "user_per_wall": (user_s() - user) / wall,
        "actions_per_s": actions / wall,
        "action_ns": 1e9 * wall / actions,
        "kernel_actions_per_s": actions / spent,
        "kernel_ns": 1e9 * spent / actions,
        "simpy_share": 1.0 - (spent + run.books_s - books) / wall,
        "peak_mb": peak_memory_mb(),
    }


def main(what: str, users: int = 1_000) -> dict[str, float]:
    """`compile`: set-up and the first hours · `week`: all of it · `day`, `small`: after the first day."""
    began = time.perf_counter()
    if what == "compile":
        run = campaign(users)
        run.run(until_s=DAY_S)
        return {"compile_s": time.perf_counter() - began}
    if what == "reference":
        from tests.engine.reference import ReferencePopulation
        from tests.engine.twin import interpreted

        with interpreted():
            run = campaign(users, population=ReferencePopulation)
            run.run(until_s=DAY_S)
            return timed(run, 2 * DAY_S)
    if what == "small":
        run = campaign(users, workers=1)
    else:
        run = campaign(users, workers=2)
    if what != "week":
        run.run(until_s=DAY_S)
    return timed(run, None if what == "week" else 2 * DAY_S)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    print(json.dumps(main(arguments[0], *(int(x) for x in arguments[1:]))))
