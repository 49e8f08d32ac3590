"""Abuse: what farmers do and take, beside what honest users do."""

from __future__ import annotations

import numpy as np
import polars as pl

from sim.observation.beans import Beans
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
        Metric("farmer_accounts", "accounts", "run", "down", "accounts that farmers opened"),
        Metric(
            "farmer_beans",
            "beans",
            "run",
            "down",
            "beans credited to farmers, no part of those issued to people",
        ),
    )

    def __init__(self, world: World, book: Daybook, cost: Cost, beans: Beans) -> None:
        super().__init__(world, book)
        self.cost, self.beans = cost, beans
        self.arrays |= {name: np.zeros(2, np.int64) for name in ("sessions", "deeds", "blocked")}

    def on_session(self, seen: Seen) -> None:
        """Somebody plays, or a script."""
        self.arrays["sessions"] += (len(seen.people), len(seen.farmers))

    def _done(self, seen: Seen) -> None:
        self.arrays["deeds"] += (len(seen.done), len(seen.farmed))

    on_deed = on_general = on_gift = on_bean_gift = _done

    def on_block(self, seen: Seen) -> None:
        """An account is closed."""
        self.arrays["blocked"] += (len(seen.people), len(seen.farmers))

    @table(
        "Honest users and farmers.",
        group="honest or farmer",
        accounts="accounts",
        blocked="of them blocked",
        subsidy_fen="subsidy received, fen",
        sessions="play sessions",
        deeds="deeds done",
        beans_issued="beans issued",
        beans_harvested="beans picked",
        beans_donated="beans given to projects",
        beans_redeemed="beans of vouchers shipped",
        beans_expired="beans faded, expired or decayed",
        beans_revoked="beans taken back",
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
                "sessions": self.arrays["sessions"],
                "deeds": self.arrays["deeds"],
            }
            | self.beans.by_group()
        )

    def measure(self, sums: Sums) -> dict[str, float]:
        """Blocks that were wrong, and what farmers got."""
        return {
            "wrongly_blocked": float(self.arrays["blocked"][HONEST]),
            "farmer_accounts": float(self.world.farmers.awake),
            "farmer_beans": float(self.beans.by_group()["beans_issued"][FARMER]),
        }
