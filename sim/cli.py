"""The command line: parse, call, print. Heavy parts are imported inside the commands, so help is quick.

Exit codes: 0 done · 1 a defect of ours · 2 usage or scenario error, nothing written · 4 books wrong ·
130 interrupted (Ctrl-C, SIGTERM, a closed terminal), finished parts kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from sim import cli_ledger, cli_load, cli_results, cli_scenarios, cli_trace
from sim.bounds import LONGEST, MOST_WORKERS, seconds_of
from sim.children.paths import settle
from sim.commands import STOPPED, strict
from sim.errors import BeanpeakError, Interrupted, InvariantError, UsageError
from sim.softly import warn
from sim.standard import any_encoding, heard_or_not, hush
from sim.stopping import signals_interrupt

if TYPE_CHECKING:
    from sim.reporting.contrast import Contrast
    from sim.reporting.progress import Together, Watch
    from sim.reporting.results import Results
    from sim.reporting.unfinished import Unfinished

EXAMPLES = """
Examples:

  beanpeak run hello                                  a first run, in seconds

  beanpeak run week95_2022 --design double_quiz       another incentive rule

  beanpeak run hello --design base --design double --replications 8   what it gains and displaces

  beanpeak run hello --replications 8 --users 20000   with 95 % intervals

  beanpeak scenarios copy week95_2022 mine.toml       to change a rule

  beanpeak results figures latest --format pdf --width 85mm --lang zh --grey
"""

app = typer.Typer(
    help="Simulate online charity campaigns, with books that balance.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(cli_scenarios.app, name="scenarios")
app.add_typer(cli_results.app, name="results")
app.add_typer(cli_ledger.app, name="ledger")

Out = Annotated[Path, typer.Option("--out", help="Folder of results.", metavar="DIR")]
Workers = Annotated[
    int, typer.Option("--workers", min=1, max=MOST_WORKERS, help="Threads; they do not change results.")
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", min=1, max=MOST_WORKERS, help="Replications side by side; as many as pay if left out."
    ),
]
Longest = Annotated[
    str, typer.Option("--longest", metavar="TIME", help="What would take longer is refused, as '30 h'.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress and no summary, only the folder.")]


@app.command(epilog="Example:  beanpeak run week95_2022 double11_2018 --users 50000")
def run(
    scenarios: Annotated[list[str], typer.Argument(metavar="SCENARIO", help="Names or paths.")],
    users: Annotated[int | None, typer.Option(min=1, help="Users, instead of the scenario's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed, instead of the scenario's.")] = None,
    design: Annotated[
        list[str] | None,
        typer.Option(
            help="One of the scenario's designs; of several each is compared with the first.",
            show_default="base",
        ),
    ] = None,
    replications: Annotated[int, typer.Option(min=1, help="Seeded runs; 2 or more give intervals.")] = 1,
    out: Out = Path("results"),
    workers: Workers = 2,
    jobs: Jobs = None,
    longest: Longest = LONGEST,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Simulate scenarios; print a summary; write figures and data.

    Every scenario is checked before the first one is simulated. Ctrl-C keeps what is finished.
    """
    from sim.reporting.unfinished import Unfinished
    from sim.runs import insist_on_length, plan_run

    longest_s = seconds_of(longest)
    designs = dict.fromkeys(design or ["base"])
    plans = [
        plan_run(name, one, replications, users=users, seed=seed) for name in scenarios for one in designs
    ]
    insist_on_length(plans, longest_s)
    _finish_all([Unfinished.begin(plan, out) for plan in plans], workers, jobs, json, quiet, len(designs))


