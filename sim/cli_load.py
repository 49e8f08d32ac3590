"""`beanpeak load` and `beanpeak capacity`: a campaign's requests thrown at a ledger. Locust runs as a child."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from sim.bounds import LONGEST, MOST_WORKERS, seconds_of
from sim.errors import UsageError

if TYPE_CHECKING:
    from loadtests.harness import LoadResult

EXAMPLES = """
Examples:

  beanpeak load hello                                         a first load, in half a minute

  beanpeak load double11_2018 --from fine2 --peak-rate 2000   the night of the peak

  beanpeak load init-adapter mine.py                          an adapter for a system of your own

  beanpeak load hello --host http://127.0.0.1:9000 --adapter mine:Ledger

  beanpeak load report latest --lang zh --width 85mm          its figures and summary once more
"""
INVALID = 5
MAX_RATE = 20_000.0


class ScenarioFirst(TyperGroup):
    """`beanpeak load hello` is `beanpeak load run hello`."""

    default = "run"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Name the command that is left out."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [self.default, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=ScenarioFirst,
    help="Throw a campaign at a ledger, open loop, with an audit that decides: `beanpeak load SCENARIO`.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Scenario = Annotated[str, typer.Argument(metavar="SCENARIO", help="Name or path.")]
Users = Annotated[int | None, typer.Option(min=1, help="Users, instead of the scenario's.")]
Seed = Annotated[int | None, typer.Option(help="Seed, instead of the scenario's.")]
Design = Annotated[str, typer.Option(help="One of the scenario's designs.")]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="WHEN", help="Start of a slice: 2018-11-10T22:00, '36 h', fine2."),
]
Until = Annotated[str | None, typer.Option("--until", metavar="WHEN", help="End of a slice.")]
FloorRate = Annotated[
    float | None, typer.Option(help="Events a second outside the busiest ten minutes; a fifth if left out.")
]
Workers = Annotated[int, typer.Option("--workers", min=1, max=MOST_WORKERS, help="Processes that send.")]
Longest = Annotated[
    str, typer.Option("--longest", metavar="TIME", help="What would take longer is refused, as '30 h'.")
]
MaxRate = Annotated[float, typer.Option("--max-rate", help="Events a second that are asked for at most.")]
Slo = Annotated[str, typer.Option(help="default, relaxed, or a TOML file of thresholds.")]
Db = Annotated[
    str, typer.Option("--db", metavar="URL", help="postgresql://… for the embedded ledger; else SQLite.")
]
Relaxed = Annotated[bool, typer.Option("--relaxed", help="A power cut may take the last commits. Printed.")]
Out = Annotated[Path, typer.Option("--out", help="Folder of results.", metavar="DIR")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Adapter = Annotated[str, typer.Option(help="module:Class or file.py:Class of a system of your own.")]
Host = Annotated[str, typer.Option(help="A ledger that runs already, instead of an embedded one.")]
Own = Annotated[list[str] | None, typer.Option("--i-own", help="A host beyond this machine that is yours.")]


@app.command("run", epilog=EXAMPLES)
def run(
    scenario: Scenario,
    users: Users = None,
    seed: Seed = None,
    design: Design = "base",
    begins: From = None,
    ends: Until = None,
    peak_rate: Annotated[
        float | None, typer.Option(help="Events in the busiest second; time is warped to it.")
    ] = None,
    speed: Annotated[float | None, typer.Option(help="Campaign seconds a second, instead of a rate.")] = None,
    floor_rate: FloorRate = None,
    workers: Workers = 1,
    slo: Slo = "default",
    host: Host = "",
    i_own: Own = None,
    adapter: Adapter = "",
    db: Db = "",
    relaxed: Relaxed = False,
    faults: Annotated[
        Path | None,
        typer.Option(help="TOML file of faults, for the embedded ledger; docs/load.md shows one."),
    ] = None,
    figures: Annotated[bool, typer.Option(help="Draw them: PNG, SVG and PDF.")] = True,
    fail_on: Annotated[str, typer.Option(help="all; or audit: nothing else decides the exit code.")] = "all",
    longest: Longest = LONGEST,
    max_rate: MaxRate = MAX_RATE,
    out: Out = Path("results"),
    json: Json = False,
) -> None:
    """Simulate SCENARIO, send its requests at their instants, audit the ledger, judge.

    Exit codes: 0 met, 3 a threshold missed, 4 the audit failed, 5 the run says nothing. Ctrl-C leaves a report.
    """
    from loadtests.campaign import Against, Pace
    from loadtests.finished import decorate_softly
    from loadtests.job import Job
    from loadtests.nights import Night, load_night
    from sim.runs import plan_run

    if fail_on not in ("all", "audit"):
        raise UsageError(f"--fail-on {fail_on}: is all or audit")
    night = Night(
        plan_run(scenario, design, users=users, seed=seed),
        Job(slo=slo, i_own=tuple(i_own or ()), host=host or Job.host, max_rate=max_rate),
        Pace(peak_rate, speed, floor_rate),
        Against(host, adapter or Against.adapter, database=db, relaxed=relaxed),
        begins, ends, workers, faults, figures, seconds_of(longest),
    )  # fmt: skip
    result = load_night(night, out, quiet=json)
    _report(result, json)
    decorate_softly(result.folder, figures)
    if not json:
        print(f"{result.folder}: {_decorated(result.folder)}", flush=True)
    raise typer.Exit(_code(result, fail_on, json))


@app.command("report", epilog="Example:  beanpeak load report latest --format pdf --width 85mm --grey")
def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Folder, start of its name, scenario or latest.")],
    format: Annotated[str, typer.Option(help="png, svg or pdf, separated by commas.")] = "png,svg,pdf",
    width: Annotated[str, typer.Option(help="Width on paper: 85mm, 8.5cm, 3.3in.")] = "160mm",
    lang: Annotated[str, typer.Option(help="zh or en.")] = "en",
    grey: Annotated[bool, typer.Option("--grey", help="Shades of grey only.")] = False,
    out: Out = Path("results"),
) -> None:
    """Draw and summarise a finished load once more, in its own folder."""
    from loadtests.finished import decorate, find_load
    from sim.doors import writable_folder
    from sim.reporting.figures.look import Look, parse_lang, parse_width
    from sim.reporting.figures.registry import parse_formats

    look, formats = Look(parse_width(width), parse_lang(lang), grey), parse_formats(format)
    folder = writable_folder(find_load(run, out), "RUN")
    decorate(folder, look=look, formats=formats)
    print(f"{folder}: {_decorated(folder)}")


@app.command("init-adapter", epilog="Example:  beanpeak load init-adapter mine.py")
def init_adapter(file: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")]) -> None:
    """Write an adapter to begin with: it posts each event to `/events` of a ledger of your own; change it to fit."""
    from loadtests.starting import write_adapter

    write_adapter(file)
    print(
        f"{file}: written; change it to fit, then try `beanpeak load check-adapter {file}:Ledger --host http://127.0.0.1:9000`"
    )


@app.command(
    "check-adapter", epilog="Example:  beanpeak load check-adapter mine:Ledger --host http://127.0.0.1:9000"
)
def check_adapter(
    adapter: Annotated[str, typer.Argument(metavar="MODULE:CLASS", help="Or FILE.py:CLASS.")],
    host: Host = "",
    i_own: Own = None,
) -> None:
    """Send about fifty events (new, repeated, altered, overdrawn, malformed) and say what an adapter gets wrong."""
    from loadtests.adapter_check import check

    failed = check(adapter, host, tuple(i_own or ()))
    raise typer.Exit(1 if failed else 0)


def capacity(
    scenario: Scenario,
    users: Users = None,
    seed: Seed = None,
    design: Design = "base",
    begins: From = None,
    ends: Until = None,
    start_rate: Annotated[float, typer.Option(help="Events a second of the first probe.")] = 500.0,
    warmup: Annotated[float, typer.Option(help="Seconds of each probe that do not count.")] = 5.0,
    measure: Annotated[float, typer.Option(help="Seconds of each probe that count.")] = 30.0,
    workers: Workers = 1,
    slo: Slo = "default",
    db: Db = "",
    relaxed: Relaxed = False,
    longest: Longest = LONGEST,
    max_rate: MaxRate = MAX_RATE,
    out: Out = Path("results"),
    json: Json = False,
) -> None:
    """Find the rate at which a ledger just meets its thresholds: double, then bisect, a fresh ledger each time.

    A probe that the generator limited ends the search: add workers. The bracket is an outer bound of what to run at.
    """
    from loadtests.campaign import Against
    from loadtests.capacity import Search, find_capacity, told
    from loadtests.job import Job
    from sim.reporting.manifest import to_json
    from sim.runs import plan_run

    search = Search(
        plan_run(scenario, design, users=users, seed=seed), Job(slo=slo, max_rate=max_rate),
        Against(database=db, relaxed=relaxed), begins, ends, workers, start_rate, warmup, measure,
        seconds_of(longest),
    )  # fmt: skip
    found = find_capacity(search, out, quiet=json)
    print(to_json(found), end="") if json else print("\n".join(told(found)))


def register(to: typer.Typer) -> None:
    """Add the commands of this page to the command line."""
    to.add_typer(app, name="load")
    to.command(epilog="Example:  beanpeak capacity double11_2018 --from fine2 --users 20000")(capacity)


def _report(result: LoadResult, json: bool) -> None:
    from loadtests.report import headline
    from sim.reporting.manifest import to_json

    if json:
        print(to_json(result.report), end="", flush=True)
    else:
        print("\n".join(headline(result.report)), flush=True)


def _decorated(folder: Path) -> str:
    """What is in a load's folder to look at."""
    looked_at = ("load.json", "audit.json", "summary.md", "figures")
    return ", ".join(name + "/" * (folder / name).is_dir() for name in looked_at if (folder / name).exists())


def _code(result: LoadResult, fail_on: str, json: bool) -> int:
    """The verdict's code; with `--fail-on audit` a wrong audit's alone."""
    code = result.exit_code
    if fail_on == "audit" and result.report["audit"]["verdict"] != "failed":
        if code == INVALID and not json:
            print("invalid: the generator was late; the audit decided alone")
        return 0
    return code
