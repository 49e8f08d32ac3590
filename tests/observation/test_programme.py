"""The programme's cost: what was paid, and what beans still unspent are expected to cost."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from sim.engine.actions import from_rows
from sim.observation.recorder import Recorder
from tests.observation.conftest import USERS, Week

FEN = 100


def seen_by(week: Week, *rows: dict[str, int]) -> Recorder:
    recorder = Recorder(week.seen.world)
    recorder.actions(from_rows(list(rows)))
    return recorder


def held_fen(week: Week) -> float:
    """All beans that users hold, at their full price."""
    users = week.campaign.population.users
    beans = sum(int(users[name].sum(dtype=np.int64)) for name in ("growing", "available"))
    return beans * FEN / week.campaign.scenario.beans.per_yuan


def test_the_cost_is_the_subsidy_and_what_is_owed(week: Week) -> None:
    """One sum; people's and farmers' parts add up to it."""
    totals = week.seen.totals()
    assert totals["programme_cost_fen"] == pytest.approx(totals["subsidy_fen"] + totals["liability_fen"])
    people = totals["programme_cost_per_participant"] * totals["participants"]
    assert people + totals["farmer_cost_fen"] == pytest.approx(totals["programme_cost_fen"])
    assert totals["farmer_cost_fen"] > totals["farmer_subsidy_fen"] > 0


def test_nothing_is_owed_beyond_the_price_of_the_beans(week: Week) -> None:
    """However much of what came to an end was used."""
    rows = week.stream
    asked = [int(rows["beans"][rows["kind"] == kind].sum()) for kind in (Kind.REDEEM_HOLD, Kind.REDEEM_SHIP,
                                                                          Kind.REDEEM_CANCEL)]  # fmt: skip
    waiting = (asked[0] - asked[1] - asked[2]) * FEN / week.campaign.scenario.beans.per_yuan
    assert 0 < week.seen.totals()["liability_fen"] <= held_fen(week) + waiting


def test_where_no_bean_has_come_to_an_end_all_are_owed_in_full(week: Week) -> None:
    """What people will do is not known yet."""
    totals = seen_by(week, {"kind": Kind.SESSION, "agent": 1}).totals()
    assert np.isnan(totals["beans_used_share"])
    assert totals["liability_fen"] == pytest.approx(held_fen(week))


@pytest.mark.parametrize("lost", [Kind.FADE, Kind.EXPIRE, Kind.DECAY])
def test_the_share_that_is_used_is_that_of_the_beans_that_came_to_an_end(week: Week, lost: Kind) -> None:
    """200 given and 100 redeemed, 100 lost in whatever way: three quarters."""
    seen = seen_by(
        week,
        {"kind": Kind.BEAN_GIFT, "agent": 1, "beans": 200, "fen": 200, "pool": 1, "project": 0, "rule": 0},
        {"kind": Kind.REDEEM_SHIP, "agent": 2, "beans": 100, "deed": 0},
        {"kind": lost, "agent": 3, "beans": 100, "rule": 1 if lost is Kind.DECAY else 0},
    )
    assert seen.totals()["beans_used_share"] == 0.75
    assert seen.tables()["days"]["beans_expired"].sum() == 0  # no day is closed


def test_beans_that_wait_for_a_voucher_are_unspent(week: Week) -> None:
    """Until it is shipped, when it is paid for, or cancelled, when they are back with their owner."""
    hold = {"kind": Kind.REDEEM_HOLD, "agent": 1, "beans": 50, "deed": 0}
    price = 50 * FEN / week.campaign.scenario.beans.per_yuan
    for end, owed in ((None, price), (Kind.REDEEM_SHIP, 0.0), (Kind.REDEEM_CANCEL, 0.0)):
        rows = [hold] if end is None else [hold, hold | {"kind": end}]
        assert seen_by(week, *rows).totals()["liability_fen"] == pytest.approx(held_fen(week) + owed), end


def test_farmers_use_beans_by_a_share_of_their_own(week: Week) -> None:
    """What they let fade says nothing about people."""
    faded = {"kind": Kind.FADE, "agent": USERS + 1, "beans": 100}
    shipped = {"kind": Kind.REDEEM_SHIP, "agent": 1, "beans": 1, "deed": 0}
    assert seen_by(week, faded, shipped).totals()["beans_used_share"] == 1.0
