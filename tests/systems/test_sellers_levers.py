"""What a platform can ask of sellers: the least pledge, the badge, a sponsor's addition, reports on time.

Pairs of runs that differ in one lever, and what it does to the number of pledges, to the money and to who buys.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.behaviour.label import label_pull
from sim.behaviour.parameters import load_parameters
from sim.bookkeeping import Kind
from sim.kernel.rows import NOBODY
from tests.systems.runs import FESTIVAL, Run, run, with_parameters

USERS = 10_000
MUCH, LITTLE = "1_000_000_000 yuan", "300_000 yuan"  # at real size: it lasts, or is gone within days


def cofunded(total: str = MUCH, ratio: float = 1.0) -> str:
    """The festival with a sponsor who adds to every pledge from the first day on."""
    pool = f"""
[pools.orders]
sponsor = "a bank"
serves = "orders"
total = "{total}"

[rules.orders_cofund]
what = "order"
form.cofund.pool = "orders"
form.cofund.ratio = {ratio}
"""
    return FESTIVAL.read_text("utf-8") + pool


@pytest.fixture(scope="module")
def season() -> Run:
    return run("festival", USERS)


def pledges(r: Run) -> int:
    """Products with a pledge in the end."""
    return int((r.campaign.merchants.product["project"] != NOBODY).sum())


def fen_per_order(r: Run) -> float:
    return float(r.rows(Kind.ORDER_CREATE)["fen"].mean())


def charity_odds(r: Run) -> float:
    """Odds that an order finds a pledge, by the labels of the last morning, seen by those for whom a sponsor adds."""
    product, added = r.campaign.market.product, int(r.campaign.market.public["live_cofunds"][0])
    drawn = r.campaign.merchants.popularity * product["taken"][:, added]
    pledged = product["project"] != NOBODY
    return float(drawn[pledged].sum() / drawn[~pledged].sum())


# --- the least pledge ---------------------------------------------------------------------------------------


def test_the_published_mix_is_what_sellers_decide(season: Run) -> None:
    """Nearly every seller finds 0.02 yuan worth it; in the orders, a quarter gives more, 0.0459 yuan in the mean."""
    merchants, orders = season.campaign.merchants, season.rows(Kind.ORDER_CREATE)
    assert merchants.willing() > 0.995
    assert (orders["fen"] > 2).mean() == pytest.approx(0.25, abs=0.05)
    assert fen_per_order(season) == pytest.approx(4.59, abs=1.0)


def test_a_higher_minimum_loses_sellers_and_each_order_gives_more(season: Run) -> None:
    """At 0.05 yuan most stay, at 0.1 yuan a quarter, at 1 yuan nobody; what an order gives rises all the while."""
    higher = [run("festival", USERS, merchants__minimum_pledge=f"{yuan} yuan") for yuan in (0.05, 0.1, 1)]
    kept = [pledges(r) / pledges(season) for r in higher]
    assert 0.75 < kept[0] < 0.99
    assert 0.1 < kept[1] < 0.45
    assert kept[2] < 0.02
    orders = [r.metrics["charity_orders"] / season.metrics["charity_orders"] for r in higher]
    assert 0.7 < orders[0] < 1.0
    assert 0.1 < orders[1] < 0.5
    given = [fen_per_order(r) for r in (season, *higher[:2])]
    assert given[1] > 1.3 * given[0]
    assert given[2] > 1.3 * given[1]
    assert all(
        (r.rows(Kind.ORDER_CREATE)["fen"] >= fen).all() for r, fen in zip(higher, (5, 10, 100), strict=True)
    )


def test_a_minimum_has_a_best_height(season: Run) -> None:
    """A little higher raises the money, much higher loses it with the sellers."""
    little, much = (run("festival", USERS, merchants__minimum_pledge=y) for y in ("0.05 yuan", "0.1 yuan"))
    assert little.metrics["pledged_fen"] > 1.1 * season.metrics["pledged_fen"]
    assert much.metrics["pledged_fen"] < 0.9 * season.metrics["pledged_fen"]


def test_those_whom_a_higher_minimum_loses_feel_least(season: Run) -> None:
    """Who stays at 0.1 yuan are those with the warmest glow and the dearest margins."""
    high = run("festival", USERS, merchants__minimum_pledge="0.1 yuan")
    before, after = (r.campaign.merchants.pledged > 0 for r in (season, high))
    glow = season.campaign.merchants.glow
    assert glow[after].mean() > 1.2 * glow[before].mean()
    np.testing.assert_array_equal(high.campaign.merchants.glow, glow)


# --- the badge ----------------------------------------------------------------------------------------------


def test_without_a_badge_sellers_pledge_as_often_and_less(season: Run) -> None:
    """The least pledge needs no label to be worth it (F: hardly any revenue, hardly anybody stops); more does."""
    unseen = run("festival", USERS, merchants__badge=False)
    assert pledges(unseen) == pytest.approx(pledges(season), rel=0.02)
    assert 0.75 < fen_per_order(unseen) / fen_per_order(season) < 0.97
    assert charity_odds(unseen) < charity_odds(season)


# --- a sponsor's addition -----------------------------------------------------------------------------------


def test_what_a_sponsor_adds_stands_on_the_label(season: Run) -> None:
    """Shoppers see donation and addition as one share of the price; twice the donation pulls a little more."""
    still = {"merchants_reweighs": 0.0, "merchants_innovation": 0.0, "merchants_imitation": 0.0}
    plain, added = (with_parameters(text, USERS, still) for text in ("festival", cofunded()))
    assert pledges(plain) == pledges(added)
    assert charity_odds(added) / charity_odds(plain) == pytest.approx(
        label_odds(added, 2.0) / label_odds(added, 1.0), rel=1e-4
    )
    assert 1.0 < charity_odds(added) / charity_odds(plain) < 1.02
    assert added.metrics["charity_orders"] >= plain.metrics["charity_orders"]


def label_odds(r: Run, times: float) -> float:
    """The odds of products that give, relative to no label, where it shows so many times what they give."""
    p, merchants = load_parameters(), r.campaign.merchants
    product = merchants.product
    pledged = product["project"] != NOBODY
    price = 6_000.0 * product["price"][pledged].astype(float)
    share = np.where(
        product["ppm"][pledged] > 0, product["ppm"][pledged] / 1e6, product["fixed"][pledged] / price
    )
    rule = p["label_scale"], p["label_half"], p["label_established"]
    pulls = [label_pull(min(times * d, 1.0), *rule) for d in share.tolist()]
    popularity = merchants.popularity[pledged]
    return float((popularity * np.exp(pulls)).sum() / popularity.sum())


def test_sellers_raise_their_pledges_where_a_sponsor_adds(season: Run) -> None:
    """The label earns them more; only who takes another look raises, so the money follows week by week."""
    added = run(cofunded(), USERS)
    raised = fen_per_order(added) / fen_per_order(season)
    assert 1.0 < raised < 1.25
    assert pledges(added) == pytest.approx(pledges(season), rel=0.02)
    often = {"merchants_reweighs": 5.0}
    everybody = [fen_per_order(with_parameters(text, USERS, often)) for text in ("festival", cofunded())]
    assert raised < everybody[1] / everybody[0] < 1.4
    half = with_parameters(cofunded(ratio=0.5), USERS, often)
    assert everybody[0] < fen_per_order(half) < everybody[1]


def test_a_pledge_that_is_no_longer_worth_it_is_withdrawn_by_and_by() -> None:
    """At 0.07 yuan some pledge because a sponsor adds; when the pool is dry they stop as they notice."""
    changes = {"merchants__minimum_pledge": "0.07 yuan", "merchants__quit_per_month": 0.0}
    glows = {"merchants_reweighs": 0.5, "merchants_innovation": 0.2}
    lasts, dry = (with_parameters(cofunded(total), USERS, glows, **changes) for total in (MUCH, LITTLE))
    assert len(lasts.rows(Kind.UNPLEDGE)) == 0
    stopped = dry.rows(Kind.UNPLEDGE)
    assert len(stopped) > 1
    assert stopped["t"].min() > budget_dry_at(dry)
    merchants = dry.campaign.merchants
    assert not any(merchants.is_worth_it(10 * int(k)) for k in stopped["agent"])
    assert pledges(dry) < pledges(lasts)


def budget_dry_at(r: Run) -> int:
    """When the sponsor's pool ran dry, µs since the start."""
    return int(
        next(row["dry_at"] for row in r.tables["budgets"].iter_rows(named=True) if row["serves"] == "orders")
    )


