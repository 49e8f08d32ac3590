"""The numbers of a run, in sections that each stand at one size, and as means over its replications."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from sim.observation.catalogue import METRICS
from sim.observation.festival import PEAK_USERS
from sim.observation.words import Published, Size
from sim.reporting import given
from sim.reporting.amounts import amount, over
from sim.reporting.metrics import metric
from sim.reporting.pools import capping, fate, mean, pools
from sim.reporting.results import Results
from sim.reporting.sizes import SIZES, Scale
from sim.reporting.statistics import averaged

HEADLINE = {
    metric.name: metric.headline for metric in METRICS if metric.headline
}  # in the order of the story


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
        return f"{self.about} ({self.label})"


class Compared(Published):
    """A published row with the mean over those replications that have it; `over` says how many."""

    over: int


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
        }
        for name, row in means.items()
    ]


def sections(results: Results) -> Iterator[Section]:
    """The sections of a summary that have any lines, in the order of the story."""
    return (section for section in _sections(results) if section.lines)


def _sections(results: Results) -> Iterator[Section]:
    scale = Scale.of(results.scenario)
    headline = [(metric(name).size, line) for name, line in _headline(results)]
    report = list(_report(results))
    for about, told, sizes in (
        ("campaign", headline, SIZES[:2]),
        ("rules", _rules(results), SIZES[:1]),
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


def _rules(results: Results) -> Iterator[tuple[Size, Line]]:
    for words, cost, note in given.lines(results):
        yield "simulated", Line(words, cost, note)


def _pools(results: Results) -> Iterator[tuple[Size, Line]]:
    start = results.scenario.scenario.start
    for name, rows in pools(results).items():
        real = amount("fen", rows[0]["real_fen"], large=True)
        total = f"of {amount('fen', rows[0]['total_fen'])} ({real} at real size)"
        words = f"given by {name}, for {rows[0]['serves']}"
        yield "simulated", Line(words, mean(rows, "spent_fen", "fen"), f"{total}; {fate(rows, start)}")


def _report(results: Results) -> Iterator[tuple[Size, Line]]:
    for row in charity_report(results).iter_rows(named=True):
        value = amount(row["unit"], row["value"], row.get("value_high"), large=row["size"] == "real")
        yield row["size"], Line(row["name"], value, over(row["over"], len(results.outcomes)))
