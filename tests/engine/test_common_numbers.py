"""Common random numbers: a design changes what it touches and nothing else, and differences get sharper."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from sim.bookkeeping import Kind, Role
from sim.engine.actions import Actions, join, roles
from sim.engine.campaign import Campaign
from sim.kernel.tallies import named
from sim.scenario import Clock
from tests.engine.worlds import world

SHOPPING = (Kind.VISIT, Kind.ORDER, Kind.ORDER_CREATE, Kind.ORDER_PAY, Kind.ORDER_SHIP, Kind.ORDER_CANCEL)
SHOPPING += (Kind.ORDER_CONFIRM, Kind.ORDER_REFUND, Kind.REFUND_LATE)
# What luck decides of an order.
DRAWN = ["t", "kind", "agent", "ref", "fen", "price", "party", "project", "channel"]
OUTCOMES = ("beans_issued", "deeds", "gift_fen", "active_days")
REPLICATIONS = 12
DAY_US = 86_400_000_000


@cache
def actions(design: str) -> Actions:
    """Every action of hello's users under a design."""
    told: list[Actions] = []
    campaign = Campaign(
        world("hello", 5000, 1, design), workers=1, record_all=True,
        watch=lambda part: told.append(part.copy()),
    )  # fmt: skip
    campaign.run()
    return join(*told)


def shopping(design: str) -> Actions:
    rows = actions(design)
    return rows[np.isin(rows["kind"], SHOPPING)]


def test_everybody_shops_alike_under_two_designs():
    """Dearer quizzes change no visit, no order, no product, price or delivery of anybody."""
    base, double = shopping("base"), shopping("double")
    assert len(base) > 5000
    assert (base["kind"] == Kind.ORDER_PAY).any()
    assert np.array_equal(base[DRAWN], double[DRAWN])


def test_users_a_design_does_not_touch_live_the_same_life():
    """Who never opens the play under either design does all the same, column by column."""
    both = [rows[roles(rows) == Role.USER] for rows in (actions("base"), actions("double"))]
    players = np.unique(np.concatenate([rows["agent"][rows["kind"] == Kind.SESSION] for rows in both]))
    base, double = (rows[~np.isin(rows["agent"], players)] for rows in both)
    assert len(players) > 500
    assert len(np.unique(base["agent"])) > 500
    assert np.array_equal(base, double)


def test_the_design_does_change_what_it_touches():
    """Players earn more beans, and more of them come; who came anyhow on the first day sits down at the same second."""
    both = [actions("base"), actions("double")]
    base, double = (rows["beans"][rows["kind"] == Kind.DEED].sum() for rows in both)
    assert double > 1.1 * base
    base, double = (rows[(rows["kind"] == Kind.SESSION) & (rows["t"] < DAY_US)] for rows in both)
    first = [set(rows[rows["deed"] == 0][["t", "agent", "channel"]].tolist()) for rows in (base, double)]
    assert len(first[1]) > len(first[0])
    assert len(first[0] - first[1]) < 0.02 * len(first[0])


@pytest.fixture(scope="module")
def outcomes() -> dict[str, np.ndarray]:
    """Headline counts by design, shape (replications, outcomes)."""
    found = {}
    for design in ("base", "double"):
        scenario = world("hello", 1000, 1, design).model_copy(update={"clock": Clock(barrier="12 h")})
        rows = []
        for replication in range(REPLICATIONS):
            campaign = Campaign(scenario, replication, workers=1)
            campaign.run()
            counts = named(campaign.counts())
            rows.append([getattr(counts, name) for name in OUTCOMES])
        found[design] = np.array(rows, float)
    return found


def test_common_numbers_sharpen_differences(outcomes):
    """Two designs compared on the same luck differ with less variance than on independent luck."""
    base, double = outcomes["base"], outcomes["double"]
    common = (double - base).var(axis=0, ddof=1)
    independent = double.var(axis=0, ddof=1) + base.var(axis=0, ddof=1)
    ratios = dict(zip(OUTCOMES, common / independent, strict=True))
    print(
        "variance of a difference, common ÷ independent numbers:", {k: f"{v:.3f}" for k, v in ratios.items()}
    )
    assert ratios["beans_issued"] < 0.5
    assert ratios["deeds"] < 0.5
