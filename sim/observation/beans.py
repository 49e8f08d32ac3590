"""Beans: issued, harvested, and how they end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.kernel import tallies as T
from sim.observation.subject import Daybook, Subject, Sums
from sim.observation.words import Daily, Metric
from sim.observation.world import World

GROWING, AVAILABLE = range(2)


class Beans(Subject):
    """Beans of all accounts, as the books have them."""

    METRICS = (
        Metric(
            "beans_issued", "beans", "run", "–", "beans credited for deeds; they grow first", "beans issued"
        ),
        Metric("beans_per_user", "beans", "user", "–", "beans issued ÷ users"),
        Metric("beans_harvested", "beans", "run", "up", "beans picked when ripe"),
        Metric("beans_donated", "beans", "run", "up", "beans given to projects", "beans donated"),
        Metric("beans_redeemed", "beans", "run", "–", "beans of vouchers shipped", "beans redeemed"),
        Metric("beans_expired", "beans", "run", "down", "beans that faded unpicked or lost their validity"),
        Metric("beans_revoked", "beans", "run", "–", "beans taken back from blocked accounts"),
    )
    DAILY = (
        Daily("beans_issued", "beans credited", T.BEANS_ISSUED),
        Daily("beans_harvested", "beans picked", T.BEANS_HARVESTED),
        Daily("beans_donated", "beans given to projects", T.BEANS_DONATED),
        Daily("beans_redeemed", "beans of vouchers shipped", T.BEANS_REDEEMED),
        Daily("beans_expired", "beans faded or expired", T.BEANS_FADED, T.BEANS_EXPIRED),
        Daily("beans_revoked", "beans taken back", T.BEANS_REVOKED),
        Daily("growing", "beans growing at the day close"),
        Daily("available", "beans available at the day close"),
    )

    def __init__(self, world: World, book: Daybook) -> None:
        super().__init__(world, book)
        self.arrays = {"held": np.zeros((2, world.days), np.int64)}

    def close_day(self, day: int, totals: Any) -> None:
        """What the users hold at the day close."""
        self.arrays["held"][:, day] = totals.growing, totals.available

    def counted(self) -> dict[str, NDArray[np.int64]]:
        """Balances."""
        return {"growing": self.arrays["held"][GROWING], "available": self.arrays["held"][AVAILABLE]}

    def measure(self, sums: Sums) -> dict[str, float]:
        """Beans a user."""
        return {"beans_per_user": sums["beans_issued"] / self.world.honest}
