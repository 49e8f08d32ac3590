"""`beanpeak results`: list, show, draw and export finished runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sim.errors import BeanpeakError, UsageError

app = typer.Typer(help="List, show, draw and export finished runs.", no_args_is_help=True)
Run = Annotated[str, typer.Argument(metavar="RUN", help="Folder, hash, scenario (its newest) or latest.")]
Out = Annotated[Path, typer.Option("--out", help="Folder of results.", metavar="DIR")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Into = Annotated[Path | None, typer.Option(help="Folder to write to, instead of the run's own.")]
COLUMNS = ("run", "kind", "scenario", "design", "users", "replications", "verdict")
FORMAT, WIDTH, LANG = "png", "160mm", "en"


@app.command("list", epilog="Example:  beanpeak results list --out results --json")
def list_(out: Out = Path("results"), json: Json = False) -> None:
    """List finished runs and loads, and those that `beanpeak resume` can finish."""
    from sim.reporting.listing import listed
    from sim.reporting.manifest import to_json
    from sim.reporting.terminal import console, table

    found = listed(out)
    if json:
        print(to_json({"runs": found}), end="")
        return
    if not found:
        raise UsageError(f"{out}: holds no run; make one with `beanpeak run hello`")
    rows = [[_cell(one[column]) for column in COLUMNS] for one in found]
    console().print(table(COLUMNS, rows, numbers=("users", "replications")))


def _cell(value: str | int | None) -> str:
    return f"{value:,}" if isinstance(value, int) else value or ""


@app.command(epilog="Example:  beanpeak results show hello")
def show(run: Run = "latest", out: Out = Path("results"), json: Json = False) -> None:
    """Print the summary of a run, or what a load came to."""
    from sim.reporting.folders import REPORTS, SIMULATION, find_run, kind_of, read_report
    from sim.reporting.manifest import to_json
    from sim.reporting.results import load_run
    from sim.reporting.summary import as_dict, summarise
    from sim.reporting.summary import show as show_summary
    from sim.reporting.terminal import console

    folder = find_run(run, out, tuple(REPORTS))
    if (kind := kind_of(folder)) != SIMULATION:
        report = {**read_report(folder), "folder": str(folder)}
        print(to_json(report) if json else "\n".join(_of_load(kind, report)), end="" if json else "\n")
        return
    results = load_run(folder, out)
    if json:
        print(to_json(as_dict(results)), end="")
    else:
        show_summary(console(), summarise(results), folder)


@app.command(epilog="Example:  beanpeak results compare 1f3a9c02 77b01d5e")
def compare(
    base: Annotated[str, typer.Argument(metavar="RUN", help="The run that others are compared with.")],
    others: Annotated[
        list[str], typer.Argument(metavar="RUN", help="Runs of other designs, same users and seed.")
    ],
    out: Out = Path("results"),
    json: Json = False,
) -> None:
    """Say what other designs change on the same draws: a verdict, deeds gained and displaced, what they cost."""
    from sim.reporting.contrast import compare as contrast
    from sim.reporting.manifest import to_json
    from sim.reporting.results import load_run
    from sim.reporting.terminal import console
    from sim.reporting.verdicts import as_dict
    from sim.reporting.verdicts import show as show_contrast

    first = load_run(base, out)
    found = [contrast(first, load_run(other, out)) for other in others]
    if json:
        print(to_json({"comparisons": [as_dict(one) for one in found]}), end="")
        return
    for one in found:
        show_contrast(console(), one)


def _of_load(kind: str, report: dict[str, Any]) -> list[str]:
    """What a load or a search for capacity came to, in the words it was told in at its end."""
    from sim.reporting.folders import LOAD

    try:
        from loadtests.capacity import told
        from loadtests.report import headline
    except ImportError:
        raise UsageError("a load is shown with the extra `load`: pip install 'beanpeak[load]'") from None
    lines = headline(report) if kind == LOAD else told(report)
    return (
        [*lines, f"{report['folder']}: load.json, audit.json, summary.md, figures/"]
        if kind == LOAD
        else lines
    )


@app.command(epilog="Example:  beanpeak results figures latest --only beans --format pdf --width 85mm")
def figures(
    run: Run,
    only: Annotated[list[str] | None, typer.Option(help="One figure by name; may be repeated.")] = None,
    format: Annotated[
        str | None, typer.Option(help="png, svg or pdf, separated by commas.", show_default=FORMAT)
    ] = None,
    width: Annotated[
        str | None, typer.Option(help="Width on paper: 85mm, 8.5cm, 3.3in.", show_default=WIDTH)
    ] = None,
    lang: Annotated[str | None, typer.Option(help="zh or en.", show_default=LANG)] = None,
    grey: Annotated[bool, typer.Option("--grey", help="Shades of grey only.")] = False,
    into: Into = None,
    out: Out = Path("results"),
    json: Json = False,
) -> None:
    """Draw figures of a run for paper or slides, each with its numbers as CSV beside it.

    Without any of these options: figures/ and summary.md of the run itself, as the run made them.
    """
    from sim.doors import writable_folder
    from sim.reporting.figures.look import Look, parse_lang, parse_width
    from sim.reporting.figures.registry import chosen, draw_each, parse_formats
    from sim.reporting.results import load_run

    look = Look(parse_width(_or(width, WIDTH)), parse_lang(_or(lang, LANG)), grey, dpi=300)
    formats, names = parse_formats(_or(format, FORMAT)), [spec.name for spec in chosen(only or [])]
    results = load_run(run, out)
    own = results.folder or Path()
    if not any((only, format, width, lang, grey, into)):
        _again(own, results, json)
        return
    folder = writable_folder(into or own / f"figures-{look.slug}", "--into")
    drawn = draw_each(results, folder, look, formats, names)
    _tell(folder, [name for name, done in drawn.items() if done], json)
    missing = [name for name in only or [] if name not in drawn]
    if missing:
        raise UsageError(f"{', '.join(missing)}: this run has nothing to show there")
    _all_made([name for name, done in drawn.items() if not done])


def _or(given: str | None, default: str) -> str:
    """What was given, be it empty: then it is wrong and told so."""
    return default if given is None else given


def _again(own: Path, results: Any, json: bool) -> None:
    """figures/ and summary.md, in the run's own folder."""
    from sim.doors import writable_folder
    from sim.reporting.decoration import redraw

    failed = redraw(results, writable_folder(own, "--into"))
    names = sorted(file.stem for file in (own / "figures").glob("*.png") if file.stem not in failed)
    _tell(own / "figures", names, json)
    _all_made(failed)


