"""The command line: parse, call, print. Heavy parts are imported inside the commands, so help is quick.

Exit codes: 0 done · 1 a defect of ours · 2 usage or scenario error, nothing written · 4 books wrong ·
130 interrupted, finished parts kept.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim import cli_ledger, cli_load, cli_results, cli_scenarios, cli_trace
from sim.errors import BeanpeakError, InvariantError

if TYPE_CHECKING:
    from sim.reporting.results import Results
    from sim.reporting.unfinished import Unfinished

EXAMPLES = """
Examples:

  beanpeak run hello                                  a first run, in seconds

  beanpeak run week95_2022 --design double_quiz       another incentive rule

  beanpeak run hello --replications 8 --users 20000   with 95 % intervals

  beanpeak scenarios copy week95_2022 mine.toml       to change a rule

  beanpeak results figures latest --format pdf --width 85mm --lang zh --grey
"""

app = typer.Typer(
    help="Simulate online charity campaigns, with books that balance.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(cli_scenarios.app, name="scenarios")
app.add_typer(cli_results.app, name="results")
app.add_typer(cli_ledger.app, name="ledger")

Out = Annotated[Path, typer.Option("--out", help="Folder of results.", metavar="DIR")]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Threads; they do not change results.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress and no summary, only the folder.")]


@app.command(epilog="Example:  beanpeak run week95_2022 double11_2018 --users 50000")
def run(
    scenarios: Annotated[list[str], typer.Argument(metavar="SCENARIO", help="Names or paths.")],
    users: Annotated[int | None, typer.Option(min=1, help="Users, instead of the scenario's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed, instead of the scenario's.")] = None,
    design: Annotated[str, typer.Option(help="One of the scenario's designs.")] = "base",
    replications: Annotated[int, typer.Option(min=1, help="Seeded runs; 2 or more give intervals.")] = 1,
    out: Out = Path("results"),
    workers: Workers = 2,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Simulate scenarios; print a summary; write figures and data.

    Every scenario is checked before the first one is simulated. Ctrl-C keeps what is finished.
    """
    from sim.reporting.unfinished import Unfinished
    from sim.runs import plan_run

    plans = [plan_run(name, design, replications, users=users, seed=seed) for name in scenarios]
    _finish_all([Unfinished.begin(plan, out) for plan in plans], workers, json, quiet)


@app.command(epilog="Example:  beanpeak resume 1f3a9c02")
def resume(
    run: Annotated[str, typer.Argument(help="Hash, scenario or folder of an unfinished run.")] = "latest",
    out: Out = Path("results"),
    workers: Workers = 2,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go on with an interrupted run; finished replications are not simulated again."""
    from sim.reporting.folders import find_unfinished
    from sim.reporting.unfinished import Unfinished

    _finish_all([Unfinished.open(find_unfinished(run, out))], workers, json, quiet)


@app.command()
def version() -> None:
    """Print the version."""
    from importlib import metadata

    print(f"beanpeak {metadata.version('beanpeak')}")


cli_trace.register(app)
cli_load.register(app)


def _finish_all(runs: list[Unfinished], workers: int, json: bool, quiet: bool) -> None:
    """Perform and finish each run, then say what came out. Raises InvariantError if books do not balance."""
    from sim.reporting.manifest import to_json
    from sim.reporting.summary import as_dict

    finished = []
    for k, one in enumerate(runs):
        try:
            finished.append(_finish(one, workers, quiet, silent=json or quiet))
        except BeanpeakError:
            for idle in runs[k + 1 :]:
                idle.discard()
            raise
    if json:
        print(to_json({"runs": [as_dict(results) for results in finished]}), end="")
    elif quiet:
        print("\n".join(str(results.folder) for results in finished))
    wrong = [results.name for results in finished if not results.balanced]
    if wrong:
        raise InvariantError(f"{', '.join(wrong)}: the books do not balance; see manifest.json")


def _finish(run: Unfinished, workers: int, quiet: bool, silent: bool) -> Results:
    """Simulate what is missing of one run, write it whole and, unless silent, print its summary."""

    from sim.reporting.figures.look import Look
    from sim.reporting.figures.registry import draw_all
    from sim.reporting.progress import console, shown
    from sim.reporting.summary import markdown, show, summarise
    from sim.runs import perform

    with shown(run.plan.name, run.plan.replications, quiet) as watch:
        perform(run, workers, watch)
    pictures: list[str] = []

    def decorate(results: Results, folder: Path) -> None:
        pictures.extend(draw_all(results, folder / "figures", Look()))
        (folder / "summary.md").write_text(markdown(summarise(results), pictures), encoding="utf-8")

    results = run.finish(decorate)
    if not silent and results.folder is not None:
        show(console(), summarise(results), results.folder, pictures)
    return results


def main() -> None:
    """Run the command line; errors of ours end with their own exit code and no traceback."""
    try:
        app()
    except BeanpeakError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
