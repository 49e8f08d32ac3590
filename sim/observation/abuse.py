"""Abuse: farmers against honest users."""

from __future__ import annotations

import numpy as np
import polars as pl

from sim.kernel import tallies as T
from sim.observation.cost import Cost
from sim.observation.subject import Daybook, Seen, Subject, Sums, table
from sim.observation.words import Metric
from sim.observation.world import World

BEANS, BLOCKED = range(2)


class Abuse(Subject):
    """Accounts, blocks, and what farmers got."""

    METRICS = (
        Metric("wrongly_blocked", "people", "run", "down", "honest users blocked", "honest users blocked"),
    )

    def __init__(self, world: World, book: Daybook, cost: Cost) -> None:
        super().__init__(world, book)
        self.cost = cost
        self.arrays = {"farmers": np.zeros(2, np.int64)}

    def on_deed(self, seen: Seen) -> None:
        """Beans for a farmer's deed."""
        self.arrays["farmers"][BEANS] += seen.farmers["beans"].sum(dtype=np.int64)

    def on_block(self, seen: Seen) -> None:
        """An account is closed."""
        self.arrays["farmers"][BLOCKED] += len(seen.farmers)

    @table(
        "Honest users and farmers.",
        group="honest or farmer",
        accounts="accounts",
        blocked="of them blocked",
        subsidy_fen="subsidy received, fen",
        beans_issued="beans issued",
    )
    def abuse(self) -> pl.DataFrame | None:
        """Accounts, blocked, what the sponsors paid them."""
        if not self.world.farmers.rows:
            return None
        issued, blocked = (int(x) for x in self.arrays["farmers"])
        paid, farmed = (
            int(self.cost.counted()[name].sum()) for name in ("subsidy_fen", "farmer_subsidy_fen")
        )
        return pl.DataFrame(
            {
                "group": ["honest", "farmer"],
                "accounts": [self.world.honest, self.world.farmers.awake],
                "blocked": [self.book.total(T.BLOCKED) - blocked, blocked],
                "subsidy_fen": [paid - farmed, farmed],
                "beans_issued": [self.book.total(T.BEANS_ISSUED) - issued, issued],
            }
        )

    def measure(self, sums: Sums) -> dict[str, float]:
        """Blocks that were wrong."""
        return {"wrongly_blocked": float(self.book.total(T.BLOCKED) - self.arrays["farmers"][BLOCKED])}
