"""The largest festival's day: how its orders come, second by second, and when their donations arrive."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.kernel.rows import MOST_REFS
from sim.observation.seen import Seen, days_of, those
from sim.observation.subject import NOTHING, Daybook, Subject, Sums, table
from sim.observation.words import Metric
from sim.observation.world import Rows, World
from sim.spans import DAY_S, MINUTE_S, SECOND

PEAK_S = 10
REFUND_DAYS = 7  # refunds of 2018 are published as of 18 November
PEAK_USERS = 200_000  # below that ten seconds hold too few orders to be measured
CREATED, PAID, REFUNDED = range(3)
CONFIRMED_FEN, PLEDGED_FEN = range(2)


class Festival(Subject):
    """Orders and donations of the festival day."""

    METRICS = (
        Metric("peak_10s", "multiple", "run", "–",
               "busiest 10 s of the festival day inside fine windows ÷ the day's mean of 10 s; none without one",
               "busiest 10 s ÷ the day's mean"),
    )  # fmt: skip

    def __init__(self, world: World, book: Daybook) -> None:
        super().__init__(world, book)
        self.day = world.festival_day
        self.arrays |= {
            "seconds": np.zeros(DAY_S if self.day >= 0 else 0, np.int64),
            "bought": np.zeros(world.honest, bool),
            "sold": np.zeros(len(world.merchants.size_z), bool),
            "cash": np.zeros((2, world.days + 1), np.int64),
            "orders": np.zeros(3, np.int64),  # charity orders of the day, paid, refunded later
        }

    def measured(self) -> NDArray[np.bool_]:
        """Which seconds of the day were counted one by one: those in a fine window. Others are known by the minute."""
        seconds = np.zeros(len(self.arrays["seconds"]), bool)
        for low, high in self.world.fine:
            seconds[max(low - self.day * DAY_S, 0) : max(high - self.day * DAY_S, 0)] = True
        return seconds

    def traffic(self, at: NDArray[np.int64], orders: NDArray[np.int64]) -> None:
        """Orders by second of time; outside the fine windows all of a minute stand at its first second."""
        if len(at) and at[0] // DAY_S == self.day:
            np.add.at(self.arrays["seconds"], at - self.day * DAY_S, orders)

    def on_order_create(self, seen: Seen) -> None:
        """Who buys and sells on the day."""
        today = days_of(seen.rows) == self.day
        buyers = seen.people["agent"][days_of(seen.people) == self.day]
        self.arrays["bought"][buyers] = True
        self.arrays["sold"][seen.rows["party"][today]] = True
        self.arrays["orders"][CREATED] += today.sum()

    def on_order_pay(self, seen: Seen) -> None:
        """A donation is pledged."""
        self._cash(PLEDGED_FEN, seen.rows)
        self.arrays["orders"][PAID] += self._of_the_day(seen.rows).sum()

    def on_order_confirm(self, seen: Seen) -> None:
        """A donation arrives."""
        self._cash(CONFIRMED_FEN, seen.rows)

    def on_order_refund(self, seen: Seen) -> None:
        """What goes back within a week."""
        early = days_of(seen.rows) - self.day <= REFUND_DAYS
        self.arrays["orders"][REFUNDED] += (self._of_the_day(seen.rows) & early).sum()

    on_refund_late = on_order_refund

    def _of_the_day(self, rows: Rows) -> NDArray[np.bool_]:
        """Whether an order was created on the day: its reference starts with the second."""
        return np.asarray(rows["ref"] // MOST_REFS // DAY_S == self.day)

    def _cash(self, what: int, rows: Rows) -> None:
        mine = those(rows, self._of_the_day(rows))
        np.add.at(self.arrays["cash"][what], days_of(mine) - self.day, mine["fen"])

    @table(
        "The festival day's cumulative orders at the published instants, as far as these were measured.",
        after_s="seconds after midnight",
        simulated="cumulative share of the day's orders",
        published="the published share",
    )
    def festival_curve(self) -> pl.DataFrame | None:
        """Cumulative share of the largest festival's orders against the published points."""
        if not self.scenario.festivals or self.day < 0:
            return None
        festival = max(self.scenario.festivals.values(), key=lambda each: each.orders)
        seconds = self.arrays["seconds"]
        upto = np.cumsum(seconds) / max(seconds.sum(), 1)
        points = [(p.after // SECOND, p.share) for p in festival.curve if p.published]
        points = [(s, share) for s, share in points if self._is_known(s)]
        return pl.DataFrame(
            {
                "after_s": [s for s, _ in points],
                "simulated": [float(upto[min(s, DAY_S) - 1]) for s, _ in points],
                "published": [share for _, share in points],
            }
        )

    @table(
        "Donations of the orders created on the festival day, by day of pledge and of confirmation.",
        day="days after the festival",
        confirmed_fen="donations confirmed, fen",
        pledged_fen="donations pledged, fen",
    )
    def cash(self) -> pl.DataFrame | None:
        """Donations of the day's orders by days since: pledged when paid, moved when confirmed."""
        if not self.scenario.festivals:
            return None
        moved, pledged = self.arrays["cash"]
        last = len(moved) - self.day - 1
        return pl.DataFrame(
            {"day": np.arange(last), "confirmed_fen": moved[:last], "pledged_fen": pledged[:last]}
        )

    def _is_known(self, second: int) -> bool:
        """Whether the orders before that second of the day are known: it ends a minute, or was measured."""
        began = second // MINUTE_S * MINUTE_S
        return second == began or bool(self.measured()[began:second].all())

    def took_part(self) -> tuple[float, float]:
        """(users with a charity order, merchants with one) on the day."""
        return float(self.arrays["bought"].sum()), float(self.arrays["sold"].sum())

    def busiest(self) -> tuple[float, float] | None:
        """(its orders ÷ the mean of ten seconds, the second it begins) of the busiest ten seconds that were measured.

        None where none was, or nothing was ordered all day.
        """
        orders = self.arrays["seconds"].reshape(-1, PEAK_S).sum(axis=1)
        whole = self.measured().reshape(-1, PEAK_S).all(axis=1)
        if not whole.any() or not orders.any():
            return None
        at = int(np.where(whole, orders, -1).argmax())
        return float(orders[at] / orders.mean()), float(at * PEAK_S)

    def measure(self, sums: Sums) -> dict[str, float]:
        """How steep the day is."""
        busiest = self.busiest()
        return {"peak_10s": NOTHING if busiest is None else busiest[0]}
