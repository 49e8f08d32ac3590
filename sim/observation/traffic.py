"""Traffic of people: by the hour, by the minute where it is dense, over an ordinary day."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.observation.seen import Seen
from sim.observation.subject import Daybook, Subject, table
from sim.observation.world import Rows, World
from sim.spans import HOUR_S, HOUR_US, MINUTE_S, MINUTE_US, SECOND

COLUMNS = ("visits", "orders", "charity_orders", "pledged_fen", "confirmed_fen", "sessions", "deeds")
VISITS, ORDERS, CHARITY, PLEDGED, CONFIRMED, SESSIONS, DEEDS = range(7)
BY_MINUTE = 5  # of these columns
WORDS = {
    "t": "start of the period, µs since the start of the scenario",
    "visits": "shopping visits",
    "orders": "orders created",
    "charity_orders": "orders created whose product carries a pledge",
    "pledged_fen": "donations pledged by orders paid, fen",
    "confirmed_fen": "donations paid at confirmation, fen",
}


class Traffic(Subject):
    """Visits, orders, donations, sessions and deeds by time."""

    def __init__(self, world: World, book: Daybook) -> None:
        super().__init__(world, book)
        stretches = [np.arange(low // MINUTE_S, high // MINUTE_S) for low, high in sorted(world.fine)]
        self.fine_minutes = np.concatenate([np.zeros(0, np.int64), *stretches])
        self.arrays |= {
            "hours": np.zeros((len(COLUMNS), world.days * 24 + 1), np.int64),
            "minutes": np.zeros((BY_MINUTE, len(self.fine_minutes)), np.int64),
        }

    def is_fine(self, second: int) -> bool:
        """Whether an instant lies in a fine window, where traffic is counted by the second."""
        return any(low <= second < high for low, high in self.world.fine)

    def traffic(self, at: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        """Visits, orders and charity orders by second of time, shape (bins, 3)."""
        for column in (VISITS, ORDERS, CHARITY):
            self._by_time(column, at, counts[:, column])

    def _by_time(self, column: int, second: NDArray[np.int64], weight: NDArray[np.int64]) -> None:
        """Add to the hour of each second and, in a fine window, to its minute."""
        np.add.at(self.arrays["hours"][column], second // HOUR_S, weight)
        if column < BY_MINUTE and len(self.fine_minutes):
            minute = second // MINUTE_S
            place = np.minimum(np.searchsorted(self.fine_minutes, minute), len(self.fine_minutes) - 1)
            fine = self.fine_minutes[place] == minute
            np.add.at(self.arrays["minutes"][column], place[fine], weight[fine])

    def _count(self, column: int, rows: Rows) -> None:
        self._by_time(column, rows["t"] // SECOND, np.ones(len(rows), np.int64))

    def on_order_pay(self, seen: Seen) -> None:
        """The love peak: money pledged."""
        self._by_time(PLEDGED, seen.rows["t"] // SECOND, seen.rows["fen"])

    def on_order_confirm(self, seen: Seen) -> None:
        """The cash peak: money that moves."""
        self._by_time(CONFIRMED, seen.rows["t"] // SECOND, seen.rows["fen"])

    def on_session(self, seen: Seen) -> None:
        """Play."""
        self._count(SESSIONS, seen.people)

    def _done(self, seen: Seen) -> None:
        self._count(DEEDS, seen.done)

    on_deed = on_general = on_gift = on_bean_gift = _done

    @table("Traffic by minute, of the minutes in a fine window and no others.", **WORDS)
    def minutes(self) -> pl.DataFrame | None:
        """Traffic by minute inside the fine windows."""
        if not self.world.fine:
            return None
        t = self.fine_minutes * MINUTE_US
        return pl.DataFrame({"t": t} | dict(zip(COLUMNS, self.arrays["minutes"], strict=False)))

    @table("Traffic by hour.", **WORDS, sessions="play sessions", deeds="deeds done")
    def hours(self) -> pl.DataFrame:
        """Traffic by hour over the whole run."""
        rows = self.arrays["hours"][:, :-1]
        t = np.arange(rows.shape[1]) * HOUR_US
        return pl.DataFrame({"t": t} | dict(zip(COLUMNS, rows, strict=True)))

    @table(
        "Share of each hour of the day on ordinary days outside the fine window.",
        hour="hour of the day, 0–23",
        visits_pct="share of the day's visits, %",
        orders_pct="share of the day's orders, %",
        page_views_pct="the same of page views in the data, %",
        purchases_pct="the same of purchases in the data, %",
    )
    def hour_profile(self) -> pl.DataFrame:
        """Share of the day by hour on ordinary days, simulated against the data, in percent."""
        mask = self.world.ordinary_days()
        hours = self.arrays["hours"][:, : len(mask) * 24].reshape(len(COLUMNS), len(mask), 24)
        rows = hours[:, mask].sum(axis=1)
        data: dict[str, NDArray[np.number]] = {"hour": np.arange(24)}
        for column, name in ((VISITS, "visits_pct"), (ORDERS, "orders_pct")):
            data[name] = 100.0 * rows[column] / max(rows[column].sum(), 1)
        data["page_views_pct"] = 100.0 * self.world.profile["page_views"]
        data["purchases_pct"] = 100.0 * self.world.profile["purchases"]
        return pl.DataFrame(data)
