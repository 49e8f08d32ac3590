"""Where a closed form exists, the compiled engine meets it.

Samples are fixed by their seeds; they may differ from theory by four standard errors of their own size, or
fail a goodness-of-fit test at one in a thousand.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sim.agents.sponsors import NO_LIMIT
from sim.behaviour.label import label_pull
from sim.behaviour.parameters import Parameters, load_parameters
from sim.bookkeeping import Kind
from sim.engine.actions import Actions, empty, join
from sim.engine.campaign import Campaign
from sim.experiments import bgbb
from sim.experiments.published import published
from sim.experiments.retention import stored_shapes
from sim.kernel.alias import build_alias, set_labels
from sim.kernel.allotment import allot, claim_order
from sim.kernel.rows import NOBODY, PRODUCT, REDEMPTION
from sim.kernel.writing import PENDING
from sim.scenario import Scenario
from sim.spans import DAY_S, SECOND

DAY_US = DAY_S * SECOND
MIN_P = 1e-3
START = datetime(2022, 9, 5, tzinfo=ZoneInfo("Asia/Shanghai"))
# Everybody shops at the same rate, on weekdays that are all alike; nobody plays.
SHOPPERS = {"regular_share": 0.0, "occasional_orders_per_year": 365.0, "weekday": (1.0,) * 7}


def a_world(days: int, users: int, *, profile: str = "utility-app", **sections: Any) -> Scenario:
    """A scenario of so many days in which nothing happens but what the sections say."""
    about = {"title": "theory", "start": START, "length": f"{days} days", "users": users, "real_users": 10**8}
    sections = {"play": {"open": False}, "shopping": SHOPPERS, "clock": {"barrier": "24 h"}} | sections
    return Scenario.model_validate({"scenario": about | {"profile": profile}} | sections)


def campaign_of(
    scenario: Scenario, replication: int = 0, *, parameters: Parameters | None = None, visits: bool = True
) -> tuple[Campaign, Actions]:
    """A run, its weekdays all alike, and every action of it, perhaps but visits and plain orders."""
    told: list[Actions] = []
    campaign = Campaign(
        scenario, replication, parameters=parameters, workers=1, record_all=visits,
        watch=lambda part: told.append(part.copy()),
    )  # fmt: skip
    campaign.population.days["weekday"] = 1.0
    campaign.run()
    return campaign, join(*told)


def of_kind(rows: Actions, *kinds: Kind) -> Actions:
    return rows[np.isin(rows["kind"], kinds)]


def near(sample: float, expected: float, deviation: float, count: int) -> None:
    """A mean of so many values with that deviation lies within four standard errors of what is expected."""
    assert sample == pytest.approx(expected, abs=4 * deviation / math.sqrt(count))


def fits_poisson(counts: NDArray[np.int64], mean: float) -> bool:
    """Chi-square of counts against Poisson, classes below five expected joined at both ends."""
    low, high = (int(stats.poisson.ppf(q, mean)) for q in (0.005, 0.995))
    chance = stats.poisson.pmf(np.arange(low, high + 1), mean)
    chance[0], chance[-1] = stats.poisson.cdf(low, mean), stats.poisson.sf(high - 1, mean)
    seen = np.bincount(np.clip(counts, low, high) - low, minlength=high - low + 1)
    return bool(stats.chisquare(seen, chance * len(counts)).pvalue > MIN_P)


# --- shopping -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shoppers() -> tuple[Campaign, Actions]:
    return campaign_of(a_world(8, 5_000))


def test_visits_are_a_poisson_process(shoppers):
    """Counts of visits are Poisson, and in visiting time the visits of everybody are spread evenly."""
    campaign, rows = shoppers
    visits = of_kind(rows, Kind.VISIT)
    assert fits_poisson(np.bincount(visits["agent"], minlength=5_000), 8 * 2.5)
    bins = campaign.population.clock.bins
    passed = np.interp(visits["t"] / SECOND, bins["edge_s"], bins["upto"]) / bins["upto"][-1]
    assert stats.kstest(passed, "uniform").pvalue > MIN_P


def test_waits_between_visits_are_exponential(shoppers):
    """The time to the first visit, in the shopper's own visits, is Exp(1)."""
    campaign, rows = shoppers
    visits = of_kind(rows, Kind.VISIT)
    _, first = np.unique(visits["agent"], return_index=True)
    bins = campaign.population.clock.bins
    waits = 2.5 * np.interp(visits["t"][first] / SECOND, bins["edge_s"], bins["upto"])
    assert stats.kstest(waits, "expon").pvalue > MIN_P
    near(float(np.median(waits)), math.log(2), 1.0, len(waits))