def test_at_the_usual_terms_nobody_stops_because_of_them() -> None:
    """However often sellers look at their pledges, nothing has changed that would make them stop or give otherwise."""
    never, often = (
        with_parameters("festival", USERS, {"merchants_reweighs": hazard}, merchants__quit_per_month=0.0)
        for hazard in (0.0, 5.0)
    )
    assert len(often.rows(Kind.UNPLEDGE)) == 0
    np.testing.assert_array_equal(often.rows(Kind.PLEDGE), never.rows(Kind.PLEDGE))


# --- reports on time ----------------------------------------------------------------------------------------

GIFTS = {"gifts__intercept": -1.5, "ngos__report_every": "5 days"}
LATE = {"ngos__on_time_a": 0.01, "ngos__on_time_b": 100.0}


def test_the_later_reports_come_the_more_trust_and_gifts_they_cost() -> None:
    """Nobody reports in time; a day late costs little, a month late a lot, small NGOs' gifts most."""
    runs = [run("zhejiang_account", USERS, **GIFTS, **LATE, ngos__late_by=f"{d} days") for d in (1, 10, 40)]
    trust = [float(r.campaign.ngos.trust[np.unique(r.campaign.projects.ngo)].mean()) for r in runs]
    assert trust == sorted(trust, reverse=True)
    assert trust[0] > 0.45
    assert trust[2] < 0.3
    gifts = [r.metrics["gifts"] for r in runs]
    assert gifts == sorted(gifts, reverse=True)
    assert gifts[2] < 0.97 * gifts[0]
    assert share_of_small(runs[2]) < 0.9 * share_of_small(runs[0])