def _tell(folder: Path, names: list[str], json: bool) -> None:
    """Where, and what is there."""
    from sim.reporting.manifest import to_json
    from sim.reporting.terminal import literal

    if json:
        print(to_json({"folder": str(folder), "made": names}), end="")
    else:
        print(literal(f"{folder}: {', '.join(names)}"))


def _all_made(failed: list[str]) -> None:
    if failed:
        raise BeanpeakError(f"could not be made: {', '.join(failed)}")


@app.command(epilog="Example:  beanpeak results metrics charity_orders")
def metrics(
    name: Annotated[str | None, typer.Argument(help="One metric; all if left out.")] = None,
    json: Json = False,
) -> None:
    """Explain the metrics: unit, what one value stands for, which way is good, definition."""
    from dataclasses import asdict

    from sim.observation.catalogue import METRICS
    from sim.reporting.manifest import to_json
    from sim.reporting.metrics import metric
    from sim.reporting.terminal import console, table

    chosen = METRICS if name is None else (metric(name),)
    if json:
        print(to_json({"metrics": [asdict(one) for one in chosen]}), end="")
        return
    rows = [(m.name, m.unit, m.per, m.better, m.definition + _at(m.size)) for m in chosen]
    console().print(table(("name", "unit", "per", "better", "definition"), rows))


def _at(size: str) -> str:
    return "" if size == "any" else f"; at {size} size"


@app.command(
    epilog="Examples:\n\n  beanpeak results export latest --to csv --into tables\n\n"
    "  beanpeak results export latest --excel --lang zh"
)
def export(
    run: Run,
    to: Annotated[str, typer.Option(help="csv or parquet.")] = "csv",
    excel: Annotated[
        bool, typer.Option("--excel", help="CSV that Excel opens well, with clock times.")
    ] = False,
    lang: Annotated[str, typer.Option(help="Headings for --excel: en (names of columns) or zh.")] = LANG,
    into: Into = None,
    out: Out = Path("results"),
    json: Json = False,
) -> None:
    """Write metrics and all tables of a run as CSV or Parquet."""
    from sim.reporting.exporting import export as write
    from sim.reporting.exporting import parse_lang
    from sim.reporting.results import load_run

    language = parse_lang(lang, excel)
    results = load_run(run, out)
    folder = into or (results.folder or Path()) / ("excel" if excel else to)
    files = write(results, folder, to, excel=excel, lang=language)
    _tell(folder, [file.name for file in files], json)
