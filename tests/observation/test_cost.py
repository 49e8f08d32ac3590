"""What a campaign costs its sponsors is one sum: whoever tells it tells the same."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import DR_POSTED, POSTINGS, Kind
from tests.observation.conftest import Week

POOL = 2600


def vouchers_fen(week: Week) -> int:
    """The value of the vouchers that were shipped, by whomever they were asked for."""
    value = np.array([item.value for item in week.campaign.scenario.redemptions.values()])
    rows = week.stream[week.stream["kind"] == Kind.REDEEM_SHIP]
    return int(value[rows["deed"]].sum())


def test_the_subsidy_is_what_the_books_took_from_pools_and_the_vouchers_shipped(week: Week) -> None:
    """Money that goes back to a sponsor is no cost; team money and vouchers are."""
    taken = int(week.campaign.books.counters()[POOL][DR_POSTED].sum())
    back = int(week.stream["fen"][week.stream["kind"] == Kind.POOL_WITHDRAW].sum())
    unlocked = int(week.stream["fen"][week.stream["kind"] == Kind.TEAM_UNLOCK].sum())
    assert unlocked > 0
    assert vouchers_fen(week) > 0
    assert week.seen.totals()["subsidy_fen"] == taken - back + vouchers_fen(week)


def test_days_groups_pools_and_heads_share_out_the_same_sum(week: Week) -> None:
    """Days, honest users and farmers, pools with vouchers, users: each adds up to the subsidy."""
    tables, totals = week.seen.tables(), week.seen.totals()
    subsidy, days = totals["subsidy_fen"], tables["days"]
    assert tables["abuse"]["subsidy_fen"].sum() == subsidy
    assert tables["budgets"]["spent_fen"].sum() + vouchers_fen(week) == subsidy
    of_people = totals["subsidy_per_user"] * week.campaign.scenario.scenario.users
    assert of_people + totals["farmer_subsidy_fen"] == pytest.approx(subsidy)
    assert totals["farmer_subsidy_fen"] > 0
    parts = days["matched_fen"] + days["bean_gift_fen"] + days["unlocked_fen"] + days["voucher_fen"]
    assert days["subsidy_fen"].to_list() == parts.to_list()
    assert totals["farmer_share"] == pytest.approx(tables["abuse"]["subsidy_fen"][1] / subsidy)


def test_farmers_got_their_matches_and_their_vouchers(week: Week) -> None:
    """Row by row."""
    value = np.array([item.value for item in week.campaign.scenario.redemptions.values()])
    shipped = week.rows(Kind.REDEEM_SHIP, farmers=True)["deed"]
    matched = week.rows(Kind.GIFT, farmers=True)["match"].sum()
    assert matched > 0
    assert week.seen.tables()["abuse"]["subsidy_fen"][1] == matched + value[shipped].sum()


def test_no_kind_that_takes_from_a_pool_is_forgotten() -> None:
    """Whatever is posted from a pool to a project costs a sponsor; all else gives the money back to it."""
    from sim.observation.cost import GIVEN

    takes = {kind for kind, lines in POSTINGS.items() if any(line.debit == POOL for line in lines)}
    assert takes - set(GIVEN) == {Kind.POOL_WITHDRAW}


def test_an_overrun_is_told_of_all_that_was_set_aside(week: Week) -> None:
    """Pools cannot give more than they hold, nor more vouchers be shipped than are in stock."""
    assert week.seen.totals()["overrun"] == 0.0
