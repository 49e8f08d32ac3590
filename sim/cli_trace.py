"""`beanpeak trace`: a campaign's requests as files. Registered by `sim.cli`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.bounds import LONGEST, MOST_WORKERS, seconds_of

if TYPE_CHECKING:
    from sim.engine.outcome import Outcome
    from sim.trace import Trace


def register(app: typer.Typer) -> None:
    """Add the commands of this page to the command line."""
    app.command(epilog="Example:  beanpeak trace double11_2018 --users 20000 --from fine2")(trace)


def trace(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="Name or path.")],
    users: Annotated[int | None, typer.Option(min=1, help="Users, instead of the scenario's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed, instead of the scenario's.")] = None,
    design: Annotated[str, typer.Option(help="One of the scenario's designs.")] = "base",
    begins: Annotated[
        str | None,
        typer.Option("--from", metavar="WHEN", help="Start of a slice: 2018-11-10T22:00, '36 h' or fine2."),
    ] = None,
    ends: Annotated[
        str | None,
        typer.Option("--until", metavar="WHEN", help="End of a slice; the campaign's if not given."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the trace.", metavar="DIR")] = Path("trace"),
    workers: Annotated[
        int, typer.Option(min=1, max=MOST_WORKERS, help="Threads; they do not change results.")
    ] = 2,
    longest: Annotated[
        str, typer.Option("--longest", metavar="TIME", help="What would take longer is refused, as '30 h'.")
    ] = LONGEST,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Write a campaign's requests as a trace, for a load test.

    Of a whole campaign also the simulation's manifest, which names the trace. The same scenario, users, seed and
    slice give the same trace, with the same SHA-256.
    """
    from sim.doors import writable_folder
    from sim.reporting.progress import shown
    from sim.runs import insist_on_length, plan_run
    from sim.stopping import asked_to_stop
    from sim.trace import write_trace
    from sim.tracing.generate import trace_campaign, trace_slice
    from sim.tracing.window import span_of

    plan = plan_run(scenario, design, users=users, seed=seed)
    span = span_of(plan.scenario, begins, ends)
    insist_on_length([plan], seconds_of(longest))
    writable_folder(out)
    started, outcome = _now(), None
    with asked_to_stop() as stop, shown(plan.name, quiet=json) as watch:
        told: dict[str, Any] = {"workers": workers, "progress": watch, "stop": stop}
        if begins is None and ends is None:
            made, outcome = trace_campaign(plan.scenario, plan.name, design, **told)
        else:
            made = trace_slice(plan.scenario, plan.name, span, design, **told)
    write_trace(out, made)
    if outcome is not None:
        _write_manifest(out, plan.name, outcome, started)
    _tell(made, out, json)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def _write_manifest(folder: Path, name: str, outcome: Outcome, started: str) -> None:
    """The manifest of the simulation that made a whole campaign's trace, with the trace's SHA-256 in it."""
    from sim.doors import written_whole
    from sim.reporting.decoration import note_commit
    from sim.reporting.manifest import build_manifest, to_json

    manifest = build_manifest(name, outcome.scenario, (outcome,), started, _now())
    with written_whole(folder / "manifest.json") as file:
        file.write_text(to_json(manifest), encoding="utf-8")
    note_commit(folder)


def _tell(made: Trace, folder: Path, json: bool) -> None:
    """Rows, requests by kind and the trace's name."""
    from sim.reporting.manifest import to_json

    told = as_dict(made, folder)
    if json:
        print(to_json(told), end="")
        return
    print(f"{folder}: {len(made):,} requests, sha256 {made.sha256}")
    print(f"before them {told['openings']:,} opening balances and {told['prepare']:,} requests")
    for kind, count in told["kinds"].items():
        print(f"{kind:>18}  {count:>12,}")


def as_dict(made: Trace, folder: Path) -> dict[str, Any]:
    """What `--json` prints: facts, counts, and requests by kind, the most frequent first."""
    import numpy as np

    from sim.bookkeeping import Kind

    counts = np.bincount(made.columns["kind"], minlength=256)
    kinds = sorted(np.flatnonzero(counts).tolist(), key=lambda kind: (-counts[kind], kind))
    return {
        "folder": str(folder),
        "requests": len(made),
        "depends": int(np.count_nonzero(made.columns["expected"])),
        "openings": made.openings.height,
        "prepare": len(made.prepare["n"]),
        "kinds": {Kind(kind).name: int(counts[kind]) for kind in kinds},
        **made.facts,
    }
