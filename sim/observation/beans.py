"""Beans: issued, harvested, and how they end."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.observation.seen import Seen
from sim.observation.subject import Daybook, Subject, Sums
from sim.observation.words import Daily, Metric
from sim.observation.world import World


class Beans(Subject):
    """Beans of all accounts, as the books have them."""

    METRICS = (
        Metric("beans_issued", "beans", "run", "–", "beans credited, to farmers too; they grow first",
               "beans issued"),
        Metric("beans_per_user", "beans", "user", "–", "beans issued to honest users ÷ users"),
        Metric("beans_harvested", "beans", "run", "up", "beans picked when ripe"),
        Metric("beans_donated", "beans", "run", "up", "beans given to projects", "beans donated"),
        Metric("beans_redeemed", "beans", "run", "–", "beans of vouchers shipped", "beans redeemed"),
        Metric("beans_expired", "beans", "run", "down", "beans that faded unpicked or lost their validity"),
        Metric("beans_revoked", "beans", "run", "–", "beans taken back from blocked accounts"),
    )  # fmt: skip
    DAILY = (
        Daily("beans_issued", "beans credited", "beans_issued"),
        Daily("beans_harvested", "beans picked", "beans_harvested"),
        Daily("beans_donated", "beans given to projects", "beans_donated"),
        Daily("beans_redeemed", "beans of vouchers shipped", "beans_redeemed"),
        Daily("beans_expired", "beans faded or expired", "beans_faded", "beans_expired"),
        Daily("beans_revoked", "beans taken back", "beans_revoked"),
        Daily("growing", "beans growing at the day close"),
        Daily("available", "beans available at the day close"),
    )

    def __init__(self, world: World, book: Daybook) -> None:
        super().__init__(world, book)
        self.arrays |= {"of_people": np.zeros(1, np.int64)}

    def on_deed(self, seen: Seen) -> None:
        """Beans for a deed."""
        self.arrays["of_people"] += seen.people["beans"].sum(dtype=np.int64)

    def closing(self, totals: Any) -> None:
        """What the users hold at the day close."""
        self.add("growing", totals.growing)
        self.add("available", totals.available)

    def measure(self, sums: Sums) -> dict[str, float]:
        """Beans a user."""
        return {"beans_per_user": float(self.arrays["of_people"][0]) / self.world.honest}
