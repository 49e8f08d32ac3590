"""What one replication hands over: rows and verdicts, no engine inside.

Reporting, experiments and notebooks know a run only as an `Outcome`. Tables are polars frames whose
columns are listed in `docs/metrics.md`; a table is absent when its system is off.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from sim.checks import Check as Check
from sim.observation.words import Published, ReportLine

if TYPE_CHECKING:
    import polars as pl

    from sim.scenario import Scenario


class Audit(TypedDict):
    """The verdict on the books; `balanced` is true only if every check passed."""

    balanced: bool
    checks: list[Check]


@dataclass(frozen=True)
class Progress:
    """How far a replication has come: simulated microseconds done and in all, and actions so far."""

    done_us: int
    total_us: int
    actions: int

    @property
    def share(self) -> float:
        """Share of the simulated time that is done, in [0, 1]."""
        return min(1.0, self.done_us / self.total_us) if self.total_us > 0 else 0.0


@dataclass(frozen=True, repr=False)
class Outcome:
    """One seeded replication of one design.

    metrics: frame (time i64 µs since scenario start, end of the period; metric str; group str, "" = all;
    value f64). digest: hex of "state", "books" and "actions". stats: numbers about the run itself
    (actions, wall_s, …); they differ between machines and are not part of the digest. trace: SHA-256 of the
    trace that was written with the run, "" = none. parameters: values of the behaviour rules that were put in
    place of the shipped ones.
    """

    scenario: Scenario
    design: str
    replication: int
    metrics: pl.DataFrame
    tables: dict[str, pl.DataFrame]
    digest: dict[str, str]
    audit: Audit
    published: list[Published] = field(default_factory=list)
    report: list[ReportLine] = field(default_factory=list)
    stats: dict[str, float] = field(default_factory=dict)
    trace: str = ""
    parameters: dict[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        books = "balanced" if self.audit["balanced"] else "NOT balanced"
        state = self.digest["state"][:8]
        return (
            f"Outcome(design {self.design!r}, replication {self.replication}, books {books}, state {state})"
        )
