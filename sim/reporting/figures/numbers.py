"""From tables to the rows behind a figure: panel, series, x, value, and with replications low and high.

All take tables as `Results.tables` holds them (design, replication, …) and average over replications.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import polars as pl

from sim.reporting.statistics import averaged

Tables = Mapping[str, pl.DataFrame]
FEN_PER_YUAN = 100.0
MINUTES_PER_HOUR = 60.0
US_PER_HOUR = 3_600_000_000
NOTHING = pl.DataFrame(schema={"panel": pl.String, "series": pl.String, "x": pl.Float64, "value": pl.Float64})


def long(
    rows: pl.DataFrame, panel: str, x: str, series: list[str], factor: float = 1.0, absent: float | None = 0.0
) -> pl.DataFrame:
    """Columns `series` of rows over column `x`, one row per point; values times `factor`.

    What a replication has no row of is `absent`: 0 of what is counted, None where a share does not apply.
    """
    parts = []
    for name in series:
        one = rows.select(
            "replication", pl.lit(name).alias("series"), pl.col(x).alias("x"), pl.col(name).alias("value")
        )
        parts.append(_means(one, panel, factor, absent))
    return together(*parts)


def _means(rows: pl.DataFrame, panel: str, factor: float, absent: float | None) -> pl.DataFrame:
    """The mean of every point of every series, and over how many replications it is if there are several."""
    values = rows.with_columns(pl.col("value").cast(pl.Float64) * factor)
    mean = averaged(values, ["series", "x"], absent)
    several = rows["replication"].n_unique() > 1
    return mean.select(pl.lit(panel).alias("panel"), pl.all() if several else pl.exclude("over"))


def together(*parts: pl.DataFrame) -> pl.DataFrame:
    """The rows of all parts that have any; nothing if none has."""
    return pl.concat([p for p in parts if len(p)] or [NOTHING], how="diagonal_relaxed")


def by_group(
    rows: pl.DataFrame, panel: str, group: str, x: str, value: str, factor: float = 1.0
) -> pl.DataFrame:
    """Like `long`, with the series in a column `group` and the values in one column."""
    named = rows.select(
        "replication",
        pl.col(group).cast(pl.String).alias("series"),
        pl.col(x).alias("x"),
        pl.col(value).alias("value"),
    )
    return together(_means(named, panel, factor, 0.0))


def per_replication(rows: pl.DataFrame, summarise: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """`summarise` applied to the rows of each replication by itself."""
    parts = [
        summarise(part).with_columns(pl.lit(key[0], dtype=pl.Int64).alias("replication"))
        for key, part in rows.group_by(["replication"], maintain_order=True)
    ]
    return together(*parts)


def start_of(tables: Tables) -> datetime:
    """Midnight of the first simulated day, Asia/Shanghai."""
    return datetime.fromisoformat(str(tables["days"]["date"][0]))


def at_instants(rows: pl.DataFrame, start: datetime) -> pl.DataFrame:
    """Rows with a column `at`: the local instant of their `t` (µs since the start)."""
    return rows.with_columns((pl.lit(start) + pl.duration(microseconds=pl.col("t"))).alias("at"))


def on_dates(days: pl.DataFrame) -> pl.DataFrame:
    """Rows of `days` with a column `at`: midnight of their date."""
    return days.with_columns(pl.col("date").cast(pl.String).str.to_datetime("%Y-%m-%d").alias("at"))


def lorenz(values: pl.Series, points: int = 100) -> pl.DataFrame:
    """Cumulative share of the total over the cumulative share of holders, from the smallest; both in %."""
    ordered = values.cast(pl.Float64).sort()
    upto = [0.0, *ordered.cum_sum().to_list()]
    total = upto[-1] or 1.0
    n = len(ordered)
    share = [k / points for k in range(points + 1)]
    return pl.DataFrame(
        {
            "holders": [100.0 * s for s in share],
            "held": [100.0 * _between(upto, s * n) / total for s in share],
        }
    )


def _between(upto: list[float], place: float) -> float:
    low = min(int(place), len(upto) - 1)
    high = min(low + 1, len(upto) - 1)
    return upto[low] + (place - low) * (upto[high] - upto[low])
