"""Merchants (商家): who they are, what they sell, and what they pledge (公益宝贝).

Best-sellers are pledged, often before a promotion, and pledges are almost never withdrawn (Jiang et al.
2022, NBER w30102, F). Three in four pledge the minimum of 0.02 yuan; the badge stands with the pledge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays import NOBODY, Flags, Floats
from sim.behaviour.label import label_pull, sales_gain
from sim.behaviour.merchants import larger_pledge_yuan
from sim.behaviour.parameters import Parameters
from sim.domain.pledges import FIXED_FEN, RATIO_PPM, donation_fen
from sim.kernel.rows import PRODUCT
from sim.scenario import Scenario
from sim.spans import WEEK_US
from sim.streams import Purpose, draws, one_draw

Choice = tuple[Floats, NDArray[np.int64]]  # cumulative shares and numbers of projects
LEAST_FEN, TENTH_FEN, _ = FIXED_FEN
LEAST_RATIO = RATIO_PPM[0] / 1e6
MARGINS = (  # a category each
    "margin_clothes", "margin_beauty", "margin_food", "margin_home", "margin_digital", "margin_baby",
    "margin_books", "margin_produce",
)  # fmt: skip


def pick(projects: Choice, lot: float) -> int:
    """A project by its share of the choices."""
    upto, numbers = projects
    return int(numbers[min(int(np.searchsorted(upto, lot)), len(numbers) - 1)])


def market_size(scenario: Scenario) -> int:
    """How many merchants are simulated: the real number × users ÷ real users, at least 20."""
    world = scenario.scenario
    return max(round(scenario.merchants.real * world.users / world.real_users), 20)


def evenly(lots: Floats) -> Floats:
    """The middles of as many equal parts of 0–1 as there are lots, in their order, along the last axis."""
    order = lots.argsort(axis=-1).argsort(axis=-1)
    return np.asarray((order + 0.5) / lots.shape[-1])


def chances(keenness: Floats, count: int) -> Floats:
    """Each one's chance of being among those who have joined by the time `count` have, joining at its own pace."""
    from scipy.optimize import brentq

    if count >= len(keenness):
        return np.ones(len(keenness))
    late = 1.0
    while -np.expm1(-late * keenness).sum() < count:
        late *= 2.0
    when = brentq(lambda time: -np.expm1(-time * keenness).sum() - count, 0.0, late)
    return np.asarray(-np.expm1(-when * keenness))


