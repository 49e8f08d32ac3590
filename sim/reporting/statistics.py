"""Means and 95 % intervals over replications, computed from rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVEL = 0.975  # two-sided 95 %


def half_widths(spread: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Half of Student's 95 % interval of a mean, from standard deviations and counts; NaN below two."""
    from scipy.special import stdtrit  # takes a while to import

    enough = n > 1
    width = np.full(len(n), np.nan)
    width[enough] = stdtrit(n[enough] - 1, LEVEL) * spread[enough] / np.sqrt(n[enough])
    return width


def intervals(rows: pl.DataFrame, by: Sequence[str], values: Sequence[str]) -> pl.DataFrame:
    """Per group of `by`, in order of first appearance: for each value its mean, and its 95 % interval.

    Rows hold one line per replication and group. Columns out: `by`, then `x`, and with more than one
    replication `x_low` and `x_high` for every value x.
    """
    if rows["replication"].n_unique() < 2:
        return rows.select(*by, *values)
    grouped = rows.group_by(by, maintain_order=True).agg(
        pl.len().alias("_n"),
        *(pl.col(v).mean() for v in values),
        *(pl.col(v).std().alias(f"{v}_spread") for v in values),
    )
    columns = [grouped[key] for key in by]
    for value in values:
        half = half_widths(grouped[f"{value}_spread"].to_numpy(), grouped["_n"].to_numpy())
        mean = grouped[value].cast(pl.Float64)
        columns += [mean, (mean - half).alias(f"{value}_low"), (mean + half).alias(f"{value}_high")]
    return pl.DataFrame(columns)


def averaged(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Like `intervals` of the column `value`, over those replications in which it is a number.

    A column `over` says how many these are; where there are none the value is NaN.
    """
    finite = rows.filter(pl.col("value").is_finite())
    counts = rows.group_by(by, maintain_order=True).agg(
        pl.col("value").is_finite().sum().cast(pl.Int64).alias("over")
    )
    means = intervals(finite, by, ["value"])
    found = counts.join(means, on=by, how="left", maintain_order="left")
    return found.select(*by, pl.exclude(*by, "over").fill_null(float("nan")), "over")
