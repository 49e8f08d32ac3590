"""Abuse: farmers against honest users."""

from __future__ import annotations

import numpy as np
import polars as pl

from sim.observation.cost import Cost
from sim.observation.seen import Seen
from sim.observation.subject import Daybook, Subject, Sums, table
from sim.observation.words import Metric
from sim.observation.world import World

HONEST, FARMER = range(2)


class Abuse(Subject):
    """Accounts, blocks, and what farmers got."""

    METRICS = (
        Metric("wrongly_blocked", "people", "run", "down", "honest users blocked", "honest users blocked"),
    )

    def __init__(self, world: World, book: Daybook, cost: Cost) -> None:
        super().__init__(world, book)
        self.cost = cost
        self.arrays |= {"beans": np.zeros(2, np.int64), "blocked": np.zeros(2, np.int64)}

    def on_deed(self, seen: Seen) -> None:
        """Beans for a deed."""
        self.arrays["beans"] += [group["beans"].sum(dtype=np.int64) for group in (seen.people, seen.farmers)]

    def on_block(self, seen: Seen) -> None:
        """An account is closed."""
        self.arrays["blocked"] += (len(seen.people), len(seen.farmers))

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
        farmed = int(self.cost.by_day("farmer_subsidy_fen").sum())
        return pl.DataFrame(
            {
                "group": ["honest", "farmer"],
                "accounts": [self.world.honest, self.world.farmers.awake],
                "blocked": self.arrays["blocked"],
                "subsidy_fen": [int(self.cost.by_day("subsidy_fen").sum()) - farmed, farmed],
                "beans_issued": self.arrays["beans"],
            }
        )

    def measure(self, sums: Sums) -> dict[str, float]:
        """Blocks that were wrong."""
        return {"wrongly_blocked": float(self.arrays["blocked"][HONEST])}