def test_orders_are_a_poisson_number_of_poisson_baskets(shoppers):
    """Mean and variance of a user's orders are those of the compound process over the hours' bins."""
    campaign, rows = shoppers
    orders = np.bincount(of_kind(rows, Kind.ORDER, Kind.ORDER_CREATE)["agent"], minlength=5_000)
    bins = campaign.population.clock.bins
    visits, each = 2.5 * np.diff(bins["upto"]), bins["orders"][:-1]
    mean, variance = (visits * each).sum(), (visits * (each + each**2)).sum()
    assert mean == pytest.approx(8.0)
    near(orders.mean(), mean, math.sqrt(variance), len(orders))
    near(orders.var() / variance, 1.0, math.sqrt(2.0 + 1.0 / mean), len(orders))


def test_orders_by_the_minute_are_poisson_when_visits_are_many():
    """Where a visit seldom brings an order, orders are a Poisson process themselves."""
    shopping = SHOPPERS | {"visits_per_order": 200.0, "occasional_orders_per_year": 36.5}
    _, rows = campaign_of(a_world(4, 3_000, shopping=shopping))
    orders = of_kind(rows, Kind.ORDER, Kind.ORDER_CREATE)
    assert fits_poisson(np.bincount(orders["agent"], minlength=3_000), 4 * 0.1)


def test_a_festival_draws_a_binomial_number_of_shoppers():
    """Over replications the number who take part is binomial, in mean and in spread."""
    # So many orders that every taker buys, so few ordinary ones that hardly anybody else does.
    festival = {"day": date(2022, 9, 5), "orders": 20_000.0, "takes_part": 0.3}
    shopping = SHOPPERS | {"occasional_orders_per_year": 0.3}
    scenario = a_world(1, 400, festivals={"big": festival}, shopping=shopping)
    takers = []
    for replication in range(40):
        _, rows = campaign_of(scenario, replication)
        takers.append(len(np.unique(of_kind(rows, Kind.ORDER, Kind.ORDER_CREATE)["agent"])))
    variance = 400 * 0.3 * 0.7
    near(float(np.mean(takers)), 400 * 0.3, math.sqrt(variance), 40)
    spread = float(np.var(takers, ddof=1)) * 39 / variance
    assert stats.chi2.ppf(MIN_P, 39) < spread < stats.chi2.ppf(1 - MIN_P, 39)


def alias_chances(product: NDArray[np.void]) -> NDArray[np.float64]:
    """How likely each product is: its own row's coin, and the other rows' that pass to it."""
    chance = product["keep"].astype(float)
    np.add.at(chance, product["other"], 1.0 - product["keep"].astype(float))
    return chance / len(product)


def test_the_alias_table_holds_the_popularities():
    """Rows and coins of Walker's table give back each product's weight."""
    product = np.zeros(999, PRODUCT)
    popularity = np.exp(2.0 * np.random.default_rng(3).standard_normal(999))
    build_alias(product, popularity)
    assert alias_chances(product) == pytest.approx(popularity / popularity.sum(), abs=1e-7)


@pytest.mark.parametrize("badge", [True, False])
def test_products_are_taken_by_the_odds_of_their_labels(badge):
    """With a badge a product that gives is taken more often by its label's odds, the strongest always."""
    p, product = load_parameters(), np.zeros(999, PRODUCT)
    product["project"] = np.where(np.arange(999) < 300, 7, NOBODY)
    product["ppm"], product["price"] = 50_000, 1.0
    set_labels(product, 6_000.0, p, badge)
    odds = math.exp(label_pull(0.05, p["label_scale"], p["label_half"], p["label_established"]))
    assert odds > 1.0
    given, others = product["taken"][:300], product["taken"][300:]
    assert (given == 1.0).all()
    assert others[:, [0, 4]] == pytest.approx(
        np.full((699, 2), 1.0 / odds if badge else 1.0)
    )  # with beans or without


