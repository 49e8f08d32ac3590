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
QUIZ = list(world("hello", 5000).deeds).index("quiz")


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


def other_deeds(design: str) -> dict[tuple[int, int], list[int]]:
    """What every user did on every day besides the deed that the design makes dearer, in order."""
    rows = actions(design)
    done = rows[np.isin(rows["kind"], (Kind.DEED, Kind.GENERAL)) & (rows["deed"] != QUIZ)]
    days: dict[tuple[int, int], list[int]] = {}
    for agent, t, deed in zip(*(done[name].tolist() for name in ("agent", "t", "deed")), strict=True):
        days.setdefault((agent, t // DAY_US), []).append(deed)
    return days


def test_a_dearer_deed_leaves_the_others_as_they_were():
    """Of the days of a user with other deeds under either design, nearly all have the same ones in the same order."""
    base, double = other_deeds("base"), other_deeds("double")
    days = base.keys() | double.keys()
    same = sum(base.get(day) == double.get(day) for day in days) / len(days)
    print(f"days of a user with the same other deeds: {same:.3f} of {len(days)}")
    assert len(days) > 800
    assert same > 0.93


def test_who_gives_anyhow_gives_the_same():
    """A dearer quiz before a gift changes neither whether it is given nor how much."""
    given = [rows[rows["kind"] == Kind.GIFT] for rows in (actions("base"), actions("double"))]
    base, double = (set(zip(*(g[name].tolist() for name in ("agent", "fen")), strict=True)) for g in given)
    same = len(base & double) / len(base | double)
    print(f"the same gifts by the same users: {same:.3f} of {len(base | double)}")
    assert len(base) > 50
    assert same > 0.8


@cache
def lives_elsewhere(shift: float) -> dict[int, list[tuple[object, ...]]]:
    """What the players of all channels but one did, if that one draws so much more to reading aloud."""
    scenario = world("week95_2022", 3000, 1)
    youku = scenario.channels["youku"]
    channels = scenario.channels | {"youku": youku.model_copy(update={"mix": youku.mix | {"voice": shift}})}
    told: list[Actions] = []
    Campaign(
        scenario.model_copy(update={"channels": channels}), workers=1, record_all=True,
        watch=lambda part: told.append(part.copy()),
    ).run()  # fmt: skip
    rows = join(*told)
    rows = rows[(roles(rows) == Role.USER) & (rows["channel"] != list(channels).index("youku"))]
    rows = rows[np.isin(rows["agent"], rows["agent"][rows["kind"] == Kind.SESSION])]
    lives: dict[int, list[tuple[object, ...]]] = {}
    for agent, *life in rows[["agent", "t", "kind", "deed", "beans", "minutes"]].tolist():
        lives.setdefault(agent, []).append(tuple(life))
    return lives


def test_players_whom_a_rule_does_not_concern_play_on_alike():
    """What one channel draws people to leaves the players of the others second by second as they were."""
    without, with_it = lives_elsewhere(1.5), lives_elsewhere(3.0)
    users = without.keys() | with_it.keys()
    same = sum(without.get(user) == with_it.get(user) for user in users) / len(users)
    print(f"players of other channels with the same life: {same:.3f} of {len(users)}")
    assert len(users) > 500
    assert same > 0.99


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
