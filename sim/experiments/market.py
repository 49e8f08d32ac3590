"""Rows 13 and 14: what a label sells and an order gives, on the engine's own market."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log

import numpy as np
from scipy.optimize import brentq

from sim.behaviour.choice import crossed
from sim.behaviour.label import sales_gain
from sim.behaviour.parameters import Parameters
from sim.bookkeeping import Kind
from sim.engine.actions import Actions
from sim.experiments.pledges import pledged
from sim.experiments.published import published
from sim.experiments.row import CALIBRATE, HELD_OUT, Row, Table, log_odds
from sim.experiments.worlds import a_world, played
from sim.kernel.alias import set_labels
from sim.kernel.rows import NOBODY, PRODUCT
from sim.scenario.market import Orders

PRODUCTS = 1_000
DAYS, USERS = 2, 40_000
MERCHANTS = {"real": 4_000}
BUYERS = {"regular_share": 0.0, "occasional_orders_per_year": 365.0}
EBAY, LABEL, CENTS, ORDERS = (Table(n) for n in ("ebay", "fair_trade", "two_cents", "charity_orders"))


def label_effect(parameters: Parameters, donated: float) -> float:
    """Log-odds that the badge adds to the sale of one product of many that gives that share of its price."""
    with_badge, without = (_share_sold(parameters, donated, badge) for badge in (True, False))
    return log_odds(with_badge) - log_odds(without)


def _share_sold(parameters: Parameters, donated: float, badge: bool) -> float:
    """The share of orders that popularity and labels give to the only product with a pledge."""
    product = np.zeros(PRODUCTS, PRODUCT)
    product["price"], product["project"] = 1.0, NOBODY
    product["project"][0], product["ppm"][0] = 0, round(donated * 1e6)
    set_labels(product, 6_000.0, parameters, badge)
    taken = product["taken"][:, 0].astype(float)
    return float(taken[0] / taken.sum())


@dataclass
class Donations:
    """Counts charity orders and what they are to give."""

    orders: int = 0
    fen: int = 0

    def __call__(self, part: Actions) -> None:
        created = part[part["kind"] == Kind.ORDER_CREATE]
        self.orders += len(created)
        self.fen += int(created["fen"].sum())


def yuan_per_order(parameters: Parameters) -> float:
    """What a charity order gives in the mean, in a market of thousands of merchants."""
    given = Donations()
    scenario = a_world(
        "charity orders", DAYS, USERS, {"real_users": USERS}, merchants=MERCHANTS, shopping=BUYERS,
        play={"open": False},
    )  # fmt: skip
    played(scenario, parameters, given)
    return given.fen / given.orders / 100.0


def rows(parameters: Parameters) -> Iterator[Row]:
    """What a charity label sells, of sellers in the middle and of established ones; what a charity order gives."""
    middle, ebay = parameters.vary({"label_established": 1.0}), published()["ebay"]
    for donated, gain in zip(ebay["donated"], ebay["gain"], strict=True):
        pull = label_effect(middle, donated)
        below = crossed(ebay["middle"], -pull / 2)
        label = f"charity auction, {donated:.0%} donated"
        yield EBAY.near(13, label, CALIBRATE, gain, crossed(below, pull) - below, 0.005)
    model = sales_gain(label_effect(parameters, LABEL["donated"]))
    yield LABEL.near(13, "fair trade label, sales", HELD_OUT, LABEL["gain"], model, 0.06)
    most, model = CENTS["largest_gain"], sales_gain(label_effect(parameters, CENTS["donated"]))
    yield CENTS.within(13, "minimum pledge, sales", HELD_OUT, 0.0, model, (-most, most))
    mean = yuan_per_order(parameters)
    value = ORDERS["yuan_per_order"]
    yield ORDERS.near(14, "yuan per charity order, 2018", CALIBRATE, value, mean, 0.01)
    value = ORDERS["panda_packs"]
    yield ORDERS.near(14, "yuan per charity order, panda packs", HELD_OUT, value, mean, 0.01)


def fit(p: Parameters) -> dict[str, float]:
    """Two gains in the chance of a sale, split evenly around the middle rate; sellers' warm glow, from what charity
    orders give."""
    ebay = published()["ebay"]
    pulls = [log_odds(ebay["middle"] + g / 2) - log_odds(ebay["middle"] - g / 2) for g in ebay["gain"]]
    low, high = ebay["donated"]
    shape = pulls[0] / pulls[1]
    half = brentq(lambda h: log(1.0 + low / h) / log(1.0 + high / h) - shape, 1e-5, 1.0, xtol=1e-14)
    scale = pulls[1] / log(1.0 + high / half)

    kept = (1.0 - Orders().cancel) * (
        1.0 - Orders().refund_before
    )  # what is published was donated, of all orders

    def missing(median: float) -> float:
        return pledged(p.vary({"merchants_glow_median_yuan": median}))[1] - ORDERS["yuan_per_order"] / kept

    median = brentq(missing, 0.03, 0.2, xtol=1e-9)
    return {"label_half": half, "label_scale": scale, "merchants_glow_median_yuan": median}
