"""A night of load from end to end, in a folder of results of its own: simulate, play, audit, draw, summarise.

<out>/<scenario>/<UTC>-<first 8 of the trace's SHA-256>-load/
    load.json · audit.json · scenario.toml · trace/ · seconds.parquet · *.hgrm · figures/ · summary.md
"""

from __future__ import annotations

import json
import secrets
import shutil
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from loadtests.adapters import find_adapter
from loadtests.campaign import Against, Pace, load_campaign
from loadtests.faults import load_faults
from loadtests.figures import draw_load
from loadtests.harness import LoadResult, clear
from loadtests.job import Job, job_of
from loadtests.report import REPORT, headline
from loadtests.slo import load_slo
from sim.errors import Interrupted, UsageError
from sim.loading import resolved_toml
from sim.reporting.folders import PARTIAL, new_folder
from sim.reporting.unfinished import RunPlan
from sim.trace import Trace


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


def load_night(night: Night, out: Path, quiet: bool = False) -> LoadResult:
    """Do it. Raises UsageError before anything is written; Interrupted with the report kept."""
    check(night)
    faults = load_faults(night.faults, start_us(night.plan)) if night.faults else ()
    trace = simulate(night.plan, night.begins, night.ends, quiet)
    partial, _ = new_folder(out / night.plan.name, f"{trace.sha256[:8]}-load")
    job = replace(night.job, run=f"r{secrets.token_hex(4)}")
    (partial / "scenario.toml").write_text(resolved_toml(night.plan.scenario), encoding="utf-8")
    whole = partial.with_name(partial.name.removesuffix(PARTIAL))
    try:
        result = load_campaign(
            trace, partial, job, night.pace, night.against,
            workers=night.workers, faults=faults, said=(lambda _: None) if quiet else _say,
        )  # fmt: skip
    except BaseException as stopped:
        kept = (partial / REPORT).exists()
        if kept:
            _keep(partial, whole, night.figures)
        else:
            shutil.rmtree(partial)
        if not isinstance(stopped, Interrupted | KeyboardInterrupt):
            raise
        what = f"what was measured is in {whole}" if kept else "nothing was measured, and nothing is kept"
        raise Interrupted(f"stopped; {what}") from None
    _keep(partial, whole, night.figures)
    return LoadResult(whole, result.report)


def _keep(partial: Path, whole: Path, figures: bool) -> None:
    """What was measured becomes a folder of results."""
    decorate(partial, figures)
    partial.rename(whole)


def check(night: Night) -> None:
    """Everything that can be wrong about a night is said before it is simulated. Raises UsageError."""
    job_of(night.job.as_dict())
    load_slo(night.job.slo)
    find_adapter(night.against.adapter)
    if night.faults and night.against.host:
        raise UsageError("--faults: are only done to the embedded ledger; leave out --host")


def start_us(plan: RunPlan) -> int:
    """The campaign's start, µs of the Unix epoch."""
    return round(plan.scenario.scenario.start.timestamp()) * 1_000_000


def simulate(plan: RunPlan, begins: str | None, ends: str | None, quiet: bool) -> Trace:
    """Play the campaign up to the end of the slice; its requests."""
    from sim.reporting.progress import shown
    from sim.stopping import asked_to_stop
    from sim.tracing.generate import trace_slice
    from sim.tracing.window import span_of

    span = span_of(plan.scenario, begins, ends)
    with shown(plan.name, 1, quiet=quiet) as watch, asked_to_stop() as stop:
        return trace_slice(plan.scenario, plan.name, span, plan.design, progress=watch(0), stop=stop)


def decorate(folder: Path, figures: bool) -> None:
    """Figures, if they are wanted and anything was sent, and a summary; what only the audit needed goes."""
    report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    pictures: list[Path] = []
    if figures and report["counts"]["sent"]:
        pictures = draw_load(folder, folder / "figures")
    shown = [f"![{name}](figures/{name}.png)" for name in dict.fromkeys(file.stem for file in pictures)]
    lines = ["# Load", "", "```", *headline(report), "```", "", *shown]
    (folder / "summary.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    clear(folder)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
