"""Beans of people: issued, harvested, and how they end; what farmers had of them is counted beside."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import Kind
from sim.observation.seen import Seen
from sim.observation.subject import Daybook, Subject, Sums
from sim.observation.words import Daily, Metric
from sim.observation.world import World

# What becomes of beans: by column, the kinds of rows that say it.
BECAME: dict[str, tuple[Kind, ...]] = {
    "beans_issued": (Kind.DEED, Kind.GRANT),
    "beans_harvested": (Kind.HARVEST,),
    "beans_donated": (Kind.BEAN_GIFT,),
    "beans_redeemed": (Kind.REDEEM_SHIP,),
    "beans_expired": (Kind.FADE, Kind.EXPIRE, Kind.DECAY),
    "beans_revoked": (Kind.REVOKE,),
}


class Beans(Subject):
    """Beans of honest users; the books have those of all accounts."""

    METRICS = (
        Metric("beans_issued", "beans", "run", "–",
               "beans credited to people, by deeds themselves and by rules; they grow first", "beans issued"),
        Metric("beans_per_user", "beans", "user", "–", "beans issued to people ÷ users"),
        Metric("beans_harvested", "beans", "run", "up", "beans picked when ripe"),
        Metric("beans_donated", "beans", "run", "up", "beans given to projects", "beans donated"),
        Metric("beans_redeemed", "beans", "run", "–", "beans of vouchers shipped", "beans redeemed"),
        Metric("beans_expired", "beans", "run", "down", "beans that faded unpicked, lost their validity or decayed"),
        Metric("beans_revoked", "beans", "run", "–", "beans taken back from people whose account was blocked"),
    )  # fmt: skip
    DAILY = (
        Daily("beans_issued", "beans credited"),
        Daily("beans_harvested", "beans picked"),
        Daily("beans_donated", "beans given to projects"),
        Daily("beans_redeemed", "beans of vouchers shipped"),
        Daily("beans_expired", "beans faded, expired or decayed"),
        Daily("beans_revoked", "beans taken back"),
        Daily("growing", "beans growing at the day close"),
        Daily("available", "beans available at the day close"),
    )

    def __init__(self, world: World, book: Daybook) -> None:
        super().__init__(world, book)
        self.arrays |= {"by_group": np.zeros((len(BECAME), 2), np.int64)}  # of people and farmers

    def watched(self) -> dict[Kind, Callable[[Seen], None]]:
        """Every kind of row that says what became of beans."""
        return {kind: partial(self._became, column) for column, kinds in BECAME.items() for kind in kinds}

    def _became(self, column: str, seen: Seen) -> None:
        beans = [group["beans"].sum(dtype=np.int64) for group in (seen.people, seen.farmers)]
        self.add(column, beans[0])
        self.arrays["by_group"][list(BECAME).index(column)] += beans

    def by_group(self) -> dict[str, NDArray[np.int64]]:
        """What became of people's beans and of farmers'."""
        return dict(zip(BECAME, self.arrays["by_group"], strict=True))

    def closing(self, totals: Any) -> None:
        """What people hold at the day close: what all accounts hold, less what farmers' do."""
        farmers = self.world.people.users[self.world.honest :]
        self.add("growing", totals.growing - farmers["growing"].sum(dtype=np.int64))
        self.add("available", totals.available - farmers["available"].sum(dtype=np.int64))

    def measure(self, sums: Sums) -> dict[str, float]:
        """Beans a user."""
        return {"beans_per_user": sums["beans_issued"] / self.world.honest}
