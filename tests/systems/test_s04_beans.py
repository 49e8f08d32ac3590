"""S4 爱豆: beans are earned, grow, ripen, are harvested, given, redeemed, and gone in time."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from sim.kernel.rows import NO_DEED
from tests.systems.runs import DAY_US, Run, run

USERS = 5_000


@pytest.fixture(scope="module")
def week() -> Run:
    return run("week95_2022", USERS)


def total(r: Run, *kinds: Kind) -> int:
    return int(r.rows(*kinds)["beans"].sum())


def test_every_bean_issued_is_somewhere(week: Run) -> None:
    """Issued = growing + available + held for vouchers + donated + redeemed + expired + revoked."""
    users = week.campaign.population.users
    held = total(week, Kind.REDEEM_HOLD) - total(week, Kind.REDEEM_SHIP, Kind.REDEEM_CANCEL)
    gone = total(week, Kind.BEAN_GIFT, Kind.REDEEM_SHIP, Kind.FADE, Kind.EXPIRE, Kind.REVOKE)
    on_rows = int(users["growing"].sum() + users["available"].sum())
    assert total(week, Kind.DEED, Kind.GRANT) == on_rows + held + gone


def test_beans_are_ripe_after_their_time_and_not_before(week: Run) -> None:
    """The first harvest comes on the second day, with 48 hours of growth on the third."""
    slow = run("week95_2022", USERS, beans__ripen="48 h", beans__fade="48 h")
    assert week.day_of(week.rows(Kind.HARVEST)).min() == 1
    assert slow.day_of(slow.rows(Kind.HARVEST)).min() == 2
    assert slow.metrics["beans_harvested"] < week.metrics["beans_harvested"]


def test_what_is_not_picked_fades_at_midnight(week: Run) -> None:
    """A day to pick instead of three: more fades; fading happens at midnight and first after that day."""
    short = run("week95_2022", USERS, beans__fade="24 h")
    assert total(short, Kind.FADE) > 1.2 * total(week, Kind.FADE) > 0
    for r, first in ((week, 5), (short, 3)):
        faded = r.rows(Kind.FADE)
        assert (faded["t"] % DAY_US == 0).all()
        assert r.day_of(faded).min() == first  # earned on day 0, alive through ripen + fade days


def test_harvested_beans_expire_when_their_period_ends() -> None:
    """Valid until a day after the week: what was available is gone that midnight, what is picked later at the next."""
    week = run("week95_2022", USERS)
    brief = run("week95_2022", USERS, beans__valid_after_end="1 day")
    expired = brief.rows(Kind.EXPIRE)
    assert set(brief.day_of(expired[expired["t"] % DAY_US == 0])) >= {8}
    assert len(week.rows(Kind.EXPIRE)) == 0
    available = brief.tables["days"]["available"]
    assert available[8] < 0.4 * available[7]
    assert week.tables["days"]["available"][8] > 0.6 * week.tables["days"]["available"][7]


def test_nobody_grows_more_than_the_days_cap(week: Run) -> None:
    """Beans of a user's day stay within the cap, and a lower cap issues fewer."""
    low = run("week95_2022", USERS, rules__daily_cap__form__cap=50)
    for r, cap in ((week, 200), (low, 50)):
        grown = r.rows(Kind.DEED, Kind.GRANT)
        key = grown["agent"].astype(np.int64) * 100 + r.day_of(grown)
        per_day = np.bincount(np.unique(key, return_inverse=True)[1], grown["beans"])
        assert per_day.max() == cap
    assert low.metrics["beans_issued"] < week.metrics["beans_issued"]


def test_a_streak_and_a_team_pay_more(week: Run) -> None:
    """Without the streak bonus every sign-in is worth its ten beans; with it up to fifteen."""
    plain = run("week95_2022", USERS, rules__streak=False, rules__teams=False)
    for r, most in ((week, 15), (plain, 10)):
        assert r.paid("sign_in")[1].max() == most
    steps, beans = week.paid("steps")
    honest = steps["agent"] < USERS
    assert beans[honest & (steps["team"] == 1)].mean() > beans[honest & (steps["team"] == 0)].mean()


def test_donated_beans_are_full_hundreds_paid_by_the_sponsor(week: Run) -> None:
    """A hundred beans are a yuan from the pool to the project, and six donated minutes to the giver."""
    gifts = week.rows(Kind.BEAN_GIFT)
    assert len(gifts) > 100
    assert (gifts["beans"] % 100 == 0).all()
    np.testing.assert_array_equal(gifts["fen"], gifts["beans"])
    assert set(gifts["minutes"]) == {6}
    assert week.tables["projects"]["bean_fen"].sum() == gifts["fen"].sum()


def test_bean_gifts_stop_when_the_pool_is_empty(week: Run) -> None:
    """A tiny pool pays whole gifts while it can; what it cannot cover is refused and the beans stay."""
    poor = run("week95_2022", USERS, pools__beans__total="120_000 yuan")
    paid, pool = total(poor, Kind.BEAN_GIFT), 1_500
    assert poor.rows(Kind.BEAN_GIFT)["fen"].sum() <= pool
    assert pool - paid < 100
    assert len(poor.rows(Kind.BEAN_GIFT, refused=True)) > 0
    assert poor.tables["days"]["available"][6] > week.tables["days"]["available"][6]


def test_vouchers_are_held_then_shipped_while_stock_lasts(week: Run) -> None:
    """Each voucher costs its beans; a stock of one voucher is given out once."""
    held, shipped = week.rows(Kind.REDEEM_HOLD), week.rows(Kind.REDEEM_SHIP)
    assert set(held["beans"]) == {200, 500}
    assert 0 < len(shipped) <= len(held)
    scarce = run("week95_2022", USERS, redemptions__voucher__stock=1, redemptions__badge__stock=1)
    assert len(scarce.rows(Kind.REDEEM_HOLD)) == 2
    none = run("week95_2022", USERS, redemptions__voucher__stock=0, redemptions__badge__stock=0)
    assert len(none.rows(Kind.REDEEM_HOLD)) == 0


def test_a_shipped_voucher_costs_its_value(week: Run) -> None:
    """Subsidy counts a voucher at its yuan value, beside what pools pay for gifts, orders, beans and teams."""
    shipped = week.rows(Kind.REDEEM_SHIP)
    cost = int(np.array([500, 100])[shipped["deed"]].sum())
    paid = week.tables["budgets"]["spent_fen"].sum()
    assert week.metrics["subsidy_fen"] - paid == cost > 0


def test_deeds_of_every_kind_pay_their_beans(week: Run) -> None:
    """Service, gifts, joining a team and cause purchases let beans grow as their entries say."""
    for name in ("volunteer", "gift", "join_team", "tree"):
        assert week.deeds(name)["beans"] > 0, name
    purchases = week.rows(Kind.DEED)
    purchases = purchases[purchases["deed"] == NO_DEED]
    assert purchases["beans"].max() == week.campaign.scenario.orders.beans
    assert len(run("week95_2022", USERS, orders__beans=0).rows(Kind.DEED)) < len(week.rows(Kind.DEED))


def test_a_head_start_grows_for_those_who_come() -> None:
    """Every new player begins with the beans of the head start."""
    given = run("week95_2022", USERS, rules__goal__form__goal__head_start=30)
    first = given.rows(Kind.ENTER)["agent"]
    grown = given.rows(Kind.GRANT)
    starts = grown["agent"][(grown["beans"] == 30) & (grown["deed"] == NO_DEED)]
    assert sorted(starts) == sorted(first)
    assert len(first) > 100
