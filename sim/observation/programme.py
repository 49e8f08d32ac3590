"""The full cost of a programme: what sponsors have paid, and what beans still unspent are expected to cost them.

The subsidy (`sim.observation.cost`) is what was paid: donated beans at their price, vouchers, matches, cofunding, money
of teams, prizes of ranks and lotteries. Beans that are held at the end are a promise: a share of them will be used, as
far as the run tells (farmers' by their own share), and each costs its price then. Both together are the cost.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.kernel.rows import LATER
from sim.observation.beans import Beans
from sim.observation.rules import FEN_PER_YUAN
from sim.observation.seen import Seen
from sim.observation.subject import Daybook, Subject, Sums, ratio
from sim.observation.words import Metric
from sim.observation.world import World

USED, LOST = ("beans_donated", "beans_redeemed"), ("beans_expired",)
PEOPLE, FARMERS = range(2)


class Programme(Subject):
    """What a programme costs in all."""

    METRICS = (
        Metric("programme_cost_fen", "fen", "run", "down",
               "subsidy, and what beans unspent at the end are expected to cost; farmers' included",
               "programme cost (subsidy, unspent beans)"),
        Metric("programme_cost_per_participant", "fen", "participant", "down",
               "programme cost without farmers' part ÷ participants of the run",
               "programme cost per participant"),
        Metric("farmer_cost_fen", "fen", "run", "down",
               "of the programme cost what went to farmers, or waits with them", "of it farmers' take"),
        Metric("liability_fen", "fen", "run", "down",
               "beans held (growing, harvested, asked for vouchers) or promised at the end, at price × the share used",
               "of it beans still unspent"),
        Metric("beans_used_share", "share", "bean", "–",
               "of people's beans that came to an end: donated or redeemed ÷ those and what faded, expired or decayed"),
    )  # fmt: skip

    def __init__(self, world: World, book: Daybook, beans: Beans) -> None:
        super().__init__(world, book)
        self.beans = beans
        self.arrays |= {"asked": np.zeros(2, np.int64)}  # beans held for vouchers, of people and of farmers

    def _held(self, seen: Seen, sign: int) -> None:
        self.arrays["asked"] += [
            sign * int(group["beans"].sum(dtype=np.int64)) for group in (seen.people, seen.farmers)
        ]

    def on_redeem_hold(self, seen: Seen) -> None:
        """Beans wait for a voucher."""
        self._held(seen, 1)

    def on_redeem_ship(self, seen: Seen) -> None:
        """They are used."""
        self._held(seen, -1)

    def on_redeem_cancel(self, seen: Seen) -> None:
        """They are back."""
        self._held(seen, -1)

    def unspent(self) -> NDArray[np.int64]:
        """The beans that people hold or were promised for later, and farmers."""
        users, honest = self.world.people.users, self.world.honest
        held = [
            sum(int(rows[name].sum(dtype=np.int64)) for name in ("growing", "available"))
            for rows in (users[:honest], users[honest:])
        ]
        return np.asarray(self.arrays["asked"] + self._promised() + np.array(held, np.int64))

    def _promised(self) -> NDArray[np.int64]:
        """Beans of deeds that were done and are paid later, of people and of farmers."""
        errands = self.world.people.errands()
        later = errands[errands["step"] == LATER]
        groups = (later["next"] >= self.world.honest).astype(np.int64)  # the list's link is the user
        return np.bincount(groups, later["price"], 2).astype(np.int64)

    def used_shares(self) -> tuple[float, float]:
        """Of the beans that came to an end the share that was used, of people's and of farmers'; NaN if none has."""
        became = self.beans.by_group()
        used, lost = (np.sum([became[name] for name in names], axis=0) for names in (USED, LOST))
        people, farmers = (ratio(u, u + gone) for u, gone in zip(used, lost, strict=True))
        return people, farmers

    def owed_fen(self) -> NDArray[np.float64]:
        """What beans still unspent are expected to cost: all of their price where no bean has come to an end yet."""
        price = FEN_PER_YUAN / self.scenario.beans.per_yuan
        return np.asarray(self.unspent() * np.nan_to_num(self.used_shares(), nan=1.0) * price)

    def measure(self, sums: Sums) -> dict[str, float]:
        """What was paid, and what is owed."""
        owed = self.owed_fen()
        cost = sums["subsidy_fen"] + float(owed.sum())
        farmed = sums["farmer_subsidy_fen"] + float(owed[FARMERS])
        return {
            "programme_cost_fen": cost,
            "programme_cost_per_participant": (cost - farmed) / max(sums["participants"], 1.0),
            "farmer_cost_fen": farmed,
            "liability_fen": float(owed.sum()),
            "beans_used_share": self.used_shares()[PEOPLE],
        }
