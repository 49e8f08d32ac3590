"""The master's side of a run: who takes part, what they reported, when it is over, and what it was worth.

Knows no Locust: `locustfile.py` hands it messages and the runner's list of workers.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from loadtests.latency import Merged

SILENT_S = 20.0  # after everything should have ended, so long is waited for a worker's last word


class Collector:
    """What the workers of one run said."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.live = Merged()  # for the eye only: what has been reported on the way
        self.done: dict[int, dict[str, Any]] = {}
        self.reasons: list[str] = []  # why the run is invalid
        self.t0 = 0.0

    def start(self, lead_s: float) -> float:
        """Fix the instant from which all dues count."""
        self.t0 = time.time() + lead_s
        return self.t0

    def report(self, parts: Mapping[str, bytes]) -> None:
        """What a worker measured since its last report."""
        self.live.add(parts)

    def finish(self, said: dict[str, Any]) -> None:
        """A worker's last word."""
        self.done[int(said["worker"])] = said
        if said.get("failure"):
            self.reasons.append(f"worker {said['worker']} failed: {said['failure']}")

    def invalid(self, reason: str) -> None:
        """The run says nothing about the target, and why."""
        if reason not in self.reasons:
            self.reasons.append(reason)

    @property
    def complete(self) -> bool:
        """Whether every worker has said its last word."""
        return len(self.done) >= self.workers

    def whole(self) -> Merged:
        """Histograms of all workers: their final ones, or what is known of a run that lost one."""
        if not self.complete:
            return self.live
        merged = Merged()
        for said in self.done.values():
            merged.add(said["hdr"])
        return merged

    def counts(self) -> dict[str, int]:
        """Counts of all workers that finished, added."""
        return _added(said["counts"] for said in self.done.values())

    def errors(self) -> dict[str, int]:
        """Events without a clear answer, by scope."""
        return _added(said["errors"] for said in self.done.values())

    def cpu_s(self) -> list[float]:
        """User and system seconds of all workers."""
        return [sum(said["cpu_s"][k] for said in self.done.values()) for k in (0, 1)]


def _added(parts: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, value in part.items():
            total[name] = total.get(name, 0) + value
    return total
