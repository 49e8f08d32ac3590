"""The recorder watches the stream and keeps rows to compute from; it never steers anything.

It conducts the subjects: groups every part of the stream by kind, once, and hands each kind to those who watch
it, honest users apart from farmers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.bookkeeping import Kind
from sim.observation.abuse import Abuse
from sim.observation.beans import Beans
from sim.observation.catalogue import BY_DAY
from sim.observation.cost import Cost
from sim.observation.deeds import Deeds
from sim.observation.festival import Festival
from sim.observation.giving import Giving
from sim.observation.hours import Hours
from sim.observation.orders import Orders
from sim.observation.play import Play
from sim.observation.programme import Programme
from sim.observation.projects import Projects
from sim.observation.rules import Rules
from sim.observation.seen import Reader, Seen
from sim.observation.subject import Daybook, Subject
from sim.observation.teams import Teams
from sim.observation.traffic import Traffic
from sim.observation.world import Rows, World
from sim.spans import DAY_US

Tables = dict[str, pl.DataFrame]


class Recorder:
    """Everything that is observed of one run, subject by subject."""

    def __init__(self, world: World) -> None:
        self.world, self.book = world, Daybook(world.days)
        self._reader = Reader(world)
        self.play = Play(world, self.book)
        self.orders = Orders(world, self.book)
        self.festival = Festival(world, self.book)
        self.traffic_by_time = Traffic(world, self.book)
        self.giving = Giving(world, self.book)
        self.beans = Beans(world, self.book)
        self.cost = Cost(world, self.book)
        self.subjects: tuple[Subject, ...] = (
            self.play, Deeds(world, self.book, self._reader), self.orders, self.festival, self.traffic_by_time,
            self.giving, self.beans, Hours(world, self.book, self._reader), self.cost,
            Rules(world, self.book), Programme(world, self.book, self.beans),
            Abuse(world, self.book, self.cost, self.beans), Projects(world, self.book, self.giving),
            Teams(world, self.book),
        )  # fmt: skip
        self.unmet = self.cost.arrays["unmet"]
        self.seen = np.zeros(1, np.int64)  # rows in all
        self._watching: dict[Kind, list[Callable[[Seen], None]]] = {}
        for subject in self.subjects:
            for kind, watch in subject.watched().items():
                self._watching.setdefault(kind, []).append(watch)

    @cached_property
    def _arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays under the name of their subject."""
        kept = {"seen": self.seen} | {f"days.{name}": rows for name, rows in self.book.arrays.items()}
        for subject in self.subjects:
            kept |= {f"{type(subject).__name__.lower()}.{name}": a for name, a in subject.arrays.items()}
        return kept

    def state(self) -> dict[str, NDArray[Any]]:
        """What a snapshot keeps."""
        return self._arrays

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Put the arrays back."""
        for name, value in state.items():
            self._arrays[name][:] = value

    # --- what comes in ------------------------------------------------------------------------------

    def is_fine(self, second: int) -> bool:
        """Whether an instant lies in a fine window, where traffic is counted by the second."""
        return self.traffic_by_time.is_fine(second)

    def traffic(self, base_s: int, bin_s: int, counts: NDArray[np.int64]) -> None:
        """Visits, orders and charity orders by bin of time, shape (bins, 3)."""
        at = base_s + bin_s * np.arange(len(counts))
        self.traffic_by_time.traffic(at, counts)
        self.festival.traffic(at, counts[:, 1])

    def actions(self, part: Rows) -> None:
        """One part of the stream, in order."""
        self.seen += len(part)
        kinds = np.where(part["outcome"] == 0, part["kind"], np.uint8(0))
        order = np.argsort(kinds, kind="stable")
        ends = np.cumsum(np.bincount(kinds, minlength=256)).tolist()
        for kind, watching in self._watching.items():
            first, last = ends[kind - 1], ends[kind]
            if first < last:
                seen = Seen(kind, part.take(order[first:last]), self._reader)
                for watch in watching:
                    watch(seen)

    def day(self, day: int, counts: NDArray[np.int64], totals: Any) -> None:
        """The day that closed: what was counted during it, and what stands at its end."""
        self.book.close(day, counts)
        for subject in self.subjects:
            subject.close_day(day, totals)

    def pool_levels(self, now_s: int, levels: NDArray[np.int64]) -> None:
        """What the pools hold at a barrier that is a full hour (`Sponsors.levels`)."""
        self.cost.pool_levels(now_s, levels)

    def new_players_on(self, day: int) -> int:
        """Players who came in on a day that is closed; none before the first."""
        return self.play.new_players_on(day)

    # --- what goes out ------------------------------------------------------------------------------

    def days(self) -> pl.DataFrame:
        """One row a day: what was counted, and balances at its close."""
        count = self.world.days
        data: dict[str, object] = {
            "day": np.arange(count),
            "date": [self.world.date(day) for day in range(count)],
        }
        for subject in self.subjects:
            data |= subject.daily()
        return pl.DataFrame(data)

    def tables(self) -> Tables:
        """Every table this run has, by name."""
        made = {"days": self.days()}
        for subject in self.subjects:
            made |= subject.made()
        return made

    def totals(self) -> dict[str, float]:
        """Metrics of the whole run by name; NaN where a metric does not apply."""
        days = self.days()
        sums = {name: float(days[name].sum()) for name in days.columns if name not in ("day", "date")}
        for subject in self.subjects:
            sums |= subject.measure(sums)
        wanted = {metric.name for subject in self.subjects for metric in subject.METRICS}
        return {"actions": float(self.seen[0])} | {k: v for k, v in sums.items() if k in wanted}

    def metrics(self) -> pl.DataFrame:
        """Tidy rows: daily values where there are days, and the run's totals at its end."""
        days, sources, end = self.days(), self.giving.sources(), self.world.scenario.scenario.length
        ends = (days["day"] + 1) * DAY_US
        parts = [_rows(ends, name, "day", days[name]) for name in BY_DAY]
        parts += [_rows(end, name, "", value) for name, value in self.totals().items()]
        parts.append(_rows(end, "raised_fen", sources["source"] + "/" + sources["cause"], sources["fen"]))
        return pl.concat(parts)


def _rows(time: Any, name: str, group: Any, value: Any) -> pl.DataFrame:
    """Rows of a metric."""
    wide = pl.DataFrame({"value": value, "time": time, "group": group})
    return wide.select(
        pl.col("time").cast(pl.Int64), pl.lit(name).alias("metric"), "group", pl.col("value").cast(pl.Float64)
    )
