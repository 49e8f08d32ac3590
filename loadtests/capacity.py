"""How much a ledger holds: the rate doubles until a probe misses its thresholds, then the bracket is halved.

Every probe plays the beginning of the same slice, evenly spaced at its rate, against a fresh ledger. A probe that
the generator limited is no answer: the search ends and asks for workers. What is reported is a bracket, an outer
bound and not a rate to run at.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from loadtests.adapters import Ending
from loadtests.campaign import Against, Pace, load_campaign
from loadtests.fresh import fresh
from loadtests.harness import LoadResult
from loadtests.job import Job, job_of
from loadtests.nights import simulate
from loadtests.planned import LONGEST_S
from loadtests.sendlog import read_logs
from loadtests.slo import load_slo
from loadtests.usl import Usl, fit
from loadtests.verdict import AUDIT_FAILED, INVALID, MET
from loadtests.warp import check_positive
from sim.bounds import insist_on_time, spoken
from sim.children.folders import private_folder
from sim.doors import writable_folder
from sim.errors import Interrupted, InvariantError, UsageError
from sim.reporting.folders import PARTIAL, new_folder
from sim.reporting.manifest import to_json
from sim.reporting.unfinished import RunPlan
from sim.runs import insist_on_length
from sim.softly import warn
from sim.trace import Trace
from sim.tracing.window import span_of

CLOSE = 1.05  # the bracket's ends are that near to each other
REPEATS = 3  # of each end
MOST_PROBES = 24
MOST = MOST_PROBES + 2 * REPEATS
FEWEST = 10  # events of a probe
AROUND_S = 10.0  # roughly what a probe takes beside its load
US = 1_000_000
Bracket = tuple[float, float]


@dataclass(frozen=True)
class Search:
    """What is probed and how. Rates in events a second, durations in seconds."""

    plan: RunPlan
    job: Job
    against: Against = field(default_factory=Against)
    begins: str | None = None
    ends: str | None = None
    workers: int = 1
    start_rate: float = 500.0
    warmup_s: float = 5.0
    measure_s: float = 30.0
    longest_s: float = LONGEST_S

    @property
    def probe_s(self) -> float:
        """Roughly how long one probe takes: its load, and a ledger's start, audit and end."""
        return self.warmup_s + self.measure_s + AROUND_S


@dataclass(frozen=True)
class Probe:
    """One probe's outcome. `in_flight`: mean number of requests being served (Little: throughput × time)."""

    rate: float
    met: bool
    throughput: float
    in_flight: float
    p99_ms: float | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Capacity:
    """The bracket [holds, breaks), every probe, and the scalability law fitted to them.

    verdict: found; or interrupted or failed, with the reason: then the bracket is what the probes until then say.
    """

    verdict: str
    reason: str
    holds: float
    breaks: float
    repeats: dict[str, list[bool]]
    probes: tuple[Probe, ...]
    usl: Usl | None
    durability: str


def bracket(probe: Callable[[float], bool], start: float) -> tuple[float, float]:
    """The bracket of a monotone yes-or-no question: `probe(rate)` is True while the rate is held.

    Doubles (or halves) from `start` to a first bracket, then bisects it in ratio until it is close.
    """
    low, high = 0.0, 0.0
    rate = start
    for _ in range(MOST_PROBES):
        if probe(rate):
            low = rate
        else:
            high = rate
        if low and high:
            if high / low <= CLOSE:
                return low, high
            rate = (low * high) ** 0.5
        else:
            rate = rate * 2 if low else rate / 2
    return low, high


