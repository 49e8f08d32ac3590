"""Givers: a past that some bring along, and gifts that are split where each has a lot of its own."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.behaviour.parameters import load_parameters
from sim.bookkeeping import Kind
from sim.engine.campaign import Campaign
from sim.kernel.donors import MOST_PARTS
from sim.scenario import Scenario
from tests.systems.runs import DAY_US, Run, run, scenario, with_parameters

USERS = 10_000
NINE = DAY_US + 9 * DAY_US // 24  # the pool opens
KNOW = {"giving_split_share": 1.0}
AMPLE = {
    "pools__main__total": "40_000_000_000 yuan", "rules__main_match__form__match__per_account": "1_000_000 yuan",
    "rules__main_match__form__match__most": "1_000_000 yuan", "gifts__completion": 0.0,
}  # fmt: skip
LOT = {"rules__main_match__form__match__lot": True}


# --- a match by lot is another game ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def first() -> Run:
    """First come, and everybody knows the rule."""
    return with_parameters("match_pools", USERS, KNOW, **AMPLE)


@pytest.fixture(scope="module")
def lot() -> Run:
    """By lot, and everybody knows it."""
    return with_parameters("match_pools", USERS, KNOW, **AMPLE, **LOT)


def asked(r: Run) -> NDArray[np.void]:
    """Gifts that asked the pool."""
    gifts = r.rows(Kind.GIFT)
    return gifts[gifts["pool"] > 0]


def whole(gifts: NDArray[np.void]) -> NDArray[np.int64]:
    """What was decided on, fen: the parts of a gift together, in the order in which they were given."""
    decided = np.flatnonzero(gifts["ref"] == 0)
    keys = gifts["agent"].astype(np.int64) << 32
    own = keys | np.where(gifts["ref"] == 0, gifts["number"], gifts["ref"])
    _, at = np.unique(own, return_inverse=True)
    return np.bincount(at, gifts["fen"])[at[decided]].astype(np.int64)


def test_a_lot_makes_gifts_many_and_small_and_first_come_does_not(first: Run, lot: Run) -> None:
    """Who knows that each gift has a lot of its own makes three of one: thrice the gifts, a third in each, the money
    about the same."""
    many, few = asked(lot), asked(first)
    assert not few["ref"].any()
    assert len(many) / len(few) == pytest.approx(3.0, rel=0.05)
    assert many["fen"].mean() / few["fen"].mean() == pytest.approx(1 / 3, rel=0.1)
    assert many["fen"].sum() / few["fen"].sum() == pytest.approx(1.0, rel=0.08)


def test_only_those_who_know_split() -> None:
    """With the shipped share, a fifth of the gifts comes in three; with none, none does, and every lot is as it was."""
    some, none = (
        with_parameters("match_pools", USERS, {"giving_split_share": share}, **AMPLE, **LOT)
        for share in (load_parameters()["giving_split_share"], 0.0)
    )
    assert not asked(none)["ref"].any()
    gifts = asked(some)
    split = np.unique(np.stack([gifts["agent"][gifts["ref"] > 0], gifts["ref"][gifts["ref"] > 0]]), axis=1)
    decided = (gifts["ref"] == 0).sum()
    assert split.shape[1] / decided == pytest.approx(0.2, abs=0.06)
    assert len(gifts) / decided == pytest.approx(1.4, abs=0.12)
    alone = ~np.isin(gifts["agent"], split[0])
    before = asked(none)
    same = ~np.isin(before["agent"], split[0])
    count = min(alone.sum(), same.sum(), 50)
    for name in ("agent", "fen", "match"):
        np.testing.assert_array_equal(gifts[name][alone][:count], before[name][same][:count])


def test_each_part_has_its_own_lot(lot: Run) -> None:
    """The parts of one gift are matched by different multiples, which are 1 in the mean."""
    gifts = asked(lot)
    multiple = gifts["match"] / gifts["fen"]
    later = np.flatnonzero((gifts["ref"] > 0) & (gifts["fen"] >= 30))
    assert (multiple[later] != multiple[later - 1]).mean() > 0.95
    assert multiple.mean() == pytest.approx(1.0, abs=0.1)


def test_a_lot_without_a_live_pool_splits_nothing(lot: Run) -> None:
    """Before the pool opens there is no lot to win."""
    gifts = lot.rows(Kind.GIFT)
    assert not gifts["ref"][gifts["t"] < NINE].any()


def test_nobody_farms_minutes_or_beans_by_splitting(first: Run, lot: Run) -> None:
    """A split gift is one deed: its hours once, its beans once, counted once among the deeds and once as a past."""
    gifts = lot.rows(Kind.GIFT)
    assert not gifts["minutes"][gifts["ref"] > 0].any()
    decided = int((gifts["ref"] == 0).sum())
    assert lot.deeds("gift")["times"] == decided
    assert lot.metrics["gifts"] == len(gifts) > 1.5 * decided
    for name in ("minutes", "beans"):
        per_deed = [r.deeds("gift")[name] / r.deeds("gift")["times"] for r in (first, lot)]
        assert per_deed[0] == pytest.approx(per_deed[1], rel=0.03)
    remembered = [r.campaign.population.users["gifts"][:USERS].mean() for r in (first, lot)]
    assert remembered[0] == pytest.approx(remembered[1], rel=0.03)


def test_a_split_gift_is_remembered_whole(lot: Run) -> None:
    """The next gift follows what was decided on, not a part of it."""
    gifts = asked(lot)
    largest = np.zeros(USERS, np.int64)
    np.maximum.at(largest, gifts["agent"][gifts["ref"] == 0].astype(np.int64), whole(gifts))
    users = lot.campaign.population.users[:USERS]
    assert (users["gift_yuan"] * 100 >= largest).all()


def test_more_parts_than_there_is_room_for_are_never_made() -> None:
    """However many are asked for, a gift has at most five parts."""
    many = asked(with_parameters("match_pools", 3_000, KNOW | {"giving_split_parts": 50.0}, **AMPLE, **LOT))
    parts = np.unique(many["agent"].astype(np.int64) << 32 | many["ref"], return_counts=True)[1]
    assert len(many) / (many["ref"] == 0).sum() == pytest.approx(MOST_PARTS)
    assert parts.max() >= MOST_PARTS - 1


# --- donors have a past ---------------------------------------------------------------------------------


def people(made: Scenario) -> NDArray[np.void]:
    """Users and farmers before the first day."""
    population = Campaign(made, workers=1).population
    population.close()
    return population.users


def test_a_share_of_the_users_have_given_before_and_no_farmer() -> None:
    """Ten in a hundred by default: gifts, the month of the last and the largest; all others stand at zero."""
    rows = people(scenario("match_pools", USERS, changes={"farmers.share": 0.05}))
    assert len(rows) > USERS + 100
    gave = rows["gifts"] > 0
    assert gave[:USERS].mean() == pytest.approx(0.1, abs=0.015)
    assert not gave[USERS:].any()
    assert not rows["gift_yuan"][~gave].any()
    assert not rows["gift_month"][~gave].any()
    assert rows["gift_yuan"][gave].min() >= 1
    assert rows["gift_month"][gave].max() == 0
    assert -rows["gift_month"][gave].mean() == pytest.approx(12.56, rel=0.15)


def test_a_past_is_of_the_app_s_own_size() -> None:
    """The largest gift before is 1.6 times a usual one, whatever is usual there: the letters' dollars stay there."""
    for median in (5, 50):
        rows = people(scenario("match_pools", USERS, changes={"gifts.donors_at_start": 1.0,
                                                              "gifts.first_median": f"{median} yuan"}))  # fmt: skip
        assert np.median(rows["gift_yuan"]) == pytest.approx(1.608 * median, rel=0.05, abs=0.5)