@app.command(epilog="Example:  beanpeak resume 1f3a9c02")
def resume(
    run: Annotated[str, typer.Argument(help="Hash, scenario or folder of an unfinished run.")] = "latest",
    out: Out = Path("results"),
    workers: Workers = 2,
    jobs: Jobs = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go on with an interrupted run; finished replications are not simulated again."""
    from sim.reporting.folders import find_unfinished
    from sim.reporting.unfinished import Unfinished

    _finish_all([Unfinished.open(find_unfinished(run, out))], workers, jobs, json, quiet)


@app.command(epilog="Example:  beanpeak version --json")
def version(json: Json = False) -> None:
    """Print the version."""
    from importlib import metadata

    number = metadata.version("beanpeak")
    print(f'{{"beanpeak": "{number}"}}' if json else f"beanpeak {number}")


@app.callback(invoke_without_command=True)
def options(
    told: Annotated[bool, typer.Option("--version", is_eager=True, help="Print the version.")] = False,
) -> None:
    """Simulate online charity campaigns, with books that balance."""
    if told:
        version()
        raise typer.Exit


cli_trace.register(app)
cli_load.register(app)
strict(app)


def _finish_all(
    runs: list[Unfinished], workers: int, jobs: int | None, json: bool, quiet: bool, designs: int = 1
) -> None:
    """Finish each run, say what came out, decorate it. Raises InvariantError if books do not balance.

    So many runs in a row are designs of one scenario: what each changes against the first is said when all are done.
    """
    from sim.crew import jobs_for, performing
    from sim.reporting.decoration import decorate
    from sim.reporting.progress import Together
    from sim.runs import replication_s

    finished: list[Results] = []
    silent = json or quiet
    together = Together({(run.folder, k): replication_s(run.plan) for run in runs for k in run.missing()})

    def watch(run: Unfinished, number: int) -> Watch | None:
        return None if quiet else together.watch((run.folder, number))

    try:
        with performing(runs, workers, jobs or jobs_for(runs), watch) as perform:
            for k, one in enumerate(runs):
                with _showing(runs[k:], together, quiet or not one.missing()):
                    perform(one)
                finished.append(_finish(one))
                if not silent:
                    _tell(finished[-1])
                    decorate(finished[-1])
        contrasts = _contrasts(finished, designs)
    except BaseException as error:  # whatever ends one ends all: what the others have is kept, and said
        for words in filter(None, [run.leave() for run in runs[len(finished) :]]):
            if words not in str(error):
                warn(words)
        raise
    if silent:
        _tell_in_short(finished, contrasts, json)
        for results in finished:
            decorate(results)
    else:
        _tell_contrasts(contrasts)
    wrong = [results.name for results in finished if not results.balanced]
    if wrong:
        raise InvariantError(f"{', '.join(wrong)}: the books do not balance; see manifest.json")


@contextmanager
def _showing(runs: list[Unfinished], together: Together, quiet: bool) -> Iterator[None]:
    """How far all of these runs are, while the first of them is waited for."""
    from sim.reporting.progress import shown

    names = [
        run.plan.name if run.plan.replications == 1 else f"{run.plan.name} × {run.plan.replications}"
        for run in runs
    ]
    with shown(", ".join(names), quiet) as together.show:
        yield
    together.show = None


def _finish(run: Unfinished) -> Results:
    """Give a run its name."""
    try:
        return run.finish()
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted; every replication is kept; `{run.resuming}` goes on") from None


def _tell(results: Results) -> None:
    from sim.reporting.summary import show, summarise
    from sim.reporting.terminal import console

    with heard_or_not():
        show(console(), summarise(results), results.folder or Path())


def _contrasts(finished: list[Results], designs: int) -> list[Contrast]:
    """Every design beside the first of its scenario."""
    from sim.reporting.contrast import compare

    firsts = range(0, len(finished), designs)
    return [compare(finished[k], other) for k in firsts for other in finished[k + 1 : k + designs]]


def _tell_contrasts(contrasts: list[Contrast]) -> None:
    from sim.reporting.terminal import console
    from sim.reporting.verdicts import show

    with heard_or_not():
        for one in contrasts:
            show(console(), one)


def _tell_in_short(finished: list[Results], contrasts: list[Contrast], json: bool) -> None:
    """One JSON object of all runs and comparisons, or a line each run with its folder."""
    from sim.reporting.manifest import to_json
    from sim.reporting.summary import as_dict
    from sim.reporting.verdicts import as_dict as compared

    with heard_or_not():
        if json:
            told = {
                "runs": [as_dict(one) for one in finished],
                "comparisons": [compared(one) for one in contrasts],
            }
            print(to_json(told), end="")
        else:
            print("\n".join(str(results.folder) for results in finished))


def main() -> None:
    """Run the command line; whatever goes wrong ends with its own exit code and without a traceback."""
    settle()
    any_encoding()
    try:
        with signals_interrupt(), heard_or_not():
            app()
    except BeanpeakError as error:
        _end(str(error), error.exit_code)
    except KeyboardInterrupt:
        _end(STOPPED, Interrupted.exit_code)
    except OSError as error:
        hush()
        _end(*_of_the_machine(error))


def _of_the_machine(error: OSError) -> tuple[str, int]:
    """What the machine refuses, in words, and whose it is to mend: 2 for what was named, else 1."""
    where = f"{error.filename}: " if error.filename is not None else ""
    named = isinstance(error, FileNotFoundError | FileExistsError | NotADirectoryError | IsADirectoryError)
    code = UsageError.exit_code if named or isinstance(error, PermissionError) else BeanpeakError.exit_code
    return f"{where}{error.strerror or error}; what was finished before is kept", code


def _end(words: str, code: int) -> NoReturn:
    warn(words)
    sys.exit(code)


if __name__ == "__main__":
    main()