def check(search: Search) -> None:
    """Everything that can be wrong about a search is said before it is simulated. Raises UsageError."""
    job_of(search.job.as_dict())
    check_positive("--max-rate", search.job.max_rate)
    load_slo(search.job.slo)
    check_positive("--start-rate", search.start_rate)
    check_positive("--measure", search.measure_s)
    if not 0 <= search.warmup_s < math.inf:
        raise UsageError(f"--warmup {search.warmup_s:g}: must be a number of seconds, 0 or more")
    if search.start_rate > search.job.max_rate:
        raise UsageError(
            f"--start-rate {search.start_rate:g}: a target is asked for at most {search.job.max_rate:g} a second; "
            "give less, or a greater --max-rate"
        )
    if search.start_rate * search.measure_s < FEWEST:
        raise UsageError(
            f"--start-rate {search.start_rate:g} --measure {search.measure_s:g}: that is less than {FEWEST} events "
            "a probe, which tell nothing; give more of either"
        )
    span_of(search.plan.scenario, search.begins, search.ends)
    insist_on_time(
        f"{MOST} probes of {spoken(search.probe_s)}", MOST * search.probe_s, search.longest_s,
        "give less --warmup or --measure",
    )  # fmt: skip
    insist_on_length([search.plan], search.longest_s)
    if search.against.database:
        with fresh(search.against.database):  # whether it can be reached, and a ledger made there
            pass


def find_capacity(search: Search, out: Path, quiet: bool = False) -> dict[str, Any]:
    """Search, and keep `capacity.json` in a folder of results; a search that ends early keeps its probes.

    Raises UsageError when workers are the limit, InvariantError when a ledger is wrong, Interrupted.
    """
    check(search)
    writable_folder(out)
    said: Callable[[str], None] = (lambda _: None) if quiet else _say
    said(planned(search))
    trace = simulate(search.plan, search.begins, search.ends, quiet)
    prober = Prober(search, trace, said)
    try:
        prober.search_and_repeat()
    except (KeyboardInterrupt, Interrupted):
        if not prober.probes:
            raise Interrupted("stopped before the first probe had ended; nothing is kept") from None
        raise Interrupted(f"stopped; {_keep_probes(prober, out, 'interrupted')}") from None
    except BaseException as stopped:
        if prober.probes:
            warn(_keep_probes(prober, out, "failed", str(stopped)))
        raise
    return _kept(prober, out, "found")


def planned(search: Search) -> str:
    """What a search comes to, said before it."""
    first = round(search.start_rate * (search.warmup_s + search.measure_s))
    return (
        f"planned: at most {MOST} probes of {spoken(search.probe_s)}, {spoken(MOST * search.probe_s)} in all; "
        f"the first sends {first:,} events"
    )


def _keep_probes(prober: Prober, out: Path, verdict: str, reason: str = "") -> str:
    """Keep what a search that ended early has found; the words that say where."""
    return f"{len(prober.probes)} probes are kept in {_kept(prober, out, verdict, reason)['folder']}"


def _kept(prober: Prober, out: Path, verdict: str, reason: str = "") -> dict[str, Any]:
    """Write `capacity.json` whole, then give its folder its name; the report."""
    search, trace = prober.search, prober.trace
    report = {**asdict(prober.found(verdict, reason)), "trace": trace.sha256, **_settings(search)}
    partial, _ = new_folder(out / search.plan.name, f"{trace.sha256[:8]}-capacity")
    (partial / "capacity.json").write_text(to_json(report), encoding="utf-8")
    whole = partial.with_name(partial.name.removesuffix(PARTIAL))
    partial.rename(whole)
    return {**report, "folder": str(whole)}


def _settings(search: Search) -> dict[str, Any]:
    return {
        "slo": search.job.slo,
        "workers": search.workers,
        "warmup_s": search.warmup_s,
        "measure_s": search.measure_s,
    }