def share_of_small(r: Run) -> float:
    """The share of gifts that small NGOs get in the second half of the month."""
    gifts = r.rows(Kind.GIFT)
    later = gifts["project"][r.day_of(gifts) >= 15]
    return float(r.campaign.ngos.small[r.campaign.projects.ngo][later].mean())


def test_pledges_go_where_trust_is() -> None:
    """Without public scores too: of new pledges fewer go to NGOs that are never in time."""
    open_month = {"ngos__report_every": "5 days", "ngos__on_time_a": 0.05, "ngos__on_time_b": 0.05}
    r = run("zhejiang_account", USERS, **open_month, ngos__evaluation=False, ngos__late_by="40 days")
    ngos, places = r.campaign.ngos, r.campaign.market.places
    weight = np.bincount(places["project"], np.diff(places["upto"], prepend=0), len(r.campaign.projects))
    appeal = r.campaign.projects.by_appeal()
    before = np.bincount(appeal[1], np.diff(appeal[0], prepend=0), len(weight))
    mistrusted = (ngos.trust < 0.4)[r.campaign.projects.ngo] & (weight > 0)
    trusted = (ngos.trust > 0.5)[r.campaign.projects.ngo] & (weight > 0)
    assert min(mistrusted.sum(), trusted.sum()) > 3
    odds = [w[mistrusted].sum() / w[trusted].sum() for w in (weight, before)]
    assert odds[0] < math.exp(-0.1) * odds[1]
