"""Merchants (商家): who they are, what they sell, and what they pledge (公益宝贝).

Best-sellers are pledged, often before a promotion, and pledges are almost never withdrawn (Jiang et al.
2022, NBER w30102, F). What a seller pledges is the most that warm glow and the label's sales make worth it: three
in four pledge the minimum of 0.02 yuan. The badge stands with the pledge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays import NOBODY, Flags, Floats, Ints
from sim.behaviour.merchants import glow_yuan, is_worth, wish_yuan
from sim.behaviour.parameters import Parameters
from sim.domain.pledges import donation_fen, terms
from sim.kernel.rows import PRODUCT
from sim.scenario import Scenario
from sim.spans import WEEK_US
from sim.streams import Purpose, draws, one_draw

Choice = tuple[Floats, NDArray[np.int64]]  # cumulative shares and numbers of projects
Gains = tuple[float, float, float, float, float, float, float, float, float]
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
    glow: Floats  # what giving is worth to the seller, yuan an order
    size_z: Floats
    popularity: Floats
    product: NDArray[np.void]
    owner: NDArray[np.int64]
    pledged: NDArray[np.int64]  # products with a pledge, per merchant
    notices: NDArray[np.int64]
    next_at: NDArray[np.int64]
    cofund: Floats  # what a sponsor adds to a pledge now: a ratio, from so many fen on, at most so many
    taking: int = 0  # merchants with a pledge
    changed: bool = True
    willing_at: tuple[float, ...] | None = None  # the addition `willing_share` was found with
    willing_share: float = 1.0

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
            scenario, replication, parameters, category, margins[category], np.zeros(n), size_z,
            popularity / popularity.sum(), product, owner, np.zeros(n, np.int64), np.zeros(n, np.int64),
            np.zeros(n, np.int64), np.zeros(3),
        )  # fmt: skip
        self.next_at[:] = (a[2] * WEEK_US).astype(np.int64)
        self._first_pledges(b[2, ::each], projects)
        return self

    def _first_pledges(self, warmth: Floats, projects: Choice) -> None:
        """Best-sellers are pledged, where the least pledge is worth it to their sellers."""
        chosen = self._best_sellers()
        sold = np.bincount(self.owner[chosen], self.popularity[chosen], len(self.size_z))
        self._feel(warmth, sold.astype(float))
        for item in chosen.tolist():
            if self.is_worth_it(item):
                self.pledge(item, projects)

    def _best_sellers(self) -> Ints:
        """Of each who takes part the best-seller, then the next best, until charity orders have their share."""
        takers = np.flatnonzero(self._takers())
        each = self.scenario.merchants.products_each
        items = takers[:, None] * each + np.argsort(-self.popularity.reshape(-1, each)[takers], axis=1)
        best_first = np.lexsort((-self.popularity[items].ravel(), np.tile(np.arange(each), len(takers))))
        candidates = items.ravel()[best_first]
        share = np.cumsum(self.popularity[candidates])
        return candidates[: 1 + int(np.abs(share - self.scenario.merchants.charity_share).argmin())]

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

    def _feel(self, lot: Floats, sold: Floats) -> None:
        """Give every seller its warm glow.

        `sold` are the orders of the first pledges: over them glow has its whole distribution, in a small market too.
        The rank of a seller among those is the share of their orders that warmer ones do not sell.
        """
        from scipy.special import ndtri

        p, rank = self.parameters, lot.copy()
        order = np.argsort(lot)
        order = order[sold[order] > 0.0]
        rank[order] = (np.cumsum(sold[order]) - sold[order] / 2.0) / sold.sum()
        median, sigma = p["merchants_glow_median_yuan"], p["merchants_glow_sigma"]
        self.glow[:] = [glow_yuan(float(z), median, sigma) for z in ndtri(rank)]

    def pledge(self, item: int, projects: Choice) -> int:
        """Put a pledge on a product and return its usual donation in fen; the project is picked by its share."""
        u = one_draw(self.scenario.scenario.seed, self.replication, Purpose.PLEDGE, item, 1)
        row = self.product[item]
        self.weigh(item)
        row["project"] = pick(projects, u[3])
        self.taking += int(self.pledged[row["merchant"]] == 0)
        self.pledged[row["merchant"]] += 1
        self.changed = True
        return self.usual_fen(item)

    def weigh(self, item: int) -> bool:
        """Let a product give the most that is worth it, as the form allows and at least the minimum; True if that is
        something else than before."""
        wish = 100.0 * wish_yuan(*self._gains(item))
        row, minimum = self.product[item], self.scenario.merchants.minimum_pledge
        before = int(row["ppm"]), int(row["fixed"])
        row["ppm"], row["fixed"] = after = terms(wish, 100.0 * self._price_yuan(item), minimum)
        self.changed |= after != before
        return after != before

    def is_worth_it(self, item: int) -> bool:
        """Whether its seller finds the least pledge on this product worth it, or the least to which a sponsor adds."""
        price, *others = self._gains(item)
        minimum = self.scenario.merchants.minimum_pledge / 100.0
        least = {minimum, max(minimum, float(self.cofund[1]) / 100.0)}
        return any(is_worth(min(pledge, price), price, *others) for pledge in sorted(least))

    def willing(self) -> float:
        """The share of products whose sellers find the least pledge worth it, as things are now."""
        now = tuple(self.cofund.tolist())
        if self.willing_at != now:
            items = range(len(self.product))
            self.willing_at = now
            self.willing_share = float(np.mean([self.is_worth_it(item) for item in items]))
        return self.willing_share

    def _price_yuan(self, item: int) -> float:
        return self.scenario.shopping.price_median / 100.0 * float(self.product["price"][item])

    def _gains(self, item: int) -> Gains:
        """What decides about a pledge on a product: its price, what its seller counts on and feels, the sponsor's
        addition, and the label's rule; sums in yuan."""
        p, merchant = self.parameters, self.owner[item]
        counted = p["merchants_counted"] if self.scenario.merchants.badge else 0.0
        ratio, above_fen, most_fen = self.cofund.tolist()
        return (
            self._price_yuan(item), counted * float(self.margin[merchant]), float(self.glow[merchant]),
            ratio, above_fen / 100.0, most_fen / 100.0, p["label_scale"], p["label_half"], p["label_established"],
        )  # fmt: skip

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
            "cofund": self.cofund, "changed": np.array([self.changed]),
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Put a snapshot's rows back."""
        for name in ("product", "pledged", "notices", "next_at", "cofund"):
            getattr(self, name)[:] = state[name]
        self.taking = int((self.pledged > 0).sum())
        self.changed = bool(state["changed"][0])
