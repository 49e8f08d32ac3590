"""What is to be sent and when: the rows of a trace with their instants on the wall clock, and who sends them.

A schedule is a folder of two arrays and some facts. Workers map the arrays into memory, so that a hundred of them
share one copy; neither Polars nor its threads enter a process that forks.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loadtests.warp import Instants, Warp
from sim.doors import read_json
from sim.errors import UsageError

REMEDY = "write one with `python -m loadtests.planning`"
NEEDED = ("n", "due_us", "chain", "kind")
_MIX = tuple(np.uint64(x) for x in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def hash64(values: NDArray[Any]) -> NDArray[np.uint64]:
    """SplitMix64 (Steele, Lea and Flood 2014): neighbouring chains land on unrelated workers."""
    x = values.astype(np.uint64) + _MIX[0]
    x = (x ^ (x >> np.uint64(30))) * _MIX[1]
    x = (x ^ (x >> np.uint64(27))) * _MIX[2]
    mixed: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed


@dataclass(frozen=True)
class Schedule:
    """Rows of a trace, in time order, and due instants in wall-clock µs since t0.

    facts: `trace` (its name), `users`, `warp`, `kinds` (number → name), `phases` (name → [start, end) in wall µs).
    """

    rows: NDArray[np.void]
    due_us: Instants
    facts: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def last_due_us(self) -> int:
        """When the last event is due."""
        return int(self.due_us[-1])

    def share(self, worker: int, workers: int) -> NDArray[np.int64]:
        """Positions of the rows of one worker's chains, in time order. Every chain has exactly one worker."""
        mine = hash64(self.rows["chain"]) % np.uint64(workers) == worker
        return np.flatnonzero(mine).astype(np.int64)

    def kind_names(self) -> list[str]:
        """Name of every kind by its number."""
        named = {int(k): v for k, v in self.facts.get("kinds", {}).items()}
        return [named.get(k, str(k)) for k in range(256)]

    def reader(self) -> Callable[[int], Any]:
        """A function from a position to its row, a named tuple of plain numbers."""
        row = namedtuple("Row", self.rows.dtype.names or ())  # type: ignore[misc]
        rows, make = self.rows, row._make
        return lambda position: make(rows[position].item())

    def write(self, folder: Path) -> None:
        """Write it into a folder, from where `read_schedule` maps it."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "rows.npy", self.rows)
        np.save(folder / "due_us.npy", self.due_us)
        (folder / "facts.json").write_text(json.dumps(self.facts, ensure_ascii=False, indent=2) + "\n")


def read_schedule(folder: Path) -> Schedule:
    """A schedule mapped into memory. Raises UsageError if the folder holds none."""
    try:
        rows = np.load(folder / "rows.npy", mmap_mode="r")
        due = np.load(folder / "due_us.npy", mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise UsageError(f"{folder}: holds no schedule ({error}); {REMEDY}") from None
    facts = read_json(folder / "facts.json")
    if not isinstance(facts, dict) or rows.dtype.names is None or rows.shape != due.shape or not len(due):
        raise UsageError(f"{folder}: holds no schedule that is whole; {REMEDY}")
    return Schedule(rows, due, facts)


def schedule_of(rows: NDArray[np.void], warp: Warp, facts: dict[str, Any] | None = None) -> Schedule:
    """The schedule of a trace under a warp. Raises UsageError if a needed column is missing."""
    missing = [name for name in NEEDED if name not in (rows.dtype.names or ())]
    if missing:
        raise UsageError(f"the trace has no column {', '.join(missing)}; write it again")
    due = warp.wall_us(rows["due_us"].astype(np.int64))
    return Schedule(rows, due, {**(facts or {}), "warp": warp.as_dict()})
