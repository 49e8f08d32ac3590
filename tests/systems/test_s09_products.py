"""S9 公益宝贝: a pledge is frozen when the order is created and paid when the buyer confirms receipt."""

from __future__ import annotations

import numpy as np
import pytest

from sim.behaviour.label import label_pull
from sim.behaviour.parameters import load_parameters
from sim.bookkeeping import Kind
from sim.kernel.rows import MAX_COFUNDS, NOBODY, PLAYER
from tests.systems.runs import DAY_US, PLENTY, Run, run, with_parameters

USERS = 10_000
GENEROUS = {"merchants_glow_median_yuan": 0.5}  # and more where the label pays some of it back
FICKLE = {"merchants__quit_per_month": 1.0}  # nearly a quarter of the merchants withdraws every week


@pytest.fixture(scope="module")
def season() -> Run:
    return run("festival", USERS)


def by_order(rows: np.ndarray) -> dict[tuple[int, int], np.void]:
    return {(int(r["agent"]), int(r["ref"])): r for r in rows}


@pytest.mark.parametrize("changes", [{}, FICKLE])
def test_donation_and_project_are_frozen_when_the_order_is_created(changes: dict[str, float]) -> None:
    """What is confirmed is what was pledged at creation, whatever the merchant has done since."""
    r = run("festival", USERS, **changes)
    created = by_order(r.rows(Kind.ORDER_CREATE))
    later = r.rows(Kind.ORDER_PAY, Kind.ORDER_CONFIRM, Kind.ORDER_REFUND)
    assert len(later) > 1_000
    for row in later:
        first = created[int(row["agent"]), int(row["ref"])]
        assert row["t"] >= first["t"]
        assert [row[c] for c in ("fen", "price", "project", "party")] == [
            first[c] for c in ("fen", "price", "project", "party")
        ]


def test_an_order_ends_once(season: Run) -> None:
    """Cancelled before it is paid, refunded, or confirmed: never two of them."""
    cancelled, paid, refunded, confirmed = (
        set(by_order(season.rows(k)))
        for k in (Kind.ORDER_CANCEL, Kind.ORDER_PAY, Kind.ORDER_REFUND, Kind.ORDER_CONFIRM)
    )
    assert min(len(cancelled), len(refunded)) > 100
    assert not cancelled & paid
    assert not refunded & confirmed
    assert refunded | confirmed <= paid


def test_only_confirmed_orders_give(season: Run) -> None:
    """Projects raise the donations confirmed; a refund before means none, a refund after changes nothing."""
    confirmed = season.rows(Kind.ORDER_CONFIRM)
    assert season.campaign.raised.sum() == confirmed["fen"].sum() == season.metrics["confirmed_fen"]
    late = set(by_order(season.rows(Kind.REFUND_LATE)))
    assert late
    assert late <= set(by_order(confirmed))
    eager = run("festival", USERS, orders__refund_before=1.0)
    assert eager.metrics["confirmed_fen"] == eager.campaign.raised.sum() == 0
    assert eager.metrics["pledged_fen"] > 0


def test_most_pledges_are_two_fen_and_none_is_less(season: Run) -> None:
    """0.02 yuan is by far the commonest; a donation is at least that and at most the price."""
    created = season.rows(Kind.ORDER_CREATE)
    assert created["fen"].min() >= 2
    assert (created["fen"] <= created["price"]).all()
    values, counts = np.unique(created["fen"], return_counts=True)
    assert values[counts.argmax()] == 2
    assert counts.max() > 0.5 * len(created)
    raised = run("festival", USERS, merchants__minimum_pledge="0.05 yuan")
    assert raised.rows(Kind.ORDER_CREATE)["fen"].min() == 5