@pytest.mark.parametrize("generous", [False, True])
def test_orders_find_products_by_popularity_and_label(shoppers, generous):
    """The orders of the engine are multinomial over merchants with popularity times label as weights."""
    campaign, rows = shoppers
    if generous:  # labels that a test can see: everything is given, and shoppers look at nothing else
        p = load_parameters().vary({"label_scale": 1.0, "merchants_glow_median_yuan": 1_000.0})
        campaign, rows = campaign_of(campaign.scenario, parameters=p)
    product = campaign.market.product
    weight = campaign.merchants.popularity * product["taken"][:, 0]
    by_merchant = np.bincount(product["merchant"], weight / weight.sum())
    orders = of_kind(rows, Kind.ORDER, Kind.ORDER_CREATE)
    before = orders[orders["t"] < DAY_US]  # before anybody pledges anew
    seen = np.bincount(before["party"], minlength=len(by_merchant))
    large = by_merchant * len(before) >= 5
    seen, chance = (np.append(x[large], x[~large].sum()) for x in (seen, by_merchant))
    assert stats.chisquare(seen, chance * len(before)).pvalue > MIN_P


# --- the life of an order ---------------------------------------------------------------------------------


def test_delays_of_an_order_have_their_distributions():
    """Paying and shipping are uniform, delivery is lognormal around its median, refunds are binomial."""
    orders = {
        "cancel": 0.1, "pay_within": "1 h", "ship_within": "1 day", "delivery_median": "12 h",
        "delivery_sigma": 0.4, "by_hand": 1.0, "by_hand_median": "1 s", "by_hand_sigma": 0.0,
        "virtual_share": 0.0, "mail_share": 0.0, "express_timer": "300 days", "refund_before": 0.2,
    }  # fmt: skip
    _, rows = campaign_of(a_world(12, 3_000, orders=orders, merchants={"charity_share": 0.9}))
    created = of_kind(rows, Kind.ORDER_CREATE)
    created = created[created["t"] < 6 * DAY_US]
    waits = {kind: _waits(rows, created, kind) for kind in ORDER_LIFE}
    sizes = {kind: len(waits[kind]) for kind in ORDER_LIFE}
    near(sizes[Kind.ORDER_CANCEL] / len(created), 0.1, math.sqrt(0.09), len(created))
    near(sizes[Kind.ORDER_REFUND] / sizes[Kind.ORDER_SHIP], 0.2, 0.4, sizes[Kind.ORDER_SHIP])
    paid = _waits(rows, created, Kind.ORDER_PAY)
    assert stats.kstest(paid, stats.uniform(2, 3600).cdf).pvalue > MIN_P
    shipped = _between(rows, created, Kind.ORDER_PAY, Kind.ORDER_SHIP)
    assert stats.kstest(shipped, stats.uniform(60, DAY_S).cdf).pvalue > MIN_P
    delivered = _between(rows, created, Kind.ORDER_SHIP, Kind.ORDER_CONFIRM)
    assert stats.kstest(delivered - 1.0, stats.lognorm(0.4, scale=DAY_S / 2).cdf).pvalue > MIN_P
    error = 0.4 * math.sqrt(math.pi / 2 / len(delivered))  # of a sample's log-median
    assert math.log(float(np.median(delivered)) / (DAY_S / 2)) == pytest.approx(0.0, abs=4 * error)


ORDER_LIFE = (Kind.ORDER_PAY, Kind.ORDER_CANCEL, Kind.ORDER_SHIP, Kind.ORDER_CONFIRM, Kind.ORDER_REFUND)


def _keys(rows: Actions) -> NDArray[np.int64]:
    """An order's own number: its user and the reference within."""
    return rows["agent"].astype(np.int64) * 2**40 + rows["ref"]


def _waits(rows: Actions, created: Actions, kind: Kind) -> NDArray[np.float64]:
    """Seconds from an order's creation to a step of it, for the orders that have come so far."""
    return _seconds(created, of_kind(rows, kind))


def _between(rows: Actions, created: Actions, early: Kind, late: Kind) -> NDArray[np.float64]:
    mine = of_kind(rows, early)
    mine = mine[np.isin(_keys(mine), _keys(created))]
    return _seconds(mine, of_kind(rows, late))


