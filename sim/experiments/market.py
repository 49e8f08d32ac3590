"""What a label sells and an order gives, on the engine's own market."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from sim.behaviour.parameters import Parameters
from sim.bookkeeping import Kind
from sim.engine.actions import Actions
from sim.experiments.worlds import a_world, played
from sim.kernel.alias import set_labels
from sim.kernel.rows import NOBODY, PRODUCT

PRODUCTS = 1_000
DAYS, USERS = 2, 40_000
MERCHANTS = {"real": 4_000}
BUYERS = {"regular_share": 0.0, "occasional_orders_per_year": 365.0}


def label_effect(parameters: Parameters, donated: float) -> float:
    """Log-odds that the badge adds to the sale of one product of many that gives that share of its price."""
    with_badge, without = (_share_sold(parameters, donated, badge) for badge in (True, False))
    return log(with_badge / (1.0 - with_badge)) - log(without / (1.0 - without))


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
