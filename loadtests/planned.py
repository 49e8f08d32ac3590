"""What a load comes to, said before anything long is begun: events, time, room; and a bound on each."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from loadtests.sendlog import RECORD
from loadtests.warp import Warp
from sim.bounds import LONGEST, insist_on_disk, insist_on_memory, insist_on_time, seconds_of, sized, spoken
from sim.trace import ROW

LONGEST_S = seconds_of(LONGEST)
DUE_BYTES = 8
SCHEDULED_BYTES = ROW.itemsize + DUE_BYTES
DISK_BYTES = ROW.itemsize + SCHEDULED_BYTES + RECORD.itemsize  # of an event: trace, schedule, send log
MEMORY_BYTES = 3 * (SCHEDULED_BYTES + RECORD.itemsize)  # while the report is made, sorted copies and all
WORKER_BYTES = 80 << 20
FASTER = "raise --floor-rate, --peak-rate or --speed, or take a shorter slice with --from and --until"
SMALLER = "take fewer --users, a shorter slice with --from and --until, or fewer --workers"


class Planned(NamedTuple):
    """A load before it is begun."""

    events: int
    lasts_s: float
    disk_bytes: int
    memory_bytes: int

    @classmethod
    def of(cls, events: int, warp: Warp, workers: int) -> Planned:
        """What a trace of so many events comes to under a warp."""
        memory = events * MEMORY_BYTES + workers * WORKER_BYTES
        return cls(events, warp.lasts_s, events * DISK_BYTES, memory)

    def insist(self, folder: Path, longest_s: float) -> None:
        """Raises UsageError for a load that takes too long or does not fit."""
        what = f"the load of {self.events:,} events"
        insist_on_time(what, self.lasts_s, longest_s, FASTER)
        insist_on_memory(what, self.memory_bytes, SMALLER)
        insist_on_disk(what, self.disk_bytes, folder, SMALLER)

    def as_dict(self) -> dict[str, Any]:
        """For the report."""
        return {"events": self.events, "lasts_s": self.lasts_s, "disk_bytes": self.disk_bytes}

    def __str__(self) -> str:
        room = f"{sized(self.disk_bytes)} for trace, schedule and send logs"
        return f"planned: {self.events:,} events in {spoken(self.lasts_s)}; at most {room}"
