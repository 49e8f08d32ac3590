"""Orders and the merchants behind them: what carries a pledge, who buys, how much an order gives."""

from __future__ import annotations

import numpy as np
import polars as pl

from sim.agents import names
from sim.observation.seen import Seen
from sim.observation.shares import gini, top_share
from sim.observation.subject import Daybook, Subject, Sums, ratio, table
from sim.observation.words import Daily, Metric
from sim.observation.world import World

MOST_PLEDGE = 10_000  # fen; larger pledges fall into the last class
TOP_TENTH = 0.1


class Orders(Subject):
    """Orders, pledges, buyers."""

    METRICS = (
        Metric("orders", "orders", "run", "–", "orders created", "orders"),
        Metric("charity_orders", "orders", "run", "up", "orders created whose product carries a pledge",
               "charity orders"),
        Metric("charity_share", "share", "order", "up", "charity orders ÷ orders", "charity share of orders"),
        Metric("charity_orders_per_user", "orders", "user", "up", "charity orders ÷ users"),
        Metric("buyers", "people", "run", "up", "users with at least one charity order"),
        Metric("buyer_share", "share", "user", "up", "users with at least one charity order ÷ users"),
        Metric("yuan_per_charity_order", "yuan", "charity order", "–", "mean donation of a charity order"),
        Metric("pledged_fen", "fen", "run", "up", "donations pledged by paid charity orders",
               "pledged when orders were paid"),
        Metric("confirmed_fen", "fen", "run", "up", "donations paid when the buyer confirmed receipt",
               "donated when receipt was confirmed"),
        Metric("notices", "deeds", "run", "up", "other good deeds of merchants, such as missing-child notices"),
    )  # fmt: skip
    DAILY = (
        Daily("visits", "shopping visits", "visits"),
        Daily("orders", "orders created", "orders"),
        Daily("charity_orders", "orders created with a pledge", "charity_orders"),
        Daily("pledged_fen", "donations pledged, fen", "pledged_fen"),
        Daily("confirmed_fen", "donations confirmed, fen", "confirmed_fen"),
        Daily("refunded_fen", "pledged donations refunded, fen", "refunded_fen"),
        Daily("refunds", "orders refunded", "refunded"),
    )

    def __init__(self, world: World, book: Daybook) -> None:
        super().__init__(world, book)
        merchants = len(world.merchants.size_z)
        self.arrays |= {
            "merchant_orders": np.zeros(merchants, np.int64),
            "merchant_fen": np.zeros(merchants, np.int64),
            "pledges": np.zeros(MOST_PLEDGE + 1, np.int64),
            "bought": np.zeros(world.honest, bool),
        }

    def on_order_create(self, seen: Seen) -> None:
        """An order with a pledge; others have no row."""
        np.add.at(self.arrays["merchant_orders"], seen.rows["party"], 1)
        np.add.at(self.arrays["pledges"], np.minimum(seen.rows["fen"], MOST_PLEDGE), 1)
        self.arrays["bought"][seen.people["agent"]] = True

    def on_order_confirm(self, seen: Seen) -> None:
        """Its donation is the merchant's."""
        np.add.at(self.arrays["merchant_fen"], seen.rows["party"], seen.rows["fen"])

    @table(
        "One row a merchant.",
        merchant="number",
        name="name",
        category="category of its goods",
        size="relative size",
        margin="margin, share of the price",
        takes_part="has at least one pledged product",
        products="products",
        pledged_products="of them with a pledge",
        charity_orders="orders of its pledged products",
        donated_fen="donations confirmed, fen",
        notices="other good deeds, such as missing-child notices on parcels",
        badge="shows the charity badge",
    )
    def merchants(self) -> pl.DataFrame:
        """Every merchant: size, pledges, charity orders and what they gave."""

        m, settings = self.world.merchants, self.scenario.merchants
        seed, n = self.scenario.scenario.seed, len(m.size_z)
        categories = [names.CATEGORIES[k] for k in m.category]
        return pl.DataFrame(
            {
                "merchant": np.arange(n),
                "name": [names.merchant_name(seed, k, category) for k, category in enumerate(categories)],
                "category": categories,
                "size": np.exp(settings.size_sigma * m.size_z),
                "margin": m.margin,
                "takes_part": m.pledged > 0,
                "products": np.full(n, settings.products_each),
                "pledged_products": m.pledged,
                "charity_orders": self.arrays["merchant_orders"],
                "donated_fen": self.arrays["merchant_fen"],
                "notices": m.notices,
                "badge": (m.pledged > 0) & settings.badge,
            }
        )

    @table(
        "Histogram of the donation per charity order.",
        donation_fen="donation of an order, fen",
        orders="charity orders with it",
    )
    def pledges(self) -> pl.DataFrame:
        """How many charity orders carried which donation; the last row is that much or more."""
        counts = self.arrays["pledges"]
        index = np.flatnonzero(counts)
        return pl.DataFrame({"donation_fen": index, "orders": counts[index]})

    @table(
        "Concentration of orders of regular shoppers over 31 ordinary days.",
        percentile="the busiest so many percent of shoppers, 1–100",
        share_of_orders="their cumulative share of the orders",
    )
    def buyers(self) -> pl.DataFrame | None:
        """Share of orders by percentile of regular shoppers over the counted 31 ordinary days."""
        orders = self.world.regular_orders()
        if orders is None:
            return None
        ordered = np.sort(orders)[::-1].astype(float)
        cuts = (np.arange(1, 101) * len(ordered)) // 100
        upto = np.concatenate([[0.0], np.cumsum(ordered)])[cuts] / max(ordered.sum(), 1.0)
        return pl.DataFrame({"percentile": np.arange(1, 101), "share_of_orders": upto})

    def heterogeneity(self) -> tuple[float, float] | None:
        """(share of the top tenth, Gini) of regular shoppers' orders over 31 ordinary days."""
        orders = self.world.regular_orders()
        return None if orders is None else (top_share(orders, TOP_TENTH), gini(orders))

    def measure(self, sums: Sums) -> dict[str, float]:
        """Shares and means over users and orders."""
        counts, bought = self.arrays["pledges"], self.arrays["bought"]
        yuan = float((np.arange(len(counts)) * counts).sum()) / 100.0
        return {
            "charity_share": sums["charity_orders"] / max(sums["orders"], 1.0),
            "charity_orders_per_user": sums["charity_orders"] / self.world.honest,
            "buyers": float(bought.sum()),
            "buyer_share": float(bought.mean()),
            "yuan_per_charity_order": ratio(yuan, float(counts.sum())),
            "notices": float(self.world.merchants.notices.sum()),
        }
