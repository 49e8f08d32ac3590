"""From a scenario to a verdict: simulate, trace, serve a ledger, prepare, play, audit, report.

The campaign is simulated up to the end of the slice; its requests become the trace; a fresh embedded ledger
gets the balances with which the slice begins; Locust plays the trace; the audit holds the ledger against the
simulation's books. Tokens and the ledger itself live in a temporary folder and are in no result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from loadtests.adapters import Target, load_adapter
from loadtests.auditing.audit import audit
from loadtests.auditing.evidence import Evidence
from loadtests.auditing.export import Pages, pages_of_adapter
from loadtests.embedded import fresh_ledger, kept_in
from loadtests.faults import Fault
from loadtests.harness import Found, LoadResult, LoadRun, run_load
from loadtests.job import Job
from loadtests.planned import LONGEST_S, Planned
from loadtests.warp import Instants, Warp, check_pace, even_warp, make_warp
from sim.bookkeeping import Kind
from sim.children.folders import private_folder
from sim.errors import UsageError
from sim.reporting.manifest import to_json
from sim.softly import softly
from sim.trace import Trace, write_trace
from sim.wire import Wire

REFERENCE = "loadtests.targets.reference:Reference"
PEAK_US = 600_000_000  # the busiest ten minutes of a slice are its peak
LEAST_RATE = 50.0  # events a second
MOST_RATE = 20_000.0
SHORT_S = 15.0  # without a rate or speed, a load is made to last about so long

Said = Callable[[str], None]


@dataclass(frozen=True)
class Pace:
    """How fast a trace is played: `--peak-rate` or `--speed`, and `--floor-rate`; or evenly at one rate."""

    peak_rate: float | None = None
    speed: float | None = None
    floor_rate: float | None = None
    even_rate: float | None = None

    def check(self, most: float = MOST_RATE) -> None:
        """Raises UsageError for a pace that is none, before anything is simulated."""
        check_pace(self.peak_rate, self.speed, self.floor_rate)
        if self.peak_rate is not None and self.peak_rate > most:
            raise UsageError(
                f"--peak-rate {self.peak_rate:g}: a target is asked for at most {most:g} a second; "
                "give less, or a greater --max-rate"
            )

    def warp(self, due_us: Instants, peak: tuple[int, int]) -> Warp:
        """The warp of this pace; without any, the slowest that sends all in about fifteen seconds."""
        if self.even_rate is not None:
            return even_warp(due_us, self.even_rate)
        if self.peak_rate is not None or self.speed is not None:
            return make_warp(
                due_us, [peak], peak_rate=self.peak_rate, speed=self.speed, floor_rate=self.floor_rate
            )
        rate = max(len(due_us) / SHORT_S, LEAST_RATE)
        while True:
            warp = make_warp(due_us, [peak], peak_rate=rate, floor_rate=self.floor_rate or rate)
            if warp.lasts_s <= SHORT_S or rate > MOST_RATE:
                return warp
            rate *= 1.2


@dataclass(frozen=True)
class Against:
    """The ledger that is loaded. Without a host one is started, empty: `database` "" is a file of SQLite."""

    host: str = ""
    adapter: str = REFERENCE
    options: dict[str, str] = field(default_factory=dict)
    database: str = ""
    relaxed: bool = False


def load_campaign(
    trace: Trace,
    folder: Path,
    job: Job,
    pace: Pace,
    against: Against,
    *,
    workers: int = 1,
    faults: Sequence[Fault] = (),
    said: Said = lambda _: None,
    longest_s: float = LONGEST_S,
) -> LoadResult:
    """Play a trace and judge it; everything the run leaves is in `folder`. Raises UsageError, Interrupted."""
    due_us = trace.columns["due_us"].astype(np.int64)
    peak = busiest(due_us)
    warp = pace.warp(due_us, peak)
    planned = Planned.of(len(trace), warp, workers)
    planned.insist(folder, longest_s)
    said(str(planned))
    write_trace(folder / "trace", trace)
    with private_folder("ledger") as place:
        ledger = Ledger(place, trace, job.run, against, said)
        run = LoadRun(
            folder,
            trace.rows,
            {**ledger.facts, "planned": planned.as_dict()},
            replace(job, host=against.host or job.host, adapter=against.adapter, options=ledger.options),
            workers,
            phases={"peak": peak},
            warp=warp,
            serve=ledger.command,
            faults=faults,
            prepare=ledger.prepare,
            audit=ledger.audit,
        )
        return run_load(run)


def busiest(due_us: Instants, length_us: int = PEAK_US) -> tuple[int, int]:
    """The span of that length with the most events, campaign µs; all of a shorter trace. Raises UsageError."""
    if not len(due_us):
        raise UsageError("the trace holds no event; there is nothing to send")
    first, last = int(due_us[0]), int(due_us[-1]) + 1
    if last - first <= length_us:
        return first, last
    ends = np.searchsorted(due_us, due_us + length_us, side="left")
    start = int(due_us[int(np.argmax(ends - np.arange(len(due_us))))])
    return start, min(start + length_us, last)


class Ledger:
    """One run's ledger: the command that serves it, what is prepared in it, how it is audited."""

    def __init__(self, place: Path, trace: Trace, run: str, against: Against, said: Said) -> None:
        self.trace, self.run, self.against, self.said = trace, run, against, said
        self.options = {
            "start_us": str(trace.facts["start_us"]),
            "place": str(place),
            "namespace": f"{run}-" if against.host else "",
            **against.options,
        }
        self.command: list[str] = []
        self.durability = "as the ledger at --host keeps it"
        if not against.host:
            self.command = fresh_ledger(place, against.database, against.relaxed)
            self.durability = kept_in(against.database, against.relaxed)

    @property
    def facts(self) -> dict[str, Any]:
        """What the report says of this load."""
        told = {name: self.trace.facts[name] for name in ("users", "scenario", "design", "seed")}
        kinds = {int(kind): kind.name for kind in Kind}
        return {**told, "trace": self.trace.sha256, "kinds": kinds, "durability": self.durability}

    def adapter(self, host: str) -> Any:
        """The adapter, for what is done outside the load itself."""
        return load_adapter(self.against.adapter, Target(host, self.run, self.options))

    def prepare(self, host: str) -> dict[str, str]:
        """Let the adapter make ready: keys, balances, open documents."""
        count = len(self.trace.openings) + len(self.trace.prepare["n"])
        self.said(f"preparing: {count:,} balances and open documents")
        make_ready = getattr(self.adapter(host), "prepare", None)
        if make_ready is not None:
            make_ready(self.trace)
        self.said("playing")
        return {}

    def audit(self, folder: Path, host: str) -> Found:
        """The audit's word and what it found; all of it stands in `audit.json`."""
        self.said("auditing")
        wire = Wire(self.run, int(self.options["start_us"]), namespace=self.options["namespace"])
        evidence = Evidence.of_run(self.trace, wire, folder)
        if "cut" in self.trace.facts:
            evidence = replace(evidence, closing=None)
        adapter = self.adapter(host)
        verdict = audit(evidence, _pages(adapter))
        (folder / "audit.json").write_text(to_json(verdict.as_dict()), encoding="utf-8")
        if hasattr(adapter, "cleanup"):
            with softly("the adapter's cleanup()"):
                adapter.cleanup()
        return verdict.status, verdict.reasons


def _pages(adapter: Any) -> Pages | None:
    """The journal: as the adapter's export has it, or as its audit() tells it; None if it tells nothing."""
    if hasattr(adapter, "pages"):
        pages: Pages = adapter.pages()
        return pages
    return pages_of_adapter(adapter.audit() if hasattr(adapter, "audit") else None)