class Prober:
    """Plays probes and remembers them."""

    def __init__(self, search: Search, trace: Trace, said: Callable[[str], None]) -> None:
        self.search, self.trace, self.said = search, trace, said
        self.probes: list[Probe] = []
        self.ends = {"holds": 0.0, "breaks": 0.0}
        self.repeats: dict[str, list[bool]] = {}
        self.durability = ""

    def search_and_repeat(self) -> None:
        """Find the bracket, then probe both ends again."""
        bracket(self._narrows, self.search.start_rate)
        for name, rate in self.ends.items():
            for _ in range(REPEATS if rate else 0):
                self.repeats.setdefault(name, []).append(self.holds(rate))

    def found(self, verdict: str, reason: str = "") -> Capacity:
        """What the probes so far say."""
        law = fit([(p.in_flight, p.throughput) for p in self.probes])
        return Capacity(verdict, reason, **self.ends, repeats=self.repeats, probes=tuple(self.probes), usl=law,
                        durability=self.durability)  # fmt: skip

    def _narrows(self, rate: float) -> bool:
        met = self.holds(rate)
        self.ends["holds" if met else "breaks"] = rate
        return met

    def holds(self, rate: float) -> bool:
        """Whether a fresh ledger meets its thresholds at this rate."""
        probe = self._probe(rate)
        self.probes.append(probe)
        p99 = "–" if probe.p99_ms is None else f"{probe.p99_ms:,.1f} ms"
        self.said(
            f"probe {len(self.probes)}: {rate:,.0f}/s {'met' if probe.met else 'missed'}, intended p99 {p99}"
        )
        return probe.met

    def _probe(self, rate: float) -> Probe:
        search = self.search
        count = round(rate * (search.warmup_s + search.measure_s))
        if count > len(self.trace):
            raise UsageError(
                f"a probe at {rate:,.0f}/s needs {count:,} events and the slice has {len(self.trace):,}; "
                "take a longer slice or more users"
            )
        job = replace(search.job, run=f"probe-{len(self.probes)}", warmup_s=search.warmup_s)
        with private_folder("probe") as folder, fresh(search.against.database) as database:
            against = replace(search.against, database=database)
            part = beginning(self.trace, count)
            result = load_campaign(part, folder, job, Pace(even_rate=rate), against, workers=search.workers)
            return self._judged(rate, result, folder)

    def _judged(self, rate: float, result: LoadResult, folder: Path) -> Probe:
        report, reasons = result.report, tuple(result.report["reasons"])
        if result.exit_code == AUDIT_FAILED:
            raise InvariantError(f"at {rate:,.0f}/s the ledger was wrong:\n" + "\n".join(reasons))
        if result.exit_code == INVALID:
            raise UsageError(
                f"at {rate:,.0f}/s the generator was the limit; add workers:\n" + "\n".join(reasons)
            )
        self.durability = report.get("durability", "")
        throughput, in_flight = littles_law(folder, self.search.warmup_s)
        met = result.exit_code == MET
        return Probe(rate, met, throughput, in_flight, report["intended_ms"]["p99"], reasons)


def beginning(trace: Trace, count: int) -> Trace:
    """The first rows of a trace. The simulation's closing books are those of the whole, so they are not compared."""
    columns = {name: values[:count] for name, values in trace.columns.items()}
    return replace(trace, columns=columns, facts={**trace.facts, "cut": count})


def littles_law(folder: Path, warmup_s: float) -> tuple[float, float]:
    """Throughput (events a second) and mean number in service, after the warm-up."""
    records, _ = read_logs(folder)
    done = records[(records["ended"] > warmup_s * US) & (records["outcome"] != Ending.OPEN)]
    if not len(done):
        return 0.0, 0.0
    lasted_s = (int(done["ended"].max()) - warmup_s * US) / US
    throughput = len(done) / lasted_s
    return throughput, throughput * float(np.mean(done["ended"] - done["started"])) / US


def told(found: dict[str, Any]) -> list[str]:
    """The result in words."""
    bracket_text = f"holds {found['holds']:,.0f}/s, breaks at {found['breaks']:,.0f}/s"
    again = ", ".join(f"{name} {sum(votes)} of {len(votes)} met" for name, votes in found["repeats"].items())
    lines = [f"{bracket_text} ({found['durability']}; thresholds: {found['slo']})", f"repeats: {again}"]
    law = found["usl"]
    if law is None:
        lines.append("no scalability law: it needs six probes and coefficients that are not negative")
    else:
        lines.append(
            f"scalability law (extrapolation beyond the probes): λ {law['rate']:,.0f}/s, σ {law['contention']:.4f}, "
            f"κ {law['coherency']:.6f}; best at {law['best_in_flight']:,.0f} in flight"
        )
    return [*lines, f"{found['folder']}: capacity.json"]


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