@dataclass
class Merchants:
    """Rows of merchants and products. `product` is what the kernel reads; popularity sums to 1."""

    scenario: Scenario
    replication: int
    parameters: Parameters
    category: NDArray[np.int64]
    margin: Floats
    size_z: Floats
    popularity: Floats
    product: NDArray[np.void]
    owner: NDArray[np.int64]
    pledged: NDArray[np.int64]  # products with a pledge, per merchant
    notices: NDArray[np.int64]
    next_at: NDArray[np.int64]
    taking: int = 0  # merchants with a pledge
    usually_paid_back: float = 0.0  # mean over the first pledges
    changed: bool = True

    @classmethod
    def draw(
        cls, scenario: Scenario, parameters: Parameters, replication: int, projects: Choice
    ) -> Merchants:
        """Lay out the market; the first pledges stand at their long-run share of orders.

        Sizes, and what each product sells in its shop, are spread evenly over their distributions, and lots only
        deal them out: millions of real sellers have no luck, and a sample of hundreds would live by its largest.
        """
        from scipy.special import ndtri

        settings, seed = scenario.merchants, scenario.scenario.seed
        n, each = market_size(scenario), settings.products_each
        a = draws(seed, replication, Purpose.MERCHANT, np.arange(n))
        size_z = ndtri(evenly(a[0]))
        size = np.exp(settings.size_sigma * size_z)
        margins = np.array([parameters[name] for name in MARGINS])
        category = (a[1] * len(MARGINS)).astype(np.int64)
        b = draws(seed, replication, Purpose.PLEDGE, np.arange(n * each))
        owner = np.repeat(np.arange(n), each)
        shops = evenly(b[0].reshape(n, each)).reshape(-1)
        inside = np.exp(parameters["merchants_inside_sigma"] * ndtri(shops))
        popularity = size[owner] * inside
        product = np.zeros(n * each, PRODUCT)
        product["merchant"] = owner
        product["price"] = np.exp(scenario.shopping.price_sigma * ndtri(b[1]))
        product["project"] = NOBODY
        self = cls(
            scenario, replication, parameters, category, margins[category], size_z,
            popularity / popularity.sum(), product, owner, np.zeros(n, np.int64), np.zeros(n, np.int64),
            np.zeros(n, np.int64),
        )  # fmt: skip
        self.next_at[:] = (a[2] * WEEK_US).astype(np.int64)
        self._first_pledges(projects)
        return self

    def _first_pledges(self, projects: Choice) -> None:
        """Who takes part pledges its best-seller, then its next best, until charity orders have their share."""
        takers = np.flatnonzero(self._takers())
        each = self.scenario.merchants.products_each
        items = takers[:, None] * each + np.argsort(-self.popularity.reshape(-1, each)[takers], axis=1)
        best_first = np.lexsort((-self.popularity[items].ravel(), np.tile(np.arange(each), len(takers))))
        candidates = items.ravel()[best_first]
        share = np.cumsum(self.popularity[candidates])
        chosen = candidates[: 1 + int(np.abs(share - self.scenario.merchants.charity_share).argmin())]
        seed = self.scenario.scenario.seed
        lots = draws(seed, self.replication, Purpose.PLEDGE, chosen, 2)[0]
        paid_back = np.array([self.paid_back(int(item)) for item in chosen])
        self.usually_paid_back = float(paid_back.mean())
        mixed = chosen[np.argsort(np.log(lots / (1.0 - lots)) + paid_back)]
        sold = self.popularity[mixed]
        for item, rank in zip(mixed, (np.cumsum(sold) - sold / 2) / sold.sum(), strict=True):
            self.pledge(int(item), projects, float(rank))

    def _takers(self) -> Flags:
        """Who takes part from the start: the ceiling's share of sellers, larger ones likelier, evenly over the sizes.

        Where those sell too little for the charity share, the largest seller outside takes the place of the
        smallest inside until it can be reached.
        """
        settings, n = self.scenario.merchants, len(self.size_z)
        count = max(round(settings.ceiling * n), 1)
        largest = np.argsort(-self.size_z)
        chance = chances(np.exp(self.parameters["merchants_sales_slope"] * self.size_z[largest]), count)
        takers = np.zeros(n, bool)
        takers[largest[np.diff(np.floor(np.cumsum(chance) + 0.5), prepend=0.0) > 0]] = True
        sells = np.bincount(self.owner, self.popularity, n)
        while sells[takers].sum() < settings.charity_share and sells[takers].min() < sells[~takers].max():
            smallest = np.flatnonzero(takers)[np.argmin(sells[takers])]
            takers[np.flatnonzero(~takers)[np.argmax(sells[~takers])]] = True
            takers[smallest] = False
        return takers

    def pledge(self, item: int, projects: Choice, rank: float | None = None) -> int:
        """Put a pledge on a product and return its usual donation in fen.

        Three in four take the minimum; the others a share of the price (0.1–100 %) around a lognormal
        amount, or 0.1 yuan where that share would be below 0.1 %. `rank` is the share of pledges that are
        smaller: the first pledges have the whole distribution over their orders, in a small market too. A
        later one is drawn, higher where the margin pays more of it back.
        """
        p = self.parameters
        u = one_draw(self.scenario.scenario.seed, self.replication, Purpose.PLEDGE, item, 1)
        row = self.product[item]
        price = self.scenario.shopping.price_median / 100.0 * float(row["price"])
        row["ppm"], row["fixed"] = 0, LEAST_FEN
        if rank is None:
            keen = math.log(u[0] / (1.0 - u[0])) + self.paid_back(item) - self.usually_paid_back
            rank = 1.0 / (1.0 + math.exp(-keen))
        above = rank - self.scenario.merchants.pledge_minimum_share
        if above > 0.0:
            normal = NormalDist().inv_cdf(above / (1.0 - self.scenario.merchants.pledge_minimum_share))
            wish = larger_pledge_yuan(normal, p["merchants_other_mean_yuan"], p["merchants_other_sigma"])
            if wish / price >= LEAST_RATIO:
                row["ppm"] = min(round(wish / price * 1e6), 1_000_000)
            else:
                row["fixed"] = TENTH_FEN
        row["project"] = pick(projects, u[3])
        self.taking += int(self.pledged[row["merchant"]] == 0)
        self.pledged[row["merchant"]] += 1
        self.changed = True
        return self.usual_fen(item)

    def paid_back(self, item: int) -> float:
        """What share of a usual donation above the minimum the label earns back: the margin on extra sales.

        A dearer margin makes a larger pledge likelier; taken as log-odds (A).
        """
        p, row = self.parameters, self.product[item]
        price = self.scenario.shopping.price_median / 100.0 * float(row["price"])
        wish = p["merchants_other_mean_yuan"]
        pull = label_pull(min(wish / price, 1.0), p["label_scale"], p["label_half"], p["label_established"])
        return float(self.margin[row["merchant"]]) * price * sales_gain(pull) / wish

    def usual_fen(self, item: int) -> int:
        """What a sale of this product usually gives, in fen."""
        row = self.product[item]
        price = self.scenario.shopping.price_median * float(row["price"])
        return donation_fen(max(round(price), 1), int(row["ppm"]), int(row["fixed"]))

    def withdraw(self, merchant: int) -> None:
        """Take every pledge of a merchant back; the badge goes with them."""
        self.product["project"][self.owner == merchant] = NOBODY
        self.pledged[merchant] = 0
        self.taking -= 1
        self.changed = True

    def state(self) -> dict[str, Any]:
        """What a snapshot keeps."""
        return {
            "product": self.product, "pledged": self.pledged, "notices": self.notices, "next_at": self.next_at,
            "changed": np.array([self.changed]),
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Put a snapshot's rows back."""
        for name in ("product", "pledged", "notices", "next_at"):
            getattr(self, name)[:] = state[name]
        self.taking = int((self.pledged > 0).sum())
        self.changed = bool(state["changed"][0])
