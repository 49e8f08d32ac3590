"""Means and 95 % intervals over replications, computed from rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

LEVEL = 0.975  # two-sided 95 %


def half_widths(spread: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Half of Student's 95 % interval of a mean, from standard deviations and counts; NaN below two."""
    from scipy.special import stdtrit  # takes a while to import

    enough = n > 1
    width = np.full(len(n), np.nan)
    width[enough] = stdtrit(n[enough] - 1, LEVEL) * spread[enough] / np.sqrt(n[enough])
    return width


def intervals(
    rows: pl.DataFrame, by: Sequence[str], values: Sequence[str], absent: float | None = None
) -> pl.DataFrame:
    """Per group of `by`, in order of first appearance: for each value its mean, and its 95 % interval.

    Rows hold one line per replication and group. A replication without a line of a group counts as `absent`, say 0
    of what is counted; without it, as where a value is null, the mean is over the others. Columns out: `by`, then
    `x`, and with more than one replication `x_low` and `x_high` for every value x.
    """
    if rows["replication"].n_unique() < 2:
        return rows.select(*by, *values)
    if absent is not None:
        rows = _filled(rows, by, values, absent)
    grouped = rows.group_by(by, maintain_order=True).agg(
        *(pl.col(v).mean() for v in values),
        *(pl.col(v).std().alias(f"{v}_spread") for v in values),
        *(pl.col(v).count().alias(f"{v}_n") for v in values),
    )
    columns = [grouped[key] for key in by]
    for value in values:
        half = half_widths(grouped[f"{value}_spread"].to_numpy(), grouped[f"{value}_n"].to_numpy())
        mean = grouped[value].cast(pl.Float64)
        columns += [mean, (mean - half).alias(f"{value}_low"), (mean + half).alias(f"{value}_high")]
    return pl.DataFrame(columns)


def _filled(rows: pl.DataFrame, by: Sequence[str], values: Sequence[str], absent: float) -> pl.DataFrame:
    """A line for every replication and every group that any of them has."""
    groups = rows.select(by).unique(maintain_order=True)
    every = groups.join(rows.select("replication").unique(maintain_order=True), how="cross")
    found = every.join(rows, on=["replication", *by], how="left", maintain_order="left", nulls_equal=True)
    return found.with_columns(pl.col(values).fill_null(absent))


def averaged(rows: pl.DataFrame, by: Sequence[str], absent: float | None = None) -> pl.DataFrame:
    """Like `intervals` of the column `value`, over those replications in which it is a number.

    A column `over` says how many these are; where there are none the value is NaN.
    """
    value = pl.col("value").cast(pl.Float64)
    numbers = rows.with_columns(pl.when(value.is_finite()).then(value).alias("value"))
    if absent is not None:
        numbers = _filled(numbers, by, ["value"], absent)
    counts = numbers.group_by(by, maintain_order=True).agg(
        pl.col("value").count().cast(pl.Int64).alias("over")
    )
    found = intervals(numbers, by, ["value"]).with_columns(counts["over"])
    return found.with_columns(pl.exclude(*by, "over").fill_null(float("nan")))


@dataclass(frozen=True)
class Paired:
    """A mean over pairs of replications that had the same luck, and half its 95 % interval; NaN of a single pair."""

    mean: float
    half: float
    pairs: int

    @property
    def known(self) -> bool:
        """Whether there are pairs enough for an interval."""
        return self.pairs > 1

    @property
    def rises(self) -> bool:
        """Whether the whole interval lies above zero; of a single pair, whether it does."""
        return self.mean - (self.half if self.known else 0.0) > 0

    @property
    def falls(self) -> bool:
        """Whether the whole interval lies below zero; of a single pair, whether it does."""
        return self.mean + (self.half if self.known else 0.0) < 0

    @property
    def interval(self) -> tuple[float, float]:
        """Its ends; NaN of a single pair."""
        return self.mean - self.half, self.mean + self.half


def paired(gaps: ArrayLike) -> Paired:
    """The mean of paired differences, over those that are numbers."""
    numbers = np.asarray(gaps, float)
    numbers = numbers[np.isfinite(numbers)]
    count = len(numbers)
    if not count:
        return Paired(float("nan"), float("nan"), 0)
    spread = float(numbers.std(ddof=1)) if count > 1 else float("nan")
    return Paired(float(numbers.mean()), float(half_widths(np.array([spread]), np.array([count]))[0]), count)


def per_unit(amounts: ArrayLike, units: ArrayLike) -> Paired:
    """Mean amount ÷ mean units; the interval is that of what a pair tells besides this ratio (delta method).

    Only where the mean of the units is surely not zero does it mean anything.
    """
    above, below = np.asarray(amounts, float), np.asarray(units, float)
    found = float(above.mean() / below.mean())
    rest = paired(above - found * below)
    return Paired(found, rest.half / abs(float(below.mean())), rest.pairs)
