"""What every subject of observation is: arrays that a snapshot keeps, rows it watches, tables, metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import Kind
from sim.observation.seen import Seen
from sim.observation.words import Daily, Metric, Table
from sim.observation.world import World

if TYPE_CHECKING:
    import polars as pl

    Made = Callable[..., "pl.DataFrame | None"]
F = TypeVar("F", bound=Callable[..., Any])
Sums = Mapping[str, float]
NOTHING = float("nan")  # does not apply
ON = "on_"  # on_gift watches the rows of Kind.GIFT


def table(about: str, **columns: str) -> Callable[[F], F]:
    """Marks a method of a subject that makes the table of its name: what its rows are, column → meaning."""

    def named(method: F) -> F:
        method.words = Table(about, columns)  # type: ignore[attr-defined]
        return method

    return named


class Daybook:
    """What the kernel and the few counted, by day: each day's share of the running tallies."""

    def __init__(self, days: int) -> None:
        from sim.kernel import tallies  # loads the compiler, which nobody needs who reads words

        self.names = tallies.TALLIES
        self.arrays = {
            "counts": np.zeros((days, tallies.COUNT), np.int64),
            "previous": np.zeros(tallies.COUNT, np.int64),
        }

    def close(self, day: int, counts: NDArray[np.int64]) -> None:
        """A day has ended: what was counted since the one before."""
        self.arrays["counts"][day] = counts - self.arrays["previous"]
        self.arrays["previous"][:] = counts

    def by_day(self, *names: str) -> NDArray[np.int64]:
        """One or several tallies (names as in `sim.kernel.tallies`), summed, by day."""
        return np.asarray(self.arrays["counts"][:, [self.names.index(name) for name in names]].sum(axis=1))


class Subject:
    """A subject. Methods `on_<kind>` are told its rows, those marked with `table` make tables."""

    METRICS: ClassVar[tuple[Metric, ...]] = ()
    DAILY: ClassVar[tuple[Daily, ...]] = ()

    def __init__(self, world: World, book: Daybook) -> None:
        self.world, self.scenario, self.book = world, world.scenario, book
        own = [column.name for column in self.DAILY if not column.tallies]
        self._place = {name: k for k, name in enumerate(own)}
        self.arrays: dict[str, NDArray[Any]] = {
            "today": np.zeros(len(own), np.int64),
            "by_day": np.zeros((len(own), world.days), np.int64),
        }

    def __init_subclass__(cls) -> None:
        """A method that watches a kind that does not exist would never be told anything."""
        super().__init_subclass__()
        wrong = [
            name
            for name in vars(cls)
            if name.startswith(ON) and name[len(ON) :].upper() not in Kind.__members__
        ]
        if wrong:
            raise TypeError(f"{cls.__name__}: {', '.join(wrong)}: there is no such kind of action")

    @classmethod
    def tables(cls) -> dict[str, Table]:
        """The words of its tables, by name."""
        return {name: made.words for name, made in vars(cls).items() if hasattr(made, "words")}

    def watched(self) -> dict[Kind, Callable[[Seen], None]]:
        """Which kinds of rows it is told."""
        return {kind: getattr(self, name) for kind in Kind if hasattr(self, name := ON + kind.name.lower())}

    def made(self) -> dict[str, pl.DataFrame]:
        """Its tables by name, without those that this run does not have."""
        frames = {name: getattr(self, name)() for name in self.tables()}
        return {name: frame for name, frame in frames.items() if frame is not None}

    def add(self, column: str, amount: Any) -> None:
        """Add to today's value of one of its own columns of `days`."""
        self.arrays["today"][self._place[column]] += int(amount)

    def by_day(self, column: str) -> NDArray[np.int64]:
        """One of its own columns of `days`."""
        return np.asarray(self.arrays["by_day"][self._place[column]])

    def close_day(self, day: int, totals: Any) -> None:
        """The day ends, as the books see it. `totals`: sums over all users' rows."""
        self.closing(totals)
        self.arrays["by_day"][:, day] = self.arrays["today"]
        self.arrays["today"][:] = 0

    def closing(self, totals: Any) -> None:
        """What is only known when a day ends."""

    def daily(self) -> dict[str, NDArray[Any]]:
        """Its columns of the table `days`."""
        return {
            one.name: self.book.by_day(*one.tallies) if one.tallies else self.by_day(one.name)
            for one in self.DAILY
        }

    def measure(self, sums: Sums) -> dict[str, float]:
        """Its metrics of the run that are no sums over days; NaN where one does not apply.

        `sums` are those sums, and what the subjects before it have measured.
        """
        return {}


def ratio(part: float, whole: float) -> float:
    """part ÷ whole; NaN of nothing."""
    return float(part) / float(whole) if whole else NOTHING
