"""One process of a crew: `python -m sim.hand DESCRIPTOR` simulates what it reads there, one order a line.

An order is {"folder", "number", "workers"}; what is finished is kept in that folder. On standard output it says, a line
each, {"progress": [...]} now and then, {"kept": number} after each order, or {"error", "exit"} before it ends.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import BeanpeakError, Interrupted
from sim.stopping import asked_to_stop, signals_interrupt

if TYPE_CHECKING:
    from sim.engine.outcome import Progress
    from sim.reporting.unfinished import Unfinished

EVERY_S = 0.1  # between two reports


def main(descriptor: int) -> int:
    """Do what is ordered until the orders end or it is asked to stop; the exit code."""
    try:
        with signals_interrupt(), asked_to_stop() as stop, os.fdopen(descriptor, "rb") as orders:
            for order in orders:
                _obey(stop=stop, **json.loads(order))
    except BeanpeakError as error:
        _say(error=str(error), exit=error.exit_code)
        return error.exit_code
    except KeyboardInterrupt:
        return Interrupted.exit_code
    return 0


def _obey(folder: str, number: int, workers: int, stop: Callable[[], bool]) -> None:
    from sim.runs import simulate_kept

    simulate_kept(_run(folder), number, workers, _reporter(), stop)
    _say(kept=number)


@cache
def _run(folder: str) -> Unfinished:
    """A run under way, read once for all of its replications."""
    from sim.reporting.unfinished import Unfinished

    return Unfinished.open(Path(folder))


def _reporter() -> Callable[[Progress], None]:
    due = 0.0

    def report(progress: Progress) -> None:
        nonlocal due
        if time.monotonic() >= due or progress.share == 1:
            due = time.monotonic() + EVERY_S
            _say(progress=astuple(progress))

    return report


def _say(**words: Any) -> None:
    with suppress(BrokenPipeError):  # whoever listened was killed: then the leash asks to stop
        os.write(1, json.dumps(words).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
