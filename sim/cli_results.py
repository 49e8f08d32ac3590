"""`beanpeak results`: list, show, draw and export finished runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.errors import UsageError

app = typer.Typer(help="List, show, draw and export finished runs.", no_args_is_help=True)
Run = Annotated[str, typer.Argument(metavar="RUN", help="Folder, hash, scenario (its newest) or latest.")]
Out = Annotated[Path, typer.Option("--out", help="Folder of results.", metavar="DIR")]


@app.command("list")
def list_(out: Out = Path("results")) -> None:
    """List finished runs, and those that `beanpeak resume` can finish."""
    from rich.table import Table

    from sim.reporting.folders import finished_runs, read_manifest, unfinished_runs
    from sim.reporting.progress import console

    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("run", "scenario", "design", "users", "replications", "books"):
        number = column in ("users", "replications")
        table.add_column(column, justify="right" if number else "left")
    for folder in finished_runs(out):
        held = read_manifest(folder)
        books = "balanced" if held["audit"]["balanced"] else "NOT balanced"
        count = str(len(held["outcomes"]))
        table.add_row(folder.name, held["scenario"], held["design"], f"{held['users']:,}", count, books)
    for folder in unfinished_runs(out):
        table.add_row(folder.name, folder.parent.name, "", "", "", "unfinished")
    if not table.row_count:
        raise UsageError(f"{out}: holds no run; make one with `beanpeak run hello`")
    console().print(table)


@app.command()
def show(
    run: Run = "latest",
    out: Out = Path("results"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Print the summary of a run."""
    from sim.reporting.manifest import to_json
    from sim.reporting.progress import console
    from sim.reporting.results import load_run
    from sim.reporting.summary import as_dict, summarise
    from sim.reporting.summary import show as show_summary

    results = load_run(run, out)
    if json:
        print(to_json(as_dict(results)), end="")
    elif results.folder is not None:
        pictures = sorted(file.stem for file in (results.folder / "figures").glob("*.png"))
        show_summary(console(), summarise(results), results.folder, pictures)


@app.command(epilog="Example:  beanpeak results figures latest --only beans --format pdf --width 85mm")
def figures(
    run: Run,
    only: Annotated[list[str] | None, typer.Option(help="One figure by name; may be repeated.")] = None,
    format: Annotated[str, typer.Option(help="png, svg or pdf, separated by commas.")] = "png",
    width: Annotated[str, typer.Option(help="Width on paper: 85mm, 8.5cm, 3.3in.")] = "160mm",
    lang: Annotated[str, typer.Option(help="zh or en.")] = "en",
    grey: Annotated[bool, typer.Option("--grey", help="Shades of grey only.")] = False,
    into: Annotated[Path | None, typer.Option(help="Folder to write to, instead of the run's own.")] = None,
    out: Out = Path("results"),
) -> None:
    """Draw figures of a run for paper or slides, each with its numbers as CSV beside it."""
    from sim.reporting.figures.look import Look, parse_lang, parse_width
    from sim.reporting.figures.registry import chosen, draw_all, parse_formats
    from sim.reporting.results import load_run

    look = Look(parse_width(width), parse_lang(lang), grey, dpi=300)
    formats, names = parse_formats(format), [spec.name for spec in chosen(only or [])]
    results = load_run(run, out)
    folder = into or Path(results.folder or ".") / f"figures-{look.slug}"
    drawn = draw_all(results, folder, look, formats, names)
    missing = [name for name in only or [] if name not in drawn]
    if missing:
        raise UsageError(f"{', '.join(missing)}: this run has nothing to show there")
    print(f"{folder}: {', '.join(drawn)}")


@app.command()
def metrics(
    name: Annotated[str | None, typer.Argument(help="One metric; all if left out.")] = None,
) -> None:
    """Explain the metrics: unit, what one value stands for, which way is good, definition."""
    from rich.table import Table

    from sim.reporting.metrics import METRICS, metric
    from sim.reporting.progress import console

    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("name", "unit", "per", "size", "better", "definition"):
        table.add_column(column, no_wrap=column == "name")
    for one in METRICS if name is None else (metric(name),):
        table.add_row(one.name, one.unit, one.per, one.size, one.better, one.definition)
    console().print(table)


@app.command(epilog="Example:  beanpeak results export latest --to csv --into tables")
def export(
    run: Run,
    to: Annotated[str, typer.Option(help="csv or parquet.")] = "csv",
    into: Annotated[Path | None, typer.Option(help="Folder to write to, instead of the run's own.")] = None,
    out: Out = Path("results"),
) -> None:
    """Write metrics and all tables of a run as CSV or Parquet."""
    from sim.reporting.results import export as write
    from sim.reporting.results import load_run

    results = load_run(run, out)
    folder = into or Path(results.folder or ".") / to
    files = write(results, folder, to)
    print(f"{folder}: {', '.join(file.name for file in files)}")
