"""The shipped ideas for incentive rules: each gives what it says, to whom it says, at the cost it says, and moves what
it should; whoever is not meant lives on as before.

All are played once beside the same scenario without them, with the same luck.
"""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.bookkeeping import Kind
from sim.engine.actions import join
from sim.engine.campaign import Campaign
from sim.experiments.cookbook import SCENARIO, Idea, ideas
from sim.loading import apply_design, scenario_text
from sim.scenario import Scenario
from tests.engine.worlds import made, merged
from tests.systems.runs import DAY_US, Run

USERS, FEWER = 4_000, 1_500
HOUR_US = DAY_US // 24
NAMES = [idea.name for idea in ideas()]
GIVEN = (
    Kind.GRANT,
    Kind.PRIZE,
    Kind.GIFT,
    Kind.ORDER_CONFIRM,
    Kind.TEAM_UNLOCK,
)  # what a rule can be named in
# What nobody shares with others: of a gift the project, its money and its match hang on what all have given before.
OWN = ["t", "kind", "deed", "channel", "number", "beans", "minutes", "klass", "team", "party", "price"]
DONE = (Kind.DEED, Kind.GENERAL)


def scenario_of(design: str, users: int = USERS, **changes: Any) -> Scenario:
    """The scenario of ideas under a design, with some settings changed besides."""
    document = apply_design(tomllib.loads(scenario_text(SCENARIO)), design)
    return made(merged(document | {"designs": {}}, changes), users, 1, "base")


def play(scenario: Scenario) -> Run:
    """What a run left behind, every row of every user."""
    told: list[NDArray[np.void]] = []
    campaign = Campaign(scenario, workers=1, record_all=True, watch=lambda part: told.append(part.copy()))
    campaign.run()
    campaign.population.close()
    assert all(check["passed"] for check in campaign.checks)
    return Run(campaign, join(*told), campaign.recorder.tables(), campaign.recorder.totals())


@cache
def played(design: str) -> Run:
    """A design played once."""
    return play(scenario_of(design))


def base() -> Run:
    return played("base")


def rule_of(design: str) -> str:
    """The rule that a design adds."""
    (name,) = set(played(design).campaign.scenario.rules) - set(base().campaign.scenario.rules)
    return name


def given(run: Run, rule: str) -> NDArray[np.void]:
    """The accepted rows that name a rule."""
    rows = run.rows(*GIVEN)
    return rows[rows["rule"] == run.rule(rule)]


def row_of(run: Run, rule: str) -> dict[str, Any]:
    """A rule's row in the table."""
    return next(row for row in run.tables["rules"].iter_rows(named=True) if row["rule"] == rule)


def times(run: Run, deed: str, some: NDArray[np.bool_] | None = None) -> int:
    """How often a deed was done, by these users."""
    done = run.rows(*DONE)
    done = done[(done["deed"] == run.deed(deed)) & (done["agent"] < USERS)]
    return len(done if some is None else done[some[done["agent"]]])


# --- what a rule gave stands alike wherever it is told -------------------------------------------------------------


@pytest.mark.parametrize("idea", ideas(), ids=lambda idea: idea.name)
def test_an_idea_gave_something(idea: Idea) -> None:
    """The rule that should pay has paid; one that only tells, honours or takes away has done so."""
    row = row_of(played(idea.name), rule_of(idea.name))
    assert idea.pays in ("", row["rule"])
    if idea.pays:
        assert row["grants"] > 0
        assert row["cost_fen"] > 0
    else:
        assert row["cost_fen"] == 0
        assert row["messages"] + row["badges"] + row["beans_gone"] > 0


@pytest.mark.parametrize("design", ["base", *NAMES])
def test_what_rules_gave_is_the_same_in_the_stream_in_the_books_and_in_the_table(design: str) -> None:
    """Rule by rule: beans, minutes and money, recounted from the rows; and the pools hold what is left of theirs."""
    run = played(design)
    books = run.campaign.books
    for number, (name, row) in (
        enumerate(zip(run.campaign.scenario.rules, run.tables["rules"].iter_rows(named=True)), 1)
        if False
        else enumerate((r["rule"], r) for r in run.tables["rules"].iter_rows(named=True))
    ):
        if number == 0:
            continue
        rows = given(run, name)
        granted = rows[rows["kind"] == Kind.GRANT]
        money = rows[rows["kind"] != Kind.GRANT]
        paid_out = np.isin(money["kind"], (Kind.PRIZE, Kind.TEAM_UNLOCK))
        fen = int(money["fen"][paid_out].sum() + money["match"][~paid_out].sum())
        assert int(granted["beans"].sum()) == books.balance(3110, number) == row["beans"], name
        assert int(granted["minutes"].sum()) == books.balance(3310, number) == row["minutes"], name
        assert fen == row["money_fen"], name
        assert row["cost_fen"] == row["price_fen"] + row["money_fen"], name