def _seconds(early: Actions, late: Actions) -> NDArray[np.float64]:
    """Whole seconds between two steps of the same orders; the microsecond within the second is decoration."""
    _, i, j = np.intersect1d(_keys(early), _keys(late), assume_unique=True, return_indices=True)
    return (late["t"][j] // SECOND - early["t"][i] // SECOND).astype(float)


# --- play -----------------------------------------------------------------------------------------------

PROFILES = [("casual-game", "game"), ("utility-app", "utility")]
HABIT_EFFECTS = ("habit_slope", "habit_streak_gain", "habit_break_loss", "habit_relief", "habit_broke_push")
PLAYERS = 20_000


def retention(profile: str, parameters: Parameters) -> tuple[int, NDArray[np.float64]]:
    """Newcomers of the first two days, and their share active on day 0 … 30 after, on a flat calendar."""
    scenario = a_world(33, PLAYERS, profile=profile, play={"entry_per_visit": 1.0})
    campaign, rows = campaign_of(scenario, parameters=parameters, visits=False)
    entered = np.full(PLAYERS, -100)
    enters = of_kind(rows, Kind.ENTER)
    entered[enters["agent"]] = enters["t"] // DAY_US
    sessions = of_kind(rows, Kind.SESSION)
    first = sessions[(sessions["deed"] == 0) & (entered[sessions["agent"]] <= 1)]
    age = first["t"] // DAY_US - entered[first["agent"]]
    cohort = int(((entered >= 0) & (entered <= 1)).sum())
    active = np.bincount(age, minlength=31)[:31] / cohort
    table = campaign.recorder.play.retention()
    assert table is not None
    assert (table["active"] / table["cohort"]).to_numpy()[:31] == pytest.approx(active, abs=0.005)
    return cohort, active


@pytest.mark.parametrize(("profile", "short"), PROFILES)
def test_lifetimes_without_habit_are_bgbb(profile, short):
    """With habit and streaks without effect, D1 … D30 of the engine's newcomers are the closed form's."""
    cohort, active = retention(profile, load_parameters().vary(dict.fromkeys(HABIT_EFFECTS, 0.0)))
    shapes = stored_shapes(load_parameters(), short)
    assert cohort > 0.95 * PLAYERS
    assert active[0] == 1.0
    for day in range(1, 31):
        chance = bgbb.active(day, *shapes)
        near(active[day], chance, math.sqrt(chance * (1 - chance)), cohort)


def curve(profile: str) -> dict[int, float]:
    """The published (or chosen) shares of newcomers active on a day, by profile."""
    cats, apps = published()["cookie_cats"], published()["apps"]
    if profile == "utility-app":
        return {1: apps["day_1"], 14: apps["day_14"], 30: apps["day_30"]}
    players = sum(cats["players"])
    return {1: sum(cats["day_1"]) / players, 7: sum(cats["day_7"]) / players, 30: cats["day_30"]}


@pytest.mark.parametrize(("profile", "short"), PROFILES)
def test_newcomers_come_back_as_published(profile, short):
    """The definition of the fit: habit and streaks at work, D1 … D30 stand within a point of the data."""
    _, active = retention(profile, load_parameters())
    shapes = stored_shapes(load_parameters(), short)
    told = {f"D{day}": f"{active[day]:.2%}" for day in (1, 7, 14, 30)}
    bare = {f"D{day}": f"{bgbb.active(day, *shapes):.2%}" for day in (1, 7, 14, 30)}
    print(f"{profile}: {told}, without habit {bare}")
    assert {day: active[day] for day in curve(profile)} == pytest.approx(curve(profile), abs=0.01)
    low, high = published()["apps"]["day_7_interval"]
    assert profile == "casual-game" or low <= active[7] <= high


def test_the_first_choice_is_binomial_and_its_wait_exponential():
    """A deed of weight exp(ease) against stopping is chosen with its share, after an exponential time."""
    deed = {"label": "tap", "kind": "general", "cost": "0.05 yuan", "ease": 0.3}
    scenario = a_world(1, 8_000, play={"entry_per_visit": 1.0, "sessions_extra": 0.0}, deeds={"tap": deed},
                       rules={"once": {"what": "tap", "form": {"limit": 1}}})  # fmt: skip
    parameters = load_parameters().vary({"choice_glow_sd": 0.0})
    _, rows = campaign_of(scenario, parameters=parameters)
    sessions = of_kind(rows, Kind.SESSION)
    sessions = sessions[sessions["t"] < 22 * 3600 * SECOND]  # later ones may be cut short by midnight
    done = of_kind(rows, Kind.GENERAL)
    done = done[np.isin(done["agent"], sessions["agent"])]
    chance = 1.0 / (1.0 + math.exp(parameters["choice_stop"] - 0.3))
    near(len(done) / len(sessions), chance, math.sqrt(chance * (1 - chance)), len(sessions))
    order = np.argsort(sessions["agent"])
    began = sessions["t"][order][np.searchsorted(sessions["agent"][order], done["agent"])]
    waits = (done["t"] - began) / SECOND - 1.0
    assert stats.kstest(waits, stats.expon(scale=parameters["choice_dwell_s"]).cdf).pvalue > MIN_P


# --- the allotment: a queue whose servers are never free again ------------------------------------------


def claims_of(kind: Kind, t: NDArray[np.int64], **columns: Any) -> Actions:
    """Pending claims of agents 0, 1, 2 … at their instants."""
    claims = empty(len(t))
    claims["kind"], claims["t"], claims["agent"], claims["outcome"] = kind, t, np.arange(len(t)), PENDING
    for name, value in columns.items():
        claims[name] = value
    return claims


def serve(claims: Actions, replication: int = 0, *, pool: int = 0, places: int = 0) -> tuple[Actions, int]:
    """The claims as served, in the order they came in, and what is left of the pool."""
    order = claim_order(1, replication, claims)
    served, money = claims[order], np.array([pool], np.int64)
    limits, given = np.array([[NO_LIMIT, 0, 0]]), np.zeros(1, np.int64)
    matched, vouchers = np.zeros((1, len(claims)), np.int32), np.zeros(1, REDEMPTION)
    allot(
        served, money, limits, given, matched, np.array([places]), vouchers, np.zeros(len(claims), np.int64),
        np.zeros(1, np.int64),
    )  # fmt: skip
    claims = claims.copy()
    claims[order] = served
    return claims, int(money[0])


def test_first_come_is_first_served_to_the_last_fen():
    """Each match is what the earlier claims have left of the pool; together they take all of it, no more."""
    rng = np.random.default_rng(5)
    asked, t = rng.integers(1, 5_000, 400), rng.permutation(400).astype(np.int64)
    served, left = serve(claims_of(Kind.GIFT, t, match=asked, pool=1), pool=300_000)
    earlier = np.array([asked[t < at].sum() for at in t])
    assert np.array_equal(served["match"], np.clip(300_000 - earlier, 0, asked))
    assert asked.sum() > served["match"].sum() == 300_000
    assert left == 0
    assert (served["outcome"] == 0).all()


def test_claims_of_one_instant_are_served_by_lot():
    """Ten places, fifty claims in the same microsecond: everybody wins one draw in five, as in a lottery."""
    replications, people, places = 500, 50, 10
    won = np.zeros(people)
    for replication in range(replications):
        claims = claims_of(Kind.SIGN_UP, np.zeros(people, np.int64), party=0)
        served, _ = serve(claims, replication, places=places)
        winners = served["outcome"] == 0
        assert winners.sum() == places
        won += winners
    share = places / people
    # Draws without replacement: the variance of each is binomial, all sum to the places.
    fit = (
        ((won - replications * share) ** 2).sum()
        / (replications * share * (1 - share))
        * (people - 1)
        / people
    )
    assert stats.chi2.ppf(MIN_P, people - 1) < fit < stats.chi2.ppf(1 - MIN_P, people - 1)


def test_an_earlier_claim_beats_every_later_one():
    """The lot decides between equal instants only."""
    claims = claims_of(Kind.SIGN_UP, np.arange(40, dtype=np.int64)[::-1] // 4, party=0)
    served, _ = serve(claims, places=12)
    assert set(served["t"][served["outcome"] == 0]) == {0, 1, 2}
