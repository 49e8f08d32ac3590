"""What a person wants to know of a run first: headline numbers, published against simulated, a verdict.

One summary, written three ways: `summary.md`, a terminal, JSON. Every section says at which size its numbers
stand (`sim.reporting.sizes`), and every mean over how many replications if not over all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sim.engine.outcome import PEAK_USERS, Published, Size
from sim.loading import settings_hash
from sim.reporting.amounts import NOTHING, amount, over
from sim.reporting.metrics import metric
from sim.reporting.pools import capping, fate, mean, pools
from sim.reporting.results import Results
from sim.reporting.sizes import SIZES, Scale
from sim.reporting.statistics import averaged

# In the order of a story: who came, what they bought, gave and grew, what it cost, whom it helped.
HEADLINE = {
    "players": "players (grow beans)",
    "participants": "participants (players who played)",
    "new_players": "new players",
    "d1": "new players back after 1 day",
    "d7": "new players back after 7 days",
    "orders": "orders",
    "charity_orders": "charity orders",
    "charity_share": "charity share of orders",
    "pledged_fen": "pledged when orders were paid",
    "confirmed_fen": "donated when receipt was confirmed",
    "peak_10s": "busiest 10 s ÷ the day's mean",
    "gifts": "money gifts",
    "gift_fen": "given in them",
    "matched_fen": "matched by sponsors",
    "beans_issued": "beans issued",
    "beans_donated": "beans donated",
    "minutes_labour": "charity time, labour (出力)",
    "minutes_donated": "charity time, donated (捐献)",
    "general_participation": "general participation (泛公益)",
    "subsidy_fen": "subsidy (match, beans' value)",
    "subsidy_per_participant": "subsidy per participant",
    "farmer_share": "subsidy leaking to farmers",
    "wrongly_blocked": "honest users blocked",
    "top10_ngo_share": "raised by the largest tenth of NGOs",
    "funded_share": "limited projects funded",
    "helped": "people helped",
}
PICTURES = 4
FAVOURITES = ("traffic", "festival_curve", "beans", "giving", "pools", "retention", "participation", "cash")
NOT_CALIBRATED = (
    "The totals of this scenario are not calibrated: none are published for it. "
    "Compare designs by it; do not quote its levels."
)
BALANCED = "books balanced"
COMPARED = "published and simulated"


@dataclass(frozen=True)
class Line:
    """A number in words, and what must be known beside it."""

    words: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Section:
    """Numbers that stand at one size."""

    about: str
    size: Size
    label: str
    lines: tuple[Line, ...]

    @property
    def title(self) -> str:
        """What it is about, and at which size."""
        return f"{self.about}, {self.label}"


class Compared(Published):
    """A published row with the mean over those replications that have it; `over` says how many."""

    over: int
    size: Size


@dataclass(frozen=True)
class Summary:
    """A run in words. `notes` come before the sections, `verdict` is the last line."""

    title: str
    facts: str
    notes: tuple[str, ...]
    sections: tuple[Section, ...]
    published: tuple[Compared, ...]
    replications: int
    verdict: str


def summarise(results: Results) -> Summary:
    """The summary of a run."""
    world = results.scenario.scenario
    published = merged(results)
    notes = () if world.calibrated or published else (NOT_CALIBRATED,)
    return Summary(
        title=f"{world.title} ({results.name})",
        facts=_facts(results),
        notes=notes,
        sections=tuple(s for s in _sections(results) if s.lines),
        published=tuple(published),
        replications=len(results.outcomes),
        verdict=_verdict(results),
    )


def totals(results: Results) -> pl.DataFrame:
    """Run totals: metric, value (with several replications value_low, value_high) and the replications it is over."""
    whole = results.metrics.filter(pl.col("group") == "")
    return averaged(whole, ["metric"]).filter(pl.col("over") > 0)


def charity_report(results: Results) -> pl.DataFrame:
    """The lines of the charity report: name, unit, size, value (perhaps value_low, value_high), over."""
    rows = [{"replication": o.replication, **line} for o in results.outcomes for line in o.report]
    return averaged(pl.DataFrame(rows), ["name", "unit", "size"]) if rows else pl.DataFrame()


def merged(results: Results) -> list[Compared]:
    """Published rows with the mean over replications; a row passes if that mean is within its limits."""
    rows = [
        {"replication": o.replication, "name": row["name"], "value": row["simulated"]}
        for o in results.outcomes
        for row in o.published
    ]
    means = {r["name"]: r for r in averaged(pl.DataFrame(rows), ["name"]).to_dicts()} if rows else {}
    first = {row["name"]: row for o in reversed(results.outcomes) for row in o.published}
    return [
        {
            **first[name],
            "simulated": row["value"],
            "passed": first[name]["low"] <= row["value"] <= first[name]["high"],
            "over": row["over"],
            "size": "any",
        }
        for name, row in means.items()
    ]


def _facts(results: Results) -> str:
    world, count = results.scenario.scenario, len(results.outcomes)
    actions = sum(o.stats.get("actions", 0.0) for o in results.outcomes)
    wall = sum(o.stats.get("wall_s", 0.0) for o in results.outcomes)
    runs = f"{count} replications, means with 95 % intervals" if count > 1 else "1 replication"
    return (
        f"{world.users:,} users for {world.real_users:,}; design {results.design}, seed {world.seed}, "
        f"{runs}; {actions:,.0f} actions in {wall:.1f} s"
    )


def _sections(results: Results) -> Iterator[Section]:
    scale = Scale.of(results.scenario)
    headline = [(metric(name).size, line) for name, line in _headline(results)]
    report = list(_report(results))
    for about, told, sizes in (
        ("campaign", headline, SIZES[:2]),
        ("pools", _pools(results), SIZES[:1]),
    ):
        for size in sizes:
            yield Section(about, size, scale.label(size), tuple(line for at, line in told if at == size))
    for size in reversed(SIZES):
        lines = tuple(line for at, line in report if at == size)
        yield Section("charity report", size, scale.label(size), lines)


def _headline(results: Results) -> Iterator[tuple[str, Line]]:
    rows = {row["metric"]: row for row in totals(results).iter_rows(named=True)}
    count, notes = len(results.outcomes), {"subsidy_fen": capping(pools(results))}
    notes["subsidy_per_participant"] = "capped as the subsidy is" if notes["subsidy_fen"] else ""
    for name, words in HEADLINE.items():
        row = rows.get(name)
        if row is None or row["value"] == 0 or (name == "peak_10s" and _too_few(results)):
            continue
        value = amount(metric(name).unit, row["value"], row.get("value_high"))
        yield name, Line(words, value, "; ".join(filter(None, (over(row["over"], count), notes.get(name)))))


def _too_few(results: Results) -> bool:
    """Whether ten seconds hold too few orders for their peak to mean anything."""
    return results.scenario.scenario.users < PEAK_USERS


def _pools(results: Results) -> Iterator[tuple[Size, Line]]:
    start = results.scenario.scenario.start
    for name, rows in pools(results).items():
        real = amount("fen", rows[0]["real_fen"], large=True)
        total = f"of {amount('fen', rows[0]['total_fen'])} ({real} at real size)"
        words = f"{name}, gave to {rows[0]['serves']}"
        yield "simulated", Line(words, mean(rows, "spent_fen", "fen"), f"{total}; {fate(rows, start)}")


def _report(results: Results) -> Iterator[tuple[Size, Line]]:
    for row in charity_report(results).iter_rows(named=True):
        value = amount(row["unit"], row["value"], row.get("value_high"), large=row["size"] == "real")
        yield row["size"], Line(row["name"], value, over(row["over"], len(results.outcomes)))


def _verdict(results: Results) -> str:
    failed = [c["name"] for o in results.outcomes for c in o.audit["checks"] if not c["passed"]]
    return BALANCED if results.balanced else f"books NOT balanced: {', '.join(dict.fromkeys(failed))}"


# --- three ways to write it ----------------------------------------------------------------------------


def markdown(summary: Summary, pictures: Sequence[str]) -> str:
    """`summary.md`; `pictures` are names of figures beside it."""
    lines = [f"# {summary.title}", "", summary.facts, ""]
    lines += [line for note in summary.notes for line in (f"> {note}", "")]
    for section in summary.sections:
        lines += [f"## {_heading(section.title)}", "", "| | | |", "|---|---:|---|"]
        lines += [*(f"| {each.words} | {each.value} | {each.note} |" for each in section.lines), ""]
    if summary.published:
        lines += [f"## {_heading(_compared(summary))}", ""]
        lines += [
            "| | published | simulated | tolerance | unit | | source |",
            "|---|---:|---:|---|---|---|---|",
        ]
        lines += [f"| {' | '.join([*_cells(r, summary), r['source']])} |" for r in summary.published] + [""]
    best = [name for name in (*FAVOURITES, *pictures) if name in pictures]
    lines += [f"![{name}](figures/{name}.png)\n" for name in list(dict.fromkeys(best))[:PICTURES]]
    return "\n".join([*lines, "Metrics and tables: `metrics.parquet`, `tables/`.", "", summary.verdict, ""])


def _heading(title: str) -> str:
    return title[:1].upper() + title[1:]


def show(console: Console, summary: Summary, folder: Path, pictures: Sequence[str]) -> None:
    """Print the summary; the verdict is the last line."""
    console.print(f"\n[bold]{escape(summary.title)}[/bold]\n{escape(summary.facts)}", highlight=False)
    for note in summary.notes:
        console.print(escape(note), style="yellow", highlight=False)
    for section in summary.sections:
        console.print(escape(section.title), style="italic", highlight=False)
        console.print(_numbers(section))
    if summary.published:
        console.print(_published_table(summary))
    console.print(f"figures: {folder / 'figures'} ({len(pictures)})", highlight=False, soft_wrap=True)
    console.print(f"data:    {folder}", highlight=False, soft_wrap=True)
    console.print(
        summary.verdict, style="green" if summary.verdict == BALANCED else "bold red", highlight=False
    )


def _numbers(section: Section) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    table.add_column(min_width=36)
    table.add_column(justify="right")
    table.add_column()
    for line in section.lines:
        table.add_row(escape(line.words), escape(line.value), escape(line.note))
    return table


def _compared(summary: Summary) -> str:
    return f"{COMPARED}, {Scale(1, 1).label('any')}" if summary.published else COMPARED


def _cells(row: Compared, summary: Summary) -> list[str]:
    """A published row as it is written: name, published, simulated, tolerance, unit, verdict."""
    value = f"{row['simulated']:.4g}" if row["over"] else NOTHING
    few = over(row["over"], summary.replications)
    limits = f"{row['low']:.4g} – {row['high']:.4g}"
    verdict = f"{'ok' if row['passed'] else 'missed'}{', ' if few else ''}{few}"
    return [row["name"], row["published"], value, limits, row["unit"], verdict]


def _published_table(summary: Summary) -> Table:
    table = Table(title=_compared(summary), title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name, side in (("", "left"), ("published", "right"), ("simulated", "right"), ("tolerance", "left")):
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    table.add_column("unit")
    table.add_column("")
    for row in summary.published:
        *cells, verdict = (escape(cell) for cell in _cells(row, summary))
        colour = "green" if row["passed"] else "red"
        table.add_row(*cells, f"[{colour}]{verdict}[/{colour}]")
    return table


def as_dict(results: Results) -> dict[str, Any]:
    """The summary for programs: metric → value, and with several replications its interval.

    `sizes` says at which size each number stands; `over` names the metrics that not all replications have.
    """
    world, count, rows = results.scenario.scenario, len(results.outcomes), totals(results).to_dicts()
    names: dict[str, list[str]] = {size: [] for size in SIZES}
    for row in rows:
        names[metric(row["metric"]).size].append(row["metric"])
    return {
        "scenario": results.name,
        "design": results.design,
        "users": world.users,
        "real_users": world.real_users,
        "seed": world.seed,
        "replications": count,
        "settings_hash": settings_hash(results.scenario),
        "folder": str(results.folder) if results.folder else None,
        "sizes": {
            "factor": Scale.of(results.scenario).factor,
            "simulated": names["simulated"],
            "any": names["any"],
        },
        "metrics": {row["metric"]: _value(row) for row in rows},
        "over": {row["metric"]: row["over"] for row in rows if row["over"] < count},
        "notes": [*summarise(results).notes, *filter(None, [capping(pools(results))])],
        "pools": [{"size": "simulated", **row} for row in _budgets(results)],
        "published": merged(results),
        "report": [_report_row(row) for row in charity_report(results).iter_rows(named=True)],
        "digests": [o.digest for o in results.outcomes],
        "balanced": results.balanced,
    }


def _value(row: dict[str, Any]) -> Any:
    return [row["value"], row["value_low"], row["value_high"]] if "value_low" in row else row["value"]


def _report_row(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("name", "unit", "size", "over")} | {"value": _value(row)}


def _budgets(results: Results) -> list[dict[str, Any]]:
    """Every pool of every replication."""
    return results.tables["budgets"].to_dicts() if "budgets" in results.tables else []
