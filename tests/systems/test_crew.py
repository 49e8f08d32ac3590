"""Staff are colleagues of all teams, and what ends an order does not hang on what began it."""

from __future__ import annotations

import numpy as np

from sim.bookkeeping import Kind
from tests.systems.runs import run

USERS = 4_000


def test_staff_join_every_team_as_others_do() -> None:
    """A quarter of the members are staff: their share is the same in the first and in the last teams."""
    busy = run("week95_2022", USERS, staff__share=0.25, teams__minimum=8, teams__maximum=8)
    joins, staff = busy.rows(Kind.TEAM_JOIN), busy.campaign.recorder.world.staff()
    joins = joins[joins["agent"] < USERS]
    of_staff = np.bincount(joins["team"][staff[joins["agent"]]], minlength=8)
    expected = np.bincount(joins["team"], minlength=8) * (of_staff.sum() / len(joins))
    assert expected.min() > 10
    assert (((of_staff - expected) ** 2) / expected).sum() < 24.3  # chi-square, 7 degrees, one in a thousand


def test_late_refunds_have_the_odds_of_the_scenario() -> None:
    """However many orders are cancelled before they are paid: of the confirmed ones the stated share comes back."""
    often = {"orders__cancel": 0.5, "orders__refund_after": 0.2, "orders__virtual_share": 1.0}
    r = run("week95_2022", USERS, **often, scenario__length="20 days", orders__virtual_timer="1 day",
            shopping__regular_orders_per_31_days=60.0, orders__ship_within="1 h")  # fmt: skip
    days = r.campaign.scenario.scenario.length // 86_400_000_000
    confirmed = r.rows(Kind.ORDER_CONFIRM)
    confirmed = confirmed[r.day_of(confirmed) < days - 4]  # the others' refunds are still to come
    late = r.rows(Kind.REFUND_LATE)
    share = np.isin(_order(confirmed), _order(late)).mean()
    assert len(confirmed) > 400
    assert abs(share - 0.2) < 4 * np.sqrt(0.2 * 0.8 / len(confirmed))


def _order(rows: np.ndarray) -> np.ndarray:
    return rows["agent"].astype(np.int64) << 32 | rows["ref"]
