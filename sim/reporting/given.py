"""What every incentive rule gave, in a line each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.observation.rules import OWN
from sim.reporting.pools import mean

if TYPE_CHECKING:
    from sim.reporting.results import Results

Given = list[dict[str, Any]]  # a rule's row of `rules`, one a replication
# What else a rule may have given, with its unit: told where there is any.
BESIDES = {"minutes": "minutes", "messages": "messages", "badges": "badges", "beans_gone": "beans"}
WORDS = {"minutes": "charity time", "messages": "messages", "badges": "badges", "beans_gone": "beans let go"}


# Forms that are there to give something: a rule of one is told also when it gave nothing.
GIVING = (
    "add",
    "add_hours",
    "times",
    "tiers",
    "streak",
    "lottery",
    "rank",
    "share",
    "refer",
    "match",
    "cofund",
)


def given(results: Results) -> dict[str, Given]:
    """The rows of every rule that gave anything or was there to, by its name; what deeds pay by themselves first."""
    if "rules" not in results.tables:
        return {}
    frame = results.tables["rules"]
    rows = {
        str(name): frame.filter(pl.col("rule") == name).to_dicts()
        for name in frame["rule"].unique(maintain_order=True)
    }
    gives = {name for name, rule in results.scenario.rules.items() if rule.form.kind in GIVING}
    return {name: its for name, its in rows.items() if name in gives or gave(its)}


def gave(rows: Given) -> bool:
    """Whether a rule gave anything, in any replication."""
    return any(row[column] for row in rows for column in ("cost_fen", *BESIDES))


def lines(results: Results) -> Iterator[tuple[str, str, str]]:
    """By rule: words, what it cost, and what it gave to how many."""
    for name, rows in given(results).items():
        words = f"cost of {name}" if name != OWN else "cost that no rule names (deeds' own pay, teams)"
        yield words, mean(rows, "cost_fen", "fen"), "; ".join(_notes(rows))


def _notes(rows: Given) -> Iterator[str]:
    if not gave(rows):
        yield "it gave nothing"
    if any(row["beans"] for row in rows):
        yield f"{mean(rows, 'beans', 'beans')} beans at their price"
    if any(row["people"] for row in rows):
        yield f"to {mean(rows, 'people', 'people')} people"
    if any(row["farmer_fen"] for row in rows):
        yield f"{mean(rows, 'farmer_fen', 'fen')} of it to farmers"
    for column, unit in BESIDES.items():
        if any(row[column] for row in rows):
            yield f"{WORDS[column]}: {mean(rows, column, unit)}"
    if rows[0]["budget_fen"] is not None:
        yield f"{mean(rows, 'left_fen', 'fen')} left of its budget"
