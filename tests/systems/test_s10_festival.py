"""S10 双11: the pledge peak stands on the trade peak, the cash peak follows when goods are received."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from tests.systems.runs import DAY_US, Run, run

USERS = 10_000
DAY = 20  # 11 November


@pytest.fixture(scope="module")
def season() -> Run:
    return run("festival", USERS)


def test_pledges_peak_on_the_day_and_cash_days_later(season: Run) -> None:
    """Of the day's orders all is pledged at once; confirmations peak 3 to 10 days later, next to none that day."""
    cash = season.tables["cash"]
    assert cash["pledged_fen"].arg_max() == 0
    assert 3 <= cash["confirmed_fen"].arg_max() <= 10
    assert cash["confirmed_fen"][0] < 0.05 * cash["confirmed_fen"].sum()


def test_trade_and_love_peak_together(season: Run) -> None:
    """The festival day has more orders and more charity orders than any other, by the factor asked for."""
    days = season.tables["days"]
    for name in ("orders", "charity_orders", "pledged_fen"):
        assert days[name].arg_max() == DAY, name
    ordinary = days["orders"].gather([d for d in range(42) if d != DAY]).mean()
    assert days["orders"][DAY] / ordinary == pytest.approx(11.9, rel=0.1)


def test_orders_of_the_day_follow_the_published_curve(season: Run) -> None:
    """Cumulative orders pass the points of the curve."""
    curve = season.tables["festival_curve"]
    np.testing.assert_allclose(curve["simulated"], curve["published"], atol=0.02)


def test_about_the_share_asked_for_takes_part(season: Run) -> None:
    """Of the regular shoppers six in ten buy on the day; with three in ten fewer people buy more each."""
    few = run("festival", USERS, festivals__double11__takes_part=0.3)
    created = [r.rows(Kind.ORDER_CREATE) for r in (season, few)]
    buyers = [len(np.unique(rows["agent"][rows["t"] // DAY_US == DAY])) for rows in created]
    assert buyers[1] < 0.85 * buyers[0]
    assert few.tables["days"]["orders"][DAY] == pytest.approx(season.tables["days"]["orders"][DAY], rel=0.1)


def share_of_the_night(r: Run) -> tuple[float, float]:
    """Charity orders ÷ orders on the festival day, and on the others."""
    days = r.tables["days"]
    charity, orders = days["charity_orders"].to_numpy(), days["orders"].to_numpy()
    rest = np.arange(len(orders)) != DAY
    return charity[DAY] / orders[DAY], charity[rest].sum() / orders[rest].sum()


def test_posts_of_the_night_bring_charity_orders(season: Run) -> None:
    """What is passed on that day moves others to products that give, more of them the more is posted."""
    quiet, loud = (run("festival", USERS, sharing__post=post) for post in (0.0, 1.0))
    nights, others = zip(*(share_of_the_night(r) for r in (quiet, season, loud)), strict=True)
    assert nights[0] < nights[1] < nights[2]
    assert others[0] == others[1] == others[2]
    rise = np.log(nights[2] / (1 - nights[2])) - np.log(nights[0] / (1 - nights[0]))
    assert 0.01 < rise < 0.05  # all are reached at last: by then the log-odds of a friend's post


def test_without_a_badge_there_is_less_of_a_love_peak(season: Run) -> None:
    """Nobody can show or see which products give: fewer charity orders that night than with the badge."""
    unseen = run("festival", USERS, merchants__badge=False)
    assert share_of_the_night(unseen)[0] < share_of_the_night(season)[0]
    assert unseen.campaign.market.public["reached"][0] == 0.0


def test_a_presale_is_paid_when_the_balance_falls_due(season: Run) -> None:
    """Some orders of the presale are paid from 01:00 of the day on; without a presale none waits."""
    none = run("festival", USERS, festivals__double11__presale_share=0.0)
    due = DAY * DAY_US + DAY_US // 24
    for r, waits in ((season, True), (none, False)):
        created = {(int(o["agent"]), int(o["ref"])): o["t"] for o in r.rows(Kind.ORDER_CREATE)}
        paid = r.rows(Kind.ORDER_PAY)
        delay = np.array([p["t"] - created[int(p["agent"]), int(p["ref"])] for p in paid])
        long = paid[delay > DAY_US // 24]
        assert (len(long) > 100) == waits
        assert (long["t"] >= due).all()


def test_who_orders_on_the_day_itself_pays_at_once(season: Run) -> None:
    """The presale ends at midnight: orders between midnight and the balance at 01:00 do not wait for it."""
    first_hour = season.rows(Kind.ORDER_CREATE)
    first_hour = first_hour[
        (first_hour["t"] >= DAY * DAY_US) & (first_hour["t"] < DAY * DAY_US + DAY_US // 24)
    ]
    created = {(int(o["agent"]), int(o["ref"])): int(o["t"]) for o in first_hour}
    paid = [(int(p["agent"]), int(p["ref"]), int(p["t"])) for p in season.rows(Kind.ORDER_PAY)]
    delay = [t - created[agent, ref] for agent, ref, t in paid if (agent, ref) in created]
    within = (season.campaign.scenario.orders.pay_within // 1_000_000 + 4) * 1_000_000
    assert len(delay) > 100
    assert max(delay) <= within


def test_goods_of_the_day_cost_more(season: Run) -> None:
    """The same orders cost 1.67 times as much on the day as without the factor, and the same on other days."""
    plain = run("festival", USERS, festivals__double11__price_factor=1.0)
    dear, cheap = season.rows(Kind.ORDER_CREATE), plain.rows(Kind.ORDER_CREATE)
    np.testing.assert_array_equal(dear[["agent", "ref"]], cheap[["agent", "ref"]])
    factor = np.where(season.day_of(dear) == DAY, 1.67, 1.0)
    assert (np.abs(dear["price"] - factor * cheap["price"]) <= 2).all()
