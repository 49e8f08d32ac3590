"""The words of what is observed: tables and their columns, metrics, rows held against published volumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict

# At which size a number stands: that of the simulated users, that of the real users they stand for, or, as shares
# and averages do, at any.
Size = Literal["simulated", "real", "any"]
Use = Literal["put in", "fitted", "held out"]
Better = Literal["up", "down", "–"]
SUMS = ("run", "day")  # what a sum is per
COUNTED = ("people", "actions", "orders", "fen", "deeds", "gifts", "beans", "minutes", "claims")


@dataclass(frozen=True)
class Metric:
    """One row of the catalogue. `per` is what one value stands for, `better` which way is good.

    `headline` are the words of a summary; a metric without any stands in no summary. A metric that is called as
    a column of the table `days` also comes by day.
    """

    name: str
    unit: str
    per: str
    better: Better
    definition: str
    headline: str = ""

    @property
    def size(self) -> Size:
        """Counts and sums stand at simulated size; shares, averages and times are the same at any."""
        return "simulated" if self.per in SUMS and self.unit in COUNTED else "any"


@dataclass(frozen=True)
class Table:
    """One table: what its rows are, and column → meaning with unit."""

    about: str
    columns: dict[str, str]


@dataclass(frozen=True, init=False)
class Daily:
    """A column of the table `days`: its meaning, and the tallies it sums; without any, its subject counts it."""

    name: str
    meaning: str
    tallies: tuple[str, ...]

    def __init__(self, name: str, meaning: str, *tallies: str) -> None:
        for field, value in (("name", name), ("meaning", meaning), ("tallies", tallies)):
            object.__setattr__(self, field, value)


class Published(TypedDict):
    """One published volume against the simulated one. Passed means low <= simulated <= high.

    `use`: *put in* is a number that the scenario was given, *fitted* one for which a setting was chosen, *held out*
    one for which none was.
    """

    name: str
    published: str
    simulated: float
    low: float
    high: float
    unit: str
    use: Use
    size: Size
    source: str
    passed: bool


class ReportLine(TypedDict):
    """One line of the charity report; the unit is one of the metrics' (fen, minutes, people, share …)."""

    name: str
    value: float
    unit: str
    size: Size
