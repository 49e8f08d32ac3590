"""The run second by second, from the send logs: rates, backlog, percentiles and a heat map by DUE second."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from loadtests.adapters import Ending
from loadtests.recovery import levels
from loadtests.warp import Instants, Warp

SECOND_US = 1_000_000
US_PER_MS = 1000.0
LEVELS = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
BINS_A_DECADE = 8
FIRST_EXPONENT, LAST_EXPONENT = 1.0, 9.0  # of the heat map's latencies, powers of ten of µs


def per_second(due_us: Instants, records: NDArray[np.void], warp: Warp | None = None) -> pl.DataFrame:
    """One row a second of the wall clock since t0.

    offered: events due · attempts: requests that left (those of a long delivery spread over its time) ·
    accepted, rejected: answers · backlog: waiting at the second's end · percentiles of events due in it.
    """
    closed = records[records["outcome"] != Ending.OPEN]
    last = max(int(due_us[-1]), int(records["ended"].max(initial=0)), int(records["started"].max(initial=0)))
    count = last // SECOND_US + 1
    good = np.isin(closed["outcome"], (Ending.ACCEPTED, Ending.DUPLICATE))
    refused = closed["outcome"] == Ending.REJECTED
    frame = pl.DataFrame(
        {
            "second": np.arange(count),
            "offered": _histogram(due_us, count),
            "attempts": _attempts(records, count),
            "accepted": _histogram(closed["ended"][good], count),
            "rejected": _histogram(closed["ended"][refused], count),
            "backlog": _at_ends(records["dispatched"], records["started"], count),
            "outstanding": _at_ends(records["dispatched"], closed["ended"], count),
        }
    )
    if warp is not None:
        campaign = warp.campaign_us(np.arange(count, dtype=np.int64) * SECOND_US)
        frame = frame.with_columns(pl.Series("campaign_us", campaign))
    return frame.join(_latencies(closed), on="second", how="left", maintain_order="left")


def heat(records: NDArray[np.void]) -> pl.DataFrame:
    """Events by due second and intended latency: (second, low_us, high_us, events), logarithmic bins."""
    closed = records[records["outcome"] != Ending.OPEN]
    latency = np.maximum(closed["ended"] - closed["due"], 1)
    bins = np.floor(np.log10(latency) * BINS_A_DECADE).astype(np.int64)
    low = round(FIRST_EXPONENT * BINS_A_DECADE)
    bins = np.clip(bins, low, round(LAST_EXPONENT * BINS_A_DECADE))
    cells = pl.DataFrame({"second": closed["due"] // SECOND_US, "bin": bins})
    return (
        cells.group_by("second", "bin")
        .len("events")
        .sort("second", "bin")
        .select(
            "second",
            pl.lit(10.0).pow(pl.col("bin") / BINS_A_DECADE).alias("low_us"),
            pl.lit(10.0).pow((pl.col("bin") + 1) / BINS_A_DECADE).alias("high_us"),
            "events",
        )
    )


def _latencies(closed: NDArray[np.void]) -> pl.DataFrame:
    stamps = pl.DataFrame({name: closed[name] for name in ("due", "dispatched", "started", "ended")})
    times = stamps.select(
        (pl.col("due") // SECOND_US).alias("second"),
        ((pl.col("ended") - pl.col("due")) / US_PER_MS).alias("intended"),
        ((pl.col("ended") - pl.col("started")) / US_PER_MS).alias("service"),
        ((pl.col("dispatched") - pl.col("due")) / US_PER_MS).alias("lag"),
    )
    wanted: list[Any] = [
        pl.col("intended").quantile(share, "higher").alias(f"intended_{name}_ms")
        for name, share in LEVELS.items()
    ]
    wanted += [pl.col(one).quantile(0.99, "higher").alias(f"{one}_p99_ms") for one in ("service", "lag")]
    return times.group_by("second").agg(wanted)


def _histogram(instants: Instants, count: int) -> NDArray[np.int64]:
    seconds = np.clip(instants // SECOND_US, 0, count - 1)
    return np.bincount(seconds, minlength=count).astype(np.int64)


def _at_ends(up: Instants, down: Instants, count: int) -> NDArray[np.int64]:
    times, level = levels(up, down)
    ends = (np.arange(count, dtype=np.int64) + 1) * SECOND_US
    place = np.searchsorted(times, ends, side="left") - 1
    return np.where(place >= 0, level[np.maximum(place, 0)], 0) if len(times) else np.zeros(count, np.int64)


def _attempts(records: NDArray[np.void], count: int) -> NDArray[np.float64]:
    """First attempts when they left; the others evenly over the rest of the delivery, which logs no more."""
    total = _histogram(records["started"], count).astype(np.float64)
    for record in records[records["attempts"] > 1]:
        more = int(record["attempts"]) - 1
        at = record["started"] + (record["ended"] - record["started"]) * np.arange(1, more + 1) / more
        total += _histogram(at.astype(np.int64), count)
    return total