def test_a_past_counts_for_nothing_here_but_shapes_what_is_given() -> None:
    """Paired: no gift, minute or bean of before is booked; those with a past give larger gifts than they would."""
    blank = run("match_pools", USERS, gifts__donors_at_start=0.0)
    past = run("match_pools", USERS, gifts__donors_at_start=1.0)
    assert past.metrics["gifts"] == len(past.rows(Kind.GIFT))
    (agents, fen), (others, more) = (first_gifts(r) for r in (blank, past))
    both = np.intersect1d(agents, others)
    assert len(both) > 250
    larger = np.log(more[np.isin(others, both)] / fen[np.isin(agents, both)]).mean()
    assert 0.1 < larger < 0.9


def test_who_has_given_before_gives_more_often() -> None:
    """Paired: the more users carry a past, the more gifts there are."""
    few, all_ = (run("week95_2022", 20_000, gifts__donors_at_start=share) for share in (0.0, 1.0))
    assert all_.metrics["gifts"] > 1.02 * few.metrics["gifts"]


def first_gifts(r: Run) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Who gave, and how much the first time."""
    gifts = r.rows(Kind.GIFT)
    agents, at = np.unique(gifts["agent"], return_index=True)
    return agents, gifts["fen"][at]


def test_recent_and_frequent_donors_give_more_than_blank_users_and_lapsed_ones_less() -> None:
    """Paired with the same luck: 0.498 a log of gifts up, 0.593 a log of months down."""
    blank = run("match_pools", USERS, gifts__donors_at_start=0.0)
    past = run("match_pools", USERS, gifts__donors_at_start=1.0)
    start = people(scenario("match_pools", USERS, changes={"gifts.donors_at_start": 1.0}))[:USERS]
    recent = (start["gift_month"] >= -3) & (start["gifts"] >= 8)
    lapsed = (start["gift_month"] <= -24) & (start["gifts"] <= 4)
    without, gave = (np.isin(np.arange(USERS), first_gifts(r)[0]) for r in (blank, past))
    assert gave[recent].sum() > without[recent].sum()
    assert gave[lapsed].sum() < without[lapsed].sum()
