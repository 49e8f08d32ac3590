"""What a person wants to know of a run first: headline numbers, published against simulated, a verdict.

One summary, written three ways: `summary.md`, a terminal, JSON. Every section says at which size its numbers
stand (`sim.reporting.sizes`), and every mean over how many replications if not over all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.loading.designs import BASE
from sim.observation.catalogue import METRICS
from sim.reporting.amounts import NOTHING, over
from sim.reporting.pools import capping, pools
from sim.reporting.results import Results
from sim.reporting.sections import Compared, Section, charity_report, merged, sections, totals
from sim.reporting.sizes import SIZES, Scale
from sim.reporting.terminal import literal

PICTURES = 4
WORDS = 34  # cells for the words of a number, so that sections stand in line
FAVOURITES = ("traffic", "festival_curve", "beans", "giving", "pools", "retention", "participation", "cash")
NOT_CALIBRATED = (
    "The totals of this scenario are not calibrated: none are published for it. "
    "Compare designs by it; do not quote its levels."
)
CHANGED = "The published values are those of the base design; a changed rule need not meet them."
BALANCED = "books balanced"
COMPARED = "published and simulated"


@dataclass(frozen=True)
class Summary:
    """A run in words. `notes` come before the sections, `verdict` is the last line."""

    title: str
    facts: str
    notes: tuple[str, ...]
    sections: tuple[Section, ...]
    published: tuple[Compared, ...]
    scale: Scale
    replications: int
    verdict: str


def summarise(results: Results) -> Summary:
    """The summary of a run."""
    world = results.scenario.scenario
    published = merged(results)
    notes = () if world.calibrated or published else (NOT_CALIBRATED,)
    if published and results.design != BASE:
        notes = (*notes, CHANGED)
    if results.parameters:
        notes = (*notes, _varied(results.parameters))
    return Summary(
        title=literal(f"{world.title} ({results.name})"),
        facts=_facts(results),
        notes=notes,
        sections=tuple(sections(results)),
        published=tuple(published),
        scale=Scale.of(results.scenario),
        replications=len(results.outcomes),
        verdict=_verdict(results),
    )


def _facts(results: Results) -> str:
    world, count = results.scenario.scenario, len(results.outcomes)
    actions = sum(o.stats.get("actions", 0.0) for o in results.outcomes)
    wall = sum(o.stats.get("wall_s", 0.0) for o in results.outcomes)
    runs = f"{count} replications, means with 95 % intervals" if count > 1 else "1 replication"
    return (
        f"{world.users:,} users for {world.real_users:,}; design {results.design}, seed {world.seed}, "
        f"{runs}; {actions:,.0f} actions in {wall:.1f} s"
    )


def _varied(parameters: Mapping[str, float]) -> str:
    given = ", ".join(f"{name} = {value:g}" for name, value in sorted(parameters.items()))
    return f"behaviour rules varied: {given}; not the shipped model"


def _verdict(results: Results) -> str:
    failed = [c["name"] for o in results.outcomes for c in o.audit["checks"] if not c["passed"]]
    return BALANCED if results.balanced else f"books NOT balanced: {', '.join(dict.fromkeys(failed))}"


# --- three ways to write it ----------------------------------------------------------------------------


def markdown(summary: Summary, pictures: Sequence[str]) -> str:
    """`summary.md`; `pictures` are names of figures beside it."""
    lines = [f"# {_as_written(summary.title)}", "", _as_written(summary.facts), ""]
    lines += [line for note in summary.notes for line in (f"> {note}", "")]
    for section in summary.sections:
        lines += [f"## {_heading(section.title)}", "", "| | | |", "|---|---:|---|"]
        lines += [*(_row(each.words, each.value, each.note) for each in section.lines), ""]
    for title, rows in _compared(summary):
        lines += [f"## {_heading(title)}", ""]
        lines += [
            "| | published | simulated | tolerance | unit | use | | source |",
            "|---|---:|---:|---|---|---|---|---|",
        ]
        lines += [_row(*_cells(r, summary), r["source"]) for r in rows] + [""]
    best = [name for name in (*FAVOURITES, *pictures) if name in pictures]
    lines += [f"![{name}](figures/{name}.png)\n" for name in list(dict.fromkeys(best))[:PICTURES]]
    return "\n".join([*lines, "Metrics and tables: `metrics.parquet`, `tables/`.", "", summary.verdict, ""])


def _row(*cells: str) -> str:
    """A row of a table in Markdown; names from a scenario may hold anything."""
    return "| " + " | ".join(" ".join(_as_written(literal(cell)).split()) for cell in cells) + " |"


def _heading(title: str) -> str:
    return title[:1].upper() + title[1:]


def _as_written(text: str) -> str:
    """Text that Markdown shows as it is: no link, table, emphasis, code or HTML comes of it."""
    return re.sub(r"([\\`*\[\]<>|&$~])", r"\\\1", text)


def show(console: Console, summary: Summary, folder: Path) -> None:
    """Print the summary; the verdict is the last line."""
    console.print()
    console.print(Text(summary.title, style="bold"))
    console.print(Text(summary.facts))
    for note in summary.notes:
        console.print(Text(note, style="yellow"))
    for section in summary.sections:
        console.print(Text(literal(section.title), style="italic"))
        show_numbers(console, section)
    for title, rows in _compared(summary):
        console.print(_published_table(title, rows, summary))
    console.print(Text(literal(f"figures: {folder / 'figures'}")), soft_wrap=True)
    console.print(Text(literal(f"data:    {folder}")), soft_wrap=True)
    console.print(Text(summary.verdict, style="green" if summary.verdict == BALANCED else "bold red"))


def show_numbers(console: Console, section: Section) -> None:
    """Words to the left, values to the right, and a note beside them, or below where it has no room."""
    words = max(WORDS, *(cell_len(line.words) for line in section.lines))
    values = max(cell_len(line.value) for line in section.lines)
    for line in section.lines:
        left = literal(line.words) + " " * (words - cell_len(line.words))
        told = f"  {left}  {' ' * (values - cell_len(line.value))}{line.value}"
        beside = cell_len(told) + 2 + cell_len(line.note) <= console.width
        console.print(Text(f"{told}  {literal(line.note)}".rstrip() if beside else told))
        if not beside:
            console.print(Padding(Text(literal(line.note)), (0, 0, 0, 4)))


def _cells(row: Compared, summary: Summary) -> list[str]:
    """A published row as it is written: name, published, simulated, tolerance, unit, use, verdict."""
    value = f"{row['simulated']:.4g}" if row["over"] else NOTHING
    few = over(row["over"], summary.replications)
    limits = f"{row['low']:.4g} – {row['high']:.4g}"
    verdict = f"{'ok' if row['passed'] else 'missed'}{', ' if few else ''}{few}"
    return [row["name"], row["published"], value, limits, row["unit"], row["use"], verdict]


def _compared(summary: Summary) -> Iterator[tuple[str, list[Compared]]]:
    """The published rows by the size they stand at, with what to write above them."""
    for size in reversed(SIZES):
        rows = [row for row in summary.published if row["size"] == size]
        if rows:
            yield f"{COMPARED} ({summary.scale.label(size)})", rows


def _published_table(title: str, rows: list[Compared], summary: Summary) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name, side in (("", "left"), ("published", "right"), ("simulated", "right"), ("tolerance", "left")):
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    table.add_column("unit")
    table.add_column("use")
    table.add_column("")
    for row in rows:
        *cells, verdict = (literal(cell) for cell in _cells(row, summary))
        table.add_row(*map(Text, cells), Text(verdict, style="green" if row["passed"] else "red"))
    return table


def as_dict(results: Results) -> dict[str, Any]:
    """The summary for programs: metric → value, and with several replications its interval.

    `sizes` says at which size each number stands; `over` names the metrics that not all replications have.
    """
    world, count, rows = results.scenario.scenario, len(results.outcomes), totals(results).to_dicts()
    kept = {row["metric"] for row in rows}
    names = {size: [m.name for m in METRICS if m.size == size and m.name in kept] for size in SIZES}
    return {
        "scenario": results.name,
        "design": results.design,
        "users": world.users,
        "real_users": world.real_users,
        "seed": world.seed,
        "replications": count,
        "settings_hash": results.settings_hash,
        "parameters": results.parameters,
        "folder": str(results.folder) if results.folder else None,
        "sizes": {
            "factor": Scale.of(results.scenario).factor,
            "simulated": names["simulated"],
            "any": names["any"],
        },
        "metrics": {row["metric"]: _value(row) for row in rows},
        "over": {row["metric"]: row["over"] for row in rows if row["over"] < count},
        "notes": [*summarise(results).notes, *filter(None, [capping(pools(results))])],
        "rules": [{"size": "simulated", **row} for row in _rows(results, "rules")],
        "pools": [{"size": "simulated", **row} for row in _rows(results, "budgets")],
        "published": merged(results),
        "report": [_report_row(row) for row in charity_report(results).iter_rows(named=True)],
        "digests": [o.digest for o in results.outcomes],
        "balanced": results.balanced,
    }


def _value(row: dict[str, Any]) -> Any:
    return [row["value"], row["value_low"], row["value_high"]] if "value_low" in row else row["value"]


def _report_row(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("name", "unit", "size", "over")} | {"value": _value(row)}


def _rows(results: Results, table: str) -> list[dict[str, Any]]:
    """A table's rows of every replication."""
    return results.tables[table].to_dicts() if table in results.tables else []
