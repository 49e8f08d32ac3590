"""What a campaign costs its sponsors: pools, budgets, the subsidy, and what went to farmers.

The subsidy is one sum with one definition: what rows post from a sponsor's pool to a project (match, money for
beans and for teams) or a person (prizes), and the value of the vouchers that are shipped. Pools, days, groups and heads
share it out. What beans still unspent will cost is no part of it: `sim.observation.programme` adds that.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.bookkeeping import POSTINGS, Kind
from sim.observation.seen import Seen
from sim.observation.subject import NOTHING, Daybook, Subject, Sums, ratio, table
from sim.observation.words import Daily, Metric
from sim.observation.world import World
from sim.spans import HOUR_S, HOUR_US, NEVER_US

POOL = 2600  # the account of a sponsor's pool
# The kinds that post money from a pool to a fund or a person, with the column it stands in.
GIVEN: dict[Kind, str] = {
    kind: line.amount
    for kind, lines in POSTINGS.items()
    for line in lines
    if line.debit == POOL and kind is not Kind.POOL_WITHDRAW
}


class Cost(Subject):
    """Pools and subsidy."""

    METRICS = (
        Metric("subsidy_fen", "fen", "run", "down",
               "what sponsors paid, also to farmers: match, money for beans and for teams, prizes, vouchers shipped",
               "subsidy (match, beans, teams, vouchers)"),
        Metric("subsidy_per_user", "fen", "user", "down", "subsidy that went to people ÷ users"),
        Metric("subsidy_per_participant", "fen", "participant", "down",
               "subsidy that went to people ÷ participants of the run",
               "subsidy per participant"),
        Metric("farmer_subsidy_fen", "fen", "run", "down", "subsidy that went to farmers"),
        Metric("overrun", "0 or 1", "run", "down",
               "whether the subsidy exceeds all pools and the value of the vouchers in stock"),
        Metric("farmer_share", "share", "fen of subsidy", "down", "subsidy that went to farmers ÷ subsidy",
               "subsidy leaking to farmers"),
        Metric("pool_empty_at", "h", "run", "–", "hours until a pool could not pay the least claim, and got no more"),
        Metric("unmet_claims", "claims", "run", "–",
               "claims that dry pools cut or refused, gifts and orders while dry"),
        Metric("unmet_fen", "fen", "run", "–", "what the pools' rules would have paid them: what caps the subsidy"),
    )  # fmt: skip
    DAILY = (
        Daily("subsidy_fen", "what sponsors paid: match, money for beans and teams, prizes, vouchers, fen"),
        Daily("farmer_subsidy_fen", "subsidy that went to farmers, fen"),
        Daily("voucher_fen", "value of vouchers shipped, fen"),
        Daily("pool_left_fen", "money left in all pools at the day close, fen"),
    )

    def __init__(self, world: World, book: Daybook) -> None:
        super().__init__(world, book)
        pools = len(world.sponsors.pools)
        self.voucher_fen = np.array([r.value for r in self.scenario.redemptions.values()], np.int64)
        self.arrays |= {
            "left": np.zeros((world.days * 24 + 1, pools), np.int64),
            "spent_by": np.zeros((world.days * 24 + 1, pools), np.int64),
            "spent": np.zeros(pools, np.int64),
            "unmet": np.zeros((2, pools), np.int64),  # claims on pools that were dry, their fen
        }

    def watched(self) -> dict[Kind, Callable[[Seen], None]]:
        """Everything that posts from a pool to a project or a person, and vouchers."""
        return {kind: partial(self._given, column) for kind, column in GIVEN.items()} | super().watched()

    def _given(self, column: str, seen: Seen) -> None:
        """A pool gives."""
        pool, fen = seen.rows["pool"].astype(np.int64), seen.rows[column]
        np.add.at(self.arrays["spent"], pool[pool > 0] - 1, fen[pool > 0])
        self._subsidy(fen, seen.farmers[column])

    def on_redeem_ship(self, seen: Seen) -> None:
        """A voucher is paid for when it is shipped."""
        value = self.voucher_fen[seen.rows["deed"]]
        self.add("voucher_fen", value.sum())
        self._subsidy(value, self.voucher_fen[seen.farmers["deed"]])

    def _subsidy(self, fen: NDArray[np.int64], farmed: NDArray[np.int64]) -> None:
        self.add("subsidy_fen", fen.sum(dtype=np.int64))
        self.add("farmer_subsidy_fen", farmed.sum(dtype=np.int64))

    def closing(self, totals: Any) -> None:
        """What the pools hold at the day close."""
        self.add("pool_left_fen", self.world.sponsors.money.sum())

    def pool_levels(self, now_s: int, levels: NDArray[np.int64]) -> None:
        """What each pool has left, or had left when it was closed, and has spent at a barrier that is a full hour.

        levels: `Sponsors.levels` of that barrier.
        """
        spent, (left, deposited, closed) = self.arrays["spent"], levels
        self.arrays["left"][now_s // HOUR_S] = np.where(closed, deposited - spent, left)
        self.arrays["spent_by"][now_s // HOUR_S] = spent

    @table(
        "Sponsors' pools by hour.",
        t="µs since the start of the scenario",
        pool="name in the scenario",
        sponsor="its sponsor",
        left_fen="money left, of a closed pool what was left at its close, fen",
        spent_fen="money spent so far, fen",
    )
    def pools(self) -> pl.DataFrame | None:
        """What every pool has left and has spent, at every barrier hour."""
        s, left, spent = self.world.sponsors, self.arrays["left"], self.arrays["spent_by"]
        if not left.shape[1]:
            return None
        seen = np.flatnonzero(left.any(axis=1) | spent.any(axis=1))
        return pl.concat(
            [
                pl.DataFrame(
                    {
                        "t": seen * HOUR_US,
                        "pool": [name] * len(seen),
                        "sponsor": [pool.sponsor] * len(seen),
                        "left_fen": left[seen, k],
                        "spent_fen": spent[seen, k],
                    }
                )
                for k, (name, pool) in enumerate(zip(s.names, s.pools, strict=True))
            ]
        )

    @table(
        "One row a sponsor's pool, at the end of the run.",
        pool="name in the scenario",
        sponsor="its sponsor",
        serves="gifts, beans, orders, teams, or one rule",
        real_fen="its total in the scenario, at real size, fen",
        total_fen="that total at simulated size, fen",
        deposited_fen="put in by its openings, fen",
        spent_fen="given, fen",
        left_fen="left over; given back when the pool is closed, fen",
        dry_at="when it ran dry for good, µs since the start, to the next barrier; null if it did not",
        dry_spells="how often it ran dry, openings that came after included",
        unmet_claims="claims it cut or refused, gifts and confirmed orders while dry; null for teams",
        unmet_fen="what it would have paid them by its rule within its caps, fen; null for teams",
    )
    def budgets(self) -> pl.DataFrame | None:
        """Every pool: what it was given, gave and had left, when it ran dry, and what it could not pay.

        What teams would have unlocked is not counted: their points wait.
        """
        s, spent = self.world.sponsors, self.arrays["spent"]
        if not len(spent):
            return None
        deposited = [s.deposited(k) for k in range(len(spent))]
        teams = [pool.serves == "teams" for pool in s.pools]
        claims, fen = (
            [None if t else v for t, v in zip(teams, row, strict=True)]
            for row in self.arrays["unmet"].tolist()
        )
        return pl.DataFrame(
            {
                "pool": list(s.names),
                "sponsor": [pool.sponsor for pool in s.pools],
                "serves": [pool.serves for pool in s.pools],
                "real_fen": [pool.total for pool in s.pools],
                "total_fen": s.totals,
                "deposited_fen": deposited,
                "spent_fen": spent,
                "left_fen": np.array(deposited, np.int64) - spent,
                "dry_at": [int(at) if at < NEVER_US else None for at in s.dry_at],
                "dry_spells": s.dry_spells,
                "unmet_claims": claims,
                "unmet_fen": fen,
            },
            schema_overrides={"dry_at": pl.Int64, "unmet_claims": pl.Int64, "unmet_fen": pl.Int64},
        )

    def measure(self, sums: Sums) -> dict[str, float]:
        """The subsidy by heads, and how the pools ended."""
        subsidy, budget = sums["subsidy_fen"], self._budget_fen()
        to_people = subsidy - sums["farmer_subsidy_fen"]
        return {
            "subsidy_per_user": to_people / self.world.honest,
            "subsidy_per_participant": to_people / max(sums["participants"], 1.0),
            "overrun": float(subsidy > budget) if budget else NOTHING,
            "farmer_share": ratio(sums["farmer_subsidy_fen"], subsidy),
        } | self._of_pools()

    def _budget_fen(self) -> int:
        """What the sponsors set aside: all pools, and the vouchers in stock at their value."""
        from sim.agents.sponsors import scaled_stock

        stock = [
            scaled_stock(self.scenario, item) * item.value for item in self.scenario.redemptions.values()
        ]
        return sum(self.world.sponsors.totals) + sum(stock)

    def _of_pools(self) -> dict[str, float]:
        """When the first pool ran dry, and what pools could not pay; NaN if none did, or there are none."""
        frame = self.budgets()
        if frame is None:
            return dict.fromkeys(("pool_empty_at", "unmet_claims", "unmet_fen"), NOTHING)
        dry = frame["dry_at"].drop_nulls()
        return {
            "pool_empty_at": min(dry, default=NOTHING) / HOUR_US,
            "unmet_claims": float(frame["unmet_claims"].sum()),
            "unmet_fen": float(frame["unmet_fen"].sum()),
        }
