"""Two designs on the same draws: what the second changes, deed by deed and day by day, and what that costs.

A deed done for one rule is partly a deed not done elsewhere, so no gain is told without what it displaces: gained are
the deeds that rose, displaced those that fell, in the mean over pairs of replications. Who meets which luck is keyed by
seed, replication and user: the difference of a pair is the design's doing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.errors import UsageError
from sim.observation.catalogue import METRICS
from sim.reporting.results import Results
from sim.reporting.sizes import Scale
from sim.reporting.statistics import Paired, paired, per_unit

COST, FARMED = "programme_cost_fen", "farmer_cost_fen"
TOLD = tuple(metric.name for metric in METRICS if metric.headline)
# What two runs must share to have the same luck: the words for it, and where it stands in [scenario].
SHARED = {"users": "users", "seed": "seed", "real_users": "real users", "start": "start", "length": "length"}
Gaps = NDArray[np.float64]


@dataclass(frozen=True)
class Moved:
    """What rose and what fell among deeds, or days: how much in all, and which fell."""

    gained: Paired
    displaced: Paired
    fell: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Contrast:
    """A design beside another; `pairs` are the replications that both have."""

    base: Results
    other: Results
    pairs: tuple[int, ...]

    def __repr__(self) -> str:
        from sim.reporting.verdicts import lines_of

        return "\n".join(lines_of(self))

    @property
    def names(self) -> tuple[str, str]:
        """What the two are called: by design, or by run where the design is called alike."""
        sides = (self.base, self.other)
        alike = self.base.design == self.other.design
        first, second = (f"{x.name}, {x.design}" if alike else x.design for x in sides)
        return first, second

    @property
    def scale(self) -> Scale:
        """At which size the numbers stand."""
        return Scale.of(self.base.scenario)

    @cached_property
    def deeds(self) -> pl.DataFrame:
        """By deed and pair: `deed`, `label`, `replication`, and the `change` in how often it was done."""
        return self._changes("deeds", ["deed", "label"], "times")

    @cached_property
    def days(self) -> pl.DataFrame:
        """By day and pair: `date`, `replication`, and the `change` in deeds done."""
        return self._changes("days", ["date"], "deeds")

    @cached_property
    def extra(self) -> Paired:
        """Deeds more, or fewer, in all."""
        return paired(self._extra())

    @cached_property
    def by_deed(self) -> Moved:
        """Deeds of the catalogue that rose, and those that fell."""
        return _moved(self.deeds, "deed", "label", self.pairs)

    @cached_property
    def by_day(self) -> Moved:
        """Days with more deeds, and those with fewer: what is done today may be missing for some days."""
        return _moved(self.days, "date", "date", self.pairs)

    def change(self, metric: str) -> Paired:
        """What the second design changes in a metric of the run."""
        return paired(self._gaps(metric))

    def level(self, metric: str) -> float:
        """The metric in the mean under the first design."""
        return float(np.mean(_values(self.base, metric, self.pairs)))

    @cached_property
    def cost_per_extra_deed(self) -> Paired | None:
        """What the programme costs more ÷ deeds done more, fen; None where deeds do not surely rise."""
        return per_unit(self._gaps(COST), self._extra()) if self.extra.rises else None

    @cached_property
    def changes(self) -> dict[str, Paired]:
        """Every headline metric that both have."""
        found = {name: self.change(name) for name in TOLD}
        return {name: change for name, change in found.items() if change.pairs}

    def _extra(self) -> Gaps:
        sums = dict(self.deeds.group_by("replication").agg(pl.col("change").sum()).iter_rows())
        return np.array([sums.get(k, 0) for k in self.pairs], float)

    def _gaps(self, metric: str) -> Gaps:
        before, after = (_values(side, metric, self.pairs) for side in (self.base, self.other))
        return after - before

    def _changes(self, table: str, keys: list[str], column: str) -> pl.DataFrame:
        """The second design's rows less the first's; what one of them has no row of, it did not do."""
        parts = []
        for side, sign in ((self.base, -1), (self.other, 1)):
            if table in side.tables:
                rows = side.tables[table].filter(pl.col("replication").is_in(self.pairs))
                parts.append(rows.select(*keys, "replication", (sign * pl.col(column)).alias("change")))
        if not parts:
            return pl.DataFrame(
                schema=dict.fromkeys(keys, pl.String) | {"replication": pl.Int64, "change": pl.Int64}
            )
        by = [*keys, "replication"]
        return pl.concat(parts).group_by(by, maintain_order=True).agg(pl.col("change").sum())


def compare(base: Results, other: Results) -> Contrast:
    """A design beside another on the same draws. Raises UsageError if they do not have the same luck."""
    first, second = base.scenario.scenario, other.scenario.scenario
    apart = [
        f"{words} {getattr(first, name)} and {getattr(second, name)}"
        for name, words in SHARED.items()
        if getattr(first, name) != getattr(second, name)
    ]
    if base.parameters != other.parameters:
        apart.append("behaviour rules varied otherwise")
    pairs = sorted({o.replication for o in base.outcomes} & {o.replication for o in other.outcomes})
    if not pairs:
        apart.append("no replication of the same number")
    if apart:
        raise UsageError(
            f"{base.name} ({base.design}) and {other.name} ({other.design}) did not have the same luck, so their "
            f"difference tells nothing: {'; '.join(apart)}; run both with the same --users and --seed"
        )
    return Contrast(base, other, tuple(pairs))


def _moved(changes: pl.DataFrame, by: str, name: str, pairs: Sequence[int]) -> Moved:
    """What rose and what fell, the luck of single pairs evened out; who fell most is named first."""
    names = pl.col(name).first().alias("name")
    sums = changes.group_by(by, maintain_order=True).agg(names, pl.col("change").sum())
    rose, fell = (
        sums.filter(pl.col("change") > 0),
        sums.filter(pl.col("change") < 0).sort("change", maintain_order=True),
    )
    up, down = (_sum_of(changes.filter(pl.col(by).is_in(some[by].to_list())), pairs) for some in (rose, fell))
    return Moved(paired(up), paired(0.0 - down), tuple(fell["name"].to_list()))


def _sum_of(changes: pl.DataFrame, pairs: Sequence[int]) -> Gaps:
    sums = dict(changes.group_by("replication").agg(pl.col("change").sum()).iter_rows())
    return np.array([sums.get(k, 0) for k in pairs], float)


def _values(side: Results, metric: str, pairs: Sequence[int]) -> Gaps:
    """A metric of the run in every one of these replications; NaN where it does not apply."""
    rows = side.metrics.filter((pl.col("metric") == metric) & (pl.col("group") == ""))
    found = dict(rows.select("replication", "value").iter_rows())
    return np.array([found.get(k, np.nan) for k in pairs], float)