def test_nobody_waits_longer_than_the_timer(season: Run) -> None:
    """An order counts as received at the latest when the timer from shipping runs out: 3, 10 or 30 days."""
    shipped, confirmed = by_order(season.rows(Kind.ORDER_SHIP)), season.rows(Kind.ORDER_CONFIRM)
    waits = np.array([r["t"] - shipped[int(r["agent"]), int(r["ref"])]["t"] for r in confirmed]) / DAY_US
    assert waits.max() <= 30
    assert (np.abs(waits - 10) < 0.001).sum() > 100  # express, by the timer
    patient = run("festival", USERS, orders__by_hand=0.0, orders__mail_share=0.0, orders__virtual_share=0.0)
    shipped, confirmed = by_order(patient.rows(Kind.ORDER_SHIP)), patient.rows(Kind.ORDER_CONFIRM)
    waits = np.array([r["t"] - shipped[int(r["agent"]), int(r["ref"])]["t"] for r in confirmed]) / DAY_US
    np.testing.assert_allclose(waits, 10, atol=0.001)


def test_a_confirmed_order_is_six_donated_minutes(season: Run) -> None:
    """One cause purchase is a tenth of a charity hour."""
    confirmed = season.rows(Kind.ORDER_CONFIRM)
    assert set(confirmed["minutes"]) == {6}
    assert season.campaign.population.users["donated"].sum() == 6 * len(confirmed)


def test_the_badge_sells_a_little() -> None:
    """Where pledges are large and shoppers see them, pledged products sell better than unseen."""
    seen, unseen = (
        with_parameters("festival", USERS, GENEROUS, merchants__badge=badge) for badge in (True, False)
    )
    assert 1.0 < charity_odds(seen) / charity_odds(unseen) < 1.05
    popularity = unseen.campaign.merchants.popularity
    pledged = unseen.campaign.market.product["project"] != NOBODY
    assert charity_odds(unseen) == pytest.approx(
        popularity[pledged].sum() / popularity[~pledged].sum(), rel=0.02
    )
    assert not unseen.tables["merchants"]["badge"].any()


def test_beans_for_a_charity_order_sell_it_to_those_who_grow_them() -> None:
    """Beans worth a share of the price pull like a donation of that share; who does not play buys as before."""
    beans = 300
    plain, paid = (
        run("week95_2022", USERS, orders__beans=n, rules__daily_cap__form__cap=500, **PLENTY)
        for n in (0, beans)
    )
    assert charity_odds(plain, 1) == charity_odds(plain, 0) == charity_odds(paid, 0)
    assert charity_odds(paid, 1) / charity_odds(paid, 0) == pytest.approx(label_odds(paid), rel=0.01)
    assert label_odds(paid) > 1.05
    players = np.flatnonzero(plain.campaign.population.users["flags"][:USERS] & PLAYER)
    of_players, of_others = (
        [np.isin(r.rows(Kind.ORDER_CREATE)["agent"], players, invert=others).sum() for r in (plain, paid)]
        for others in (False, True)
    )
    assert 1.02 < of_players[1] / of_players[0] < label_odds(paid)
    assert of_others[1] == pytest.approx(of_others[0], abs=5)  # recruits differ a little


def label_odds(r: Run) -> float:
    """By how much the beans lift the odds of a charity order, by the label's rule and the products' prices."""
    p, settings = load_parameters(), r.campaign.scenario
    product, popularity = r.campaign.market.product, r.campaign.merchants.popularity
    pledged = product["project"] != NOBODY
    price = settings.shopping.price_median * product["price"][pledged].astype(float)
    given = np.where(
        product["ppm"][pledged] > 0, product["ppm"][pledged] / 1e6, product["fixed"][pledged] / price
    )

    def sold(share: np.ndarray) -> float:
        rule = (p["label_scale"], p["label_half"], p["label_established"])
        pulls = [label_pull(min(d, 1.0), *rule) for d in share.tolist()]
        return float((popularity[pledged] * np.exp(pulls)).sum())

    return sold(given + r.campaign.market.shown[1] / price) / sold(given)


def charity_odds(r: Run, look: int = 0) -> float:
    """Odds of a charity order by popularity and labels, as who gets no beans for it sees them, or who does."""
    product = r.campaign.market.product
    drawn = r.campaign.merchants.popularity * product["taken"][:, look * (1 + MAX_COFUNDS)]
    pledged = product["project"] != NOBODY
    return float(drawn[pledged].sum() / drawn[~pledged].sum())
