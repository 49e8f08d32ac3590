"""What a person wants to know of a run first: headline numbers, published against simulated, a verdict.

One summary, written three ways: `summary.md`, a terminal, JSON.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from sim.engine.outcome import Published
from sim.loading import settings_hash
from sim.reporting.metrics import metric
from sim.reporting.results import Results
from sim.reporting.statistics import intervals
from sim.reporting.terminal import literal

# In the order of a story: who came, what they bought, gave and grew, what it cost, whom it helped.
HEADLINE = {
    "participants": "people who played",
    "new_players": "new players",
    "d1": "came back after 1 day",
    "d7": "came back after 7 days",
    "orders": "orders",
    "charity_orders": "charity orders",
    "charity_share": "charity share of orders",
    "pledged_fen": "pledged",
    "confirmed_fen": "confirmed",
    "peak_10s": "busiest 10 s ÷ the day's mean",
    "gifts": "money gifts",
    "gift_fen": "given in them",
    "matched_fen": "matched by sponsors",
    "beans_issued": "beans issued",
    "beans_donated": "beans donated",
    "minutes_labour": "charity time, labour (出力)",
    "minutes_donated": "charity time, donated (捐献)",
    "general_participation": "general participation (泛公益)",
    "subsidy_fen": "subsidy",
    "subsidy_per_participant": "subsidy per player",
    "farmer_share": "subsidy leaking to farmers",
    "wrongly_blocked": "honest users blocked",
    "top10_ngo_share": "raised by the largest tenth of NGOs",
    "funded_share": "limited projects funded",
    "helped": "people helped",
}
FEN_PER_YUAN, MINUTES_PER_HOUR = 100.0, 60.0
PICTURES = 4
FAVOURITES = ("traffic", "festival_curve", "beans", "giving", "pools", "retention", "participation", "cash")
NOT_CALIBRATED = (
    "The totals of this scenario are not calibrated: none are published for it. "
    "Compare designs by it; do not quote its levels."
)
BALANCED = "books balanced"


@dataclass(frozen=True)
class Summary:
    """A run in words. `notes` come before the tables, `verdict` is the last line."""

    title: str
    facts: str
    notes: tuple[str, ...]
    headline: tuple[tuple[str, str], ...]
    published: tuple[Published, ...]
    report: tuple[tuple[str, str], ...]
    verdict: str


def summarise(results: Results) -> Summary:
    """The summary of a run."""
    world = results.scenario.scenario
    published = merged(results)
    notes = () if world.calibrated or published else (NOT_CALIBRATED,)
    return Summary(
        title=literal(f"{world.title} ({results.name})"),
        facts=_facts(results),
        notes=notes,
        headline=tuple(_headline(results)),
        published=tuple(published),
        report=tuple(results.outcomes[0].report),
        verdict=_verdict(results),
    )


def totals(results: Results) -> pl.DataFrame:
    """Run totals over replications: metric, value and with several replications value_low, value_high."""
    whole = results.totals.filter(pl.col("group") == "")
    return intervals(whole, ["metric"], ["value"])


def merged(results: Results) -> list[Published]:
    """Published rows with the mean over replications; a row passes if that mean is within its limits."""
    rows: list[Published] = []
    for first in results.outcomes[0].published:
        same = [r["simulated"] for o in results.outcomes for r in o.published if r["name"] == first["name"]]
        mean = sum(same) / len(same)
        rows.append({**first, "simulated": mean, "passed": first["low"] <= mean <= first["high"]})
    return rows


def _facts(results: Results) -> str:
    world, count = results.scenario.scenario, len(results.outcomes)
    actions = sum(o.stats.get("actions", 0.0) for o in results.outcomes)
    wall = sum(o.stats.get("wall_s", 0.0) for o in results.outcomes)
    runs = f"{count} replications with 95 % intervals" if count > 1 else "1 replication"
    return (
        f"{world.users:,} users for {world.real_users:,}; design {results.design}, seed {world.seed}, "
        f"{runs}; {actions:,.0f} actions in {wall:.1f} s"
    )


def _headline(results: Results) -> list[tuple[str, str]]:
    rows = {row["metric"]: row for row in totals(results).iter_rows(named=True)}
    return [
        (words, amount(metric(name).unit, rows[name]["value"], rows[name].get("value_high")))
        for name, words in HEADLINE.items()
        if name in rows and rows[name]["value"] != 0
    ]


def amount(unit: str, value: float, high: float | None = None) -> str:
    """A value with its unit as people read it, ± half of its interval: fen → yuan, minutes → hours."""
    factor, suffix = {
        "fen": (1 / FEN_PER_YUAN, " yuan"),
        "minutes": (1 / MINUTES_PER_HOUR, " h"),
        "share": (100.0, " %"),
        "multiple": (1.0, " ×"),
    }.get(unit, (1.0, ""))
    half = f" ± {_number((high - value) * factor)}" if high is not None and high == high else ""
    return f"{_number(value * factor)}{half}{suffix}"


def _number(value: float) -> str:
    if value == round(value) or abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.3g}"


def _verdict(results: Results) -> str:
    failed = [c["name"] for o in results.outcomes for c in o.audit["checks"] if not c["passed"]]
    return BALANCED if results.balanced else f"books NOT balanced: {', '.join(dict.fromkeys(failed))}"


def _limits(row: Published) -> str:
    return f"{row['low']:.4g} – {row['high']:.4g}"


def _passed(row: Published) -> str:
    return "ok" if row["passed"] else "missed"


# --- three ways to write it ----------------------------------------------------------------------------


def markdown(summary: Summary, pictures: Sequence[str]) -> str:
    """`summary.md`; `pictures` are names of figures beside it."""
    lines = [f"# {_as_written(summary.title)}", "", _as_written(summary.facts), ""]
    lines += [line for note in summary.notes for line in (f"> {note}", "")]
    lines += ["| | |", "|---|---:|", *(f"| {words} | {value} |" for words, value in summary.headline), ""]
    if summary.published:
        lines += ["## Published and simulated", ""]
        lines += [
            "| | published | simulated | tolerance | unit | | source |",
            "|---|---:|---:|---|---|---|---|",
        ]
        lines += [
            f"| {r['name']} | {r['published']} | {r['simulated']:.4g} | {_limits(r)} | {r['unit']} "
            f"| {_passed(r)} | {r['source']} |"
            for r in summary.published
        ] + [""]
    if summary.report:
        lines += ["## Charity report", "", *(_item(*line) for line in summary.report), ""]
    best = [name for name in (*FAVOURITES, *pictures) if name in pictures]
    lines += [f"![{name}](figures/{name}.png)\n" for name in list(dict.fromkeys(best))[:PICTURES]]
    return "\n".join([*lines, "Metrics and tables: `metrics.parquet`, `tables/`.", "", summary.verdict, ""])


def _item(label: str, text: str) -> str:
    return f"- {_as_written(literal(label))}: {_as_written(literal(text))}"


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
    headline = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    headline.add_column()
    headline.add_column(justify="right")
    for words, value in summary.headline:
        headline.add_row(words, value)
    console.print(headline)
    if summary.published:
        console.print(_published_table(summary.published))
    if summary.report:
        console.print("charity report", style="italic")
    for label, text in summary.report:
        console.print(Text(literal(f"{label}: {text}")))
    console.print(Text(literal(f"figures: {folder / 'figures'}")), soft_wrap=True)
    console.print(Text(literal(f"data:    {folder}")), soft_wrap=True)
    console.print(Text(summary.verdict, style="green" if summary.verdict == BALANCED else "bold red"))


def _published_table(rows: Sequence[Published]) -> Table:
    table = Table(title="published and simulated", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name, side in (("", "left"), ("published", "right"), ("simulated", "right"), ("tolerance", "left")):
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    table.add_column("unit")
    table.add_column("")
    for row in rows:
        verdict = f"[green]{_passed(row)}[/green]" if row["passed"] else f"[red]{_passed(row)}[/red]"
        table.add_row(
            escape(row["name"]),
            row["published"],
            f"{row['simulated']:.4g}",
            _limits(row),
            row["unit"],
            verdict,
        )
    return table


def as_dict(results: Results) -> dict[str, Any]:
    """The summary for programs: metric → value, and with several replications its interval."""
    rows = totals(results).iter_rows(named=True)
    return {
        "scenario": results.name,
        "design": results.design,
        "users": results.scenario.scenario.users,
        "seed": results.scenario.scenario.seed,
        "replications": len(results.outcomes),
        "settings_hash": settings_hash(results.scenario),
        "folder": str(results.folder) if results.folder else None,
        "metrics": {
            row["metric"]: [row["value"], row["value_low"], row["value_high"]]
            if "value_low" in row
            else row["value"]
            for row in rows
        },
        "published": merged(results),
        "digests": [o.digest for o in results.outcomes],
        "balanced": results.balanced,
    }
