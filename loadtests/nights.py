"""A night of load from end to end, in a folder of results of its own: simulate, play, audit, draw, summarise.

<out>/<scenario>/<UTC>-<first 8 of the trace's SHA-256>-load/
    load.json · audit.json · scenario.toml · trace/ · seconds.parquet · *.hgrm · figures/ · summary.md
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from loadtests.adapters import find_adapter
from loadtests.campaign import REFERENCE, Against, Pace, load_campaign
from loadtests.faults import SECOND_US, Fault, load_faults
from loadtests.finished import decorate_softly
from loadtests.harness import LoadResult, clear
from loadtests.hosts import address_of, checked_host, insist_on_listener
from loadtests.job import Job, job_of
from loadtests.planned import LONGEST_S
from loadtests.report import REPORT
from loadtests.slo import load_slo
from loadtests.targets.reference import TOKEN
from loadtests.warp import check_positive
from sim.bookkeeping import CHART
from sim.doors import writable_folder
from sim.errors import Interrupted, UsageError
from sim.ledger.opening import insist_on_new
from sim.loading import resolved_toml
from sim.reporting.folders import PARTIAL, new_folder
from sim.reporting.unfinished import RunPlan
from sim.runs import insist_on_length
from sim.trace import Trace
from sim.tracing.window import span_of


@dataclass(frozen=True)
class Night:
    """What to simulate, which slice of it to send, how fast, against what."""

    plan: RunPlan
    job: Job = field(default_factory=Job)
    pace: Pace = field(default_factory=Pace)
    against: Against = field(default_factory=Against)
    begins: str | None = None
    ends: str | None = None
    workers: int = 1
    faults: Path | None = None
    figures: bool = True
    longest_s: float = LONGEST_S


def load_night(night: Night, out: Path, quiet: bool = False) -> LoadResult:
    """Do it; the folder is whole and has its name, and is not decorated yet (`loadtests.finished`).

    Raises UsageError before anything is written; Interrupted with the report kept and named.
    """
    faults = check(night)
    writable_folder(out)
    trace = simulate(night.plan, night.begins, night.ends, quiet)
    partial, _ = new_folder(out / night.plan.name, f"{trace.sha256[:8]}-load")
    job = replace(night.job, run=f"r{secrets.token_hex(4)}")
    (partial / "scenario.toml").write_text(resolved_toml(night.plan.scenario), encoding="utf-8")
    try:
        result = load_campaign(
            trace, partial, job, night.pace, night.against, workers=night.workers, faults=faults,
            said=(lambda _: None) if quiet else _say, longest_s=night.longest_s,
        )  # fmt: skip
    except BaseException as stopped:
        whole = _keep(partial) if (partial / REPORT).exists() else None
        if whole is None:
            shutil.rmtree(partial)
        if not isinstance(stopped, Interrupted | KeyboardInterrupt):
            raise
        if whole is None:
            raise Interrupted("stopped; nothing was measured, and nothing is kept") from None
        decorate_softly(whole, night.figures)
        raise Interrupted(f"stopped; what was measured is in {whole}") from None
    return LoadResult(_keep(partial), result.report)


def _keep(partial: Path) -> Path:
    """What was measured becomes a folder of results; what only the report and the audit needed goes."""
    whole = partial.with_name(partial.name.removesuffix(PARTIAL))
    partial.rename(whole)
    clear(whole)
    return whole


def check(night: Night) -> tuple[Fault, ...]:
    """Everything that can be wrong about a night is said before it is simulated; its faults. Raises UsageError."""
    job_of(night.job.as_dict())
    check_positive("--max-rate", night.job.max_rate)
    load_slo(night.job.slo)
    night.pace.check(night.job.max_rate)
    find_adapter(night.against.adapter)
    span = span_of(night.plan.scenario, night.begins, night.ends)
    faults: tuple[Fault, ...] = ()
    if night.faults:
        if night.against.host:
            raise UsageError("--faults: are only done to the embedded ledger; leave out --host")
        faults = load_faults(night.faults, start_us(night.plan))
        _within(faults, span, night.faults)
    insist_on_length([night.plan], night.longest_s)
    check_target(night.against)
    return faults


def _within(faults: Sequence[Fault], span: tuple[int, int], file: Path) -> None:
    """Raises UsageError for a fault outside the slice: it would never be done."""
    for fault in faults:
        at_s = fault.at_us / SECOND_US
        if not span[0] <= at_s < span[1]:
            raise UsageError(
                f"{file}: {fault.deed} at {at_s:g} s: the slice runs from {span[0]:,} to {span[1]:,} s of "
                "campaign time; choose an instant in it"
            )


def check_target(against: Against) -> None:
    """Raises UsageError if nobody listens at the host, or no new ledger can be made where one is asked for."""
    if against.host:
        insist_on_listener(checked_host(against.host, (address_of(against.host)[0],)))
        if against.adapter == REFERENCE and not os.environ.get(TOKEN):
            raise UsageError(
                f"--host: set {TOKEN} to an administrator's token of that ledger; the run makes its keys"
            )
        if against.database:
            raise UsageError("--db: is for the embedded ledger; leave out --host, or --db")
    elif against.database:
        insist_on_new(against.database, CHART)


def start_us(plan: RunPlan) -> int:
    """The campaign's start, µs of the Unix epoch."""
    return round(plan.scenario.scenario.start.timestamp()) * 1_000_000


def simulate(plan: RunPlan, begins: str | None, ends: str | None, quiet: bool) -> Trace:
    """Play the campaign up to the end of the slice; its requests."""
    from sim.reporting.progress import shown
    from sim.stopping import asked_to_stop
    from sim.tracing.generate import trace_slice

    span = span_of(plan.scenario, begins, ends)
    with asked_to_stop() as stop, shown(plan.name, quiet=quiet) as watch:
        return trace_slice(plan.scenario, plan.name, span, plan.design, progress=watch, stop=stop)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
