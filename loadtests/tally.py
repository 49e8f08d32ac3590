"""What became of the events of one worker, in whole numbers: by ending, and by window, kind and phase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loadtests.adapters import Ending, Outcome
from loadtests.latency import SECOND_US, Windows

ENDINGS = {
    Ending.ACCEPTED: "accepted",
    Ending.DUPLICATE: "duplicate",
    Ending.REJECTED: "rejected",
    Ending.RETRYABLE: "unavailable",
    Ending.UNKNOWN: "unknown",
}
GRACE_US = SECOND_US  # an answer within a second of its window's end is in time


class Tally:
    """Counts of one worker. `scopes`: measure, kind:…, phase:… → scheduled, errors, late."""

    def __init__(self, windows: Windows, due: NDArray[Any], kinds: NDArray[Any], names: list[str]) -> None:
        self.windows, self.names = windows, names
        self.scheduled = len(due)
        self.sent = self.shed = self.retries = self.last_ended = 0
        self.endings = dict.fromkeys(ENDINGS.values(), 0)
        self.scopes = _scheduled(windows, due, kinds, names)
        self._soonest = min([windows.measure_us[1], *(end for _, end in windows.phases.values())])

    def count(self, kind: int, due: int, ended: int, outcome: Outcome, attempts: int) -> None:
        """One event that was sent."""
        self.sent += 1
        self.retries += attempts - 1
        self.endings[ENDINGS[outcome.ending]] += 1
        self.last_ended = max(self.last_ended, ended)
        error = outcome.ending >= Ending.RETRYABLE
        if error or ended > self._soonest + GRACE_US:
            self._note(kind, due, ended, error)

    def _note(self, kind: int, due: int, ended: int, error: bool) -> None:
        window, phase = self.windows.of(due), self.windows.phase(due)
        ends = {}
        if window == "measure":
            ends = {
                "measure": self.windows.measure_us[1],
                f"kind:{self.names[kind]}": self.windows.measure_us[1],
            }
        if phase is not None:
            ends[f"phase:{phase}"] = self.windows.phases[phase][1]
        for scope, end in ends.items():
            if error:
                self.scopes[scope]["errors"] += 1
            elif ended > end + GRACE_US:
                self.scopes[scope]["late"] += 1

    def counts(self) -> dict[str, int]:
        """Every scheduled event once, and the retries beside them."""
        return {
            "scheduled": self.scheduled,
            "sent": self.sent,
            **self.endings,
            "shed": self.shed,
            "unsent": self.scheduled - self.sent - self.shed,
            "retries": self.retries,
        }


def _scheduled(
    windows: Windows, due: NDArray[Any], kinds: NDArray[Any], names: list[str]
) -> dict[str, dict[str, int]]:
    start, end = windows.measure_us
    inside = (due >= start) & (due < end)
    found = {"measure": int(inside.sum())}
    for kind, count in zip(*np.unique(kinds[inside], return_counts=True), strict=True):
        found[f"kind:{names[int(kind)]}"] = int(count)
    for phase, (first, last) in windows.phases.items():
        found[f"phase:{phase}"] = int(((due >= first) & (due < last)).sum())
    return {scope: {"scheduled": count, "errors": 0, "late": 0} for scope, count in found.items()}


def added(parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts of several workers, added name by name, however deep."""
    total: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            if isinstance(value, Mapping):
                total[name] = added([total.get(name, {}), value])
            else:
                total[name] = total.get(name, 0) + value
    return total
