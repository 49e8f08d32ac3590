"""What a fault did: how long nobody was answered, and when as few events were outstanding again as before.

Outstanding are events that were dispatched and have no answer: the backlog and what is in flight.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loadtests.adapters import Ending
from loadtests.faults import SECOND_US, Injected

BEFORE_US = 10 * SECOND_US
FEW = 10  # so few outstanding events are always a recovered state
ANSWERED = (Ending.ACCEPTED, Ending.DUPLICATE, Ending.REJECTED)

Instants = NDArray[np.int64]


def levels(up: Instants, down: Instants) -> tuple[Instants, Instants]:
    """Instants at which a count changes, and the count after each: +1 at `up`, −1 at `down`."""
    times = np.concatenate([up, down])
    steps = np.concatenate([np.ones(len(up), np.int64), -np.ones(len(down), np.int64)])
    # At one instant the way up comes first, so that no count is ever negative.
    order = np.lexsort((-steps, times))
    return times[order], np.cumsum(steps[order])


def outstanding(records: NDArray[np.void]) -> tuple[Instants, Instants]:
    """How many events are dispatched and not ended, over time."""
    ended = records["ended"][records["outcome"] != Ending.OPEN]
    return levels(records["dispatched"], ended)


def backlog_peak(records: NDArray[np.void]) -> int:
    """The most events that ever waited for a sender."""
    _, waiting = levels(records["dispatched"], records["started"])
    return int(waiting.max(initial=0))


def effects(faults: Sequence[Injected], records: NDArray[np.void]) -> list[dict[str, Any]]:
    """What each fault did, until the next one began."""
    last = int(records["ended"].max(initial=0)) + 1
    return [
        effect(fault, records, following.start_us if following is not None else last)
        for fault, following in zip_longest(faults, faults[1:])
    ]


def effect(fault: Injected, records: NDArray[np.void], until_us: int) -> dict[str, Any]:
    """What one fault did: seconds without an answer, and from its end to recovery (None: never recovered)."""
    times, count = outstanding(records)
    before = count[(times >= fault.start_us - BEFORE_US) & (times < fault.start_us)]
    usual = max(int(before.max(initial=0)), FEW)
    begin, end, last = np.searchsorted(times, [fault.start_us, fault.end_us, until_us]).tolist()
    after = count[end:last]
    # Recovery counts from the worst moment on: right after the fault the level may not have risen yet.
    worst = end + int(after.argmax()) if len(after) else end
    well = np.flatnonzero(count[worst:last] <= usual)
    recovered = int(times[worst + well[0]]) if len(well) else None
    over = max(recovered if recovered is not None else until_us, fault.end_us)
    return {
        **fault.as_dict(),
        "silence_s": _silence(records, fault.start_us, over) / SECOND_US,
        "outstanding_peak": int(count[begin:last].max(initial=0)),
        "recovery_s": None if recovered is None else max(0, recovered - fault.end_us) / SECOND_US,
    }


def _silence(records: NDArray[np.void], start: int, end: int) -> int:
    """The longest time without an answer that has a part between two instants."""
    acks = np.sort(records["ended"][np.isin(records["outcome"], ANSWERED)])
    marks = np.concatenate([[0], acks, [max(end, int(acks[-1]) if len(acks) else 0)]])
    touches = (marks[1:] > start) & (marks[:-1] < end)
    return int(np.diff(marks)[touches].max(initial=0))


def slowest(effects: Sequence[dict[str, Any]], lasted_s: float) -> float | None:
    """The longest recovery of all faults; what never recovered counts until the end of the run."""
    times = [lasted_s - one["end_s"] if one["recovery_s"] is None else one["recovery_s"] for one in effects]
    return max(times, default=None)
