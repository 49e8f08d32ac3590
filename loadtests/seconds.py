"""The run second by second, from the send logs: rates, backlog, percentiles and a heat map by DUE second.

A run of days has as many rows as one of hours: what is called a second here is then a longer window.
"""

from __future__ import annotations

from typing import Any, NamedTuple

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
MOST_ROWS = 7_200  # two hours by the second
LENGTHS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400)
FIRST_EXPONENT, LAST_EXPONENT = 1.0, 9.0  # of the heat map's latencies, powers of ten of µs


def window_s(due_us: Instants, records: NDArray[np.void]) -> int:
    """Seconds of one row: one, unless the run is so long that there would be too many rows."""
    seconds = _last(due_us, records) // SECOND_US + 1
    return next((one for one in LENGTHS_S if seconds <= one * MOST_ROWS), -(-seconds // MOST_ROWS))


def _last(due_us: Instants, records: NDArray[np.void]) -> int:
    stamps = [int(records[name].max(initial=0)) for name in ("ended", "started", "due")]
    return max(int(due_us[-1]) if len(due_us) else 0, *stamps)


def per_second(
    due_us: Instants, records: NDArray[np.void], warp: Warp | None = None, length_s: int | None = None
) -> pl.DataFrame:
    """One row a window of the wall clock since t0, a second each unless `length_s` or the run's length say more.

    second: the window's start · window_s: its length · offered: events due · attempts: requests that left (those
    of a long delivery spread over its time) · accepted, rejected: answers · backlog: waiting at the window's end ·
    percentiles of events due in it.
    """
    length_s = length_s or window_s(due_us, records)
    grid = Grid(length_s * SECOND_US, _last(due_us, records) // (length_s * SECOND_US) + 1)
    closed = records[records["outcome"] != Ending.OPEN]
    good = np.isin(closed["outcome"], (Ending.ACCEPTED, Ending.DUPLICATE))
    refused = closed["outcome"] == Ending.REJECTED
    frame = pl.DataFrame(
        {
            "second": np.arange(grid.windows) * length_s,
            "window_s": np.full(grid.windows, length_s),
            "offered": grid.histogram(due_us),
            "attempts": _attempts(records, grid),
            "accepted": grid.histogram(closed["ended"][good]),
            "rejected": grid.histogram(closed["ended"][refused]),
            "backlog": grid.at_ends(records["dispatched"], records["started"]),
            "outstanding": grid.at_ends(records["dispatched"], closed["ended"]),
        }
    )
    if warp is not None:
        campaign = warp.campaign_us(np.arange(grid.windows, dtype=np.int64) * grid.length_us)
        frame = frame.with_columns(pl.Series("campaign_us", campaign))
    return frame.join(_latencies(closed, length_s), on="second", how="left", maintain_order="left")


def heat(records: NDArray[np.void], length_s: int | None = None) -> pl.DataFrame:
    """Events by due second and intended latency: (second, low_us, high_us, events), logarithmic bins."""
    closed = records[records["outcome"] != Ending.OPEN]
    length_s = length_s or window_s(closed["due"][-1:], closed)
    latency = np.maximum(closed["ended"] - closed["due"], 1)
    bins = np.floor(np.log10(latency) * BINS_A_DECADE).astype(np.int64)
    low = round(FIRST_EXPONENT * BINS_A_DECADE)
    bins = np.clip(bins, low, round(LAST_EXPONENT * BINS_A_DECADE))
    cells = pl.DataFrame({"second": closed["due"] // (length_s * SECOND_US) * length_s, "bin": bins})
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


class Grid(NamedTuple):
    """Equal windows of the wall clock since t0."""

    length_us: int
    windows: int

    def histogram(self, instants: Instants) -> NDArray[np.int64]:
        """How many instants fall into each window."""
        places = np.clip(instants // self.length_us, 0, self.windows - 1)
        return np.bincount(places, minlength=self.windows).astype(np.int64)

    def at_ends(self, up: Instants, down: Instants) -> NDArray[np.int64]:
        """A level at each window's end: +1 at `up`, −1 at `down`."""
        times, level = levels(up, down)
        ends = (np.arange(self.windows, dtype=np.int64) + 1) * self.length_us
        place = np.searchsorted(times, ends, side="left") - 1
        if not len(times):
            return np.zeros(self.windows, np.int64)
        return np.where(place >= 0, level[np.maximum(place, 0)], 0)


def _latencies(closed: NDArray[np.void], length_s: int) -> pl.DataFrame:
    stamps = pl.DataFrame({name: closed[name] for name in ("due", "dispatched", "started", "ended")})
    times = stamps.select(
        (pl.col("due") // (length_s * SECOND_US) * length_s).alias("second"),
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


def _attempts(records: NDArray[np.void], grid: Grid) -> NDArray[np.float64]:
    """First attempts when they left; the others evenly over the rest of the delivery, which logs no more."""
    again = records[records["attempts"] > 1]
    more = again["attempts"].astype(np.int64) - 1
    which = np.repeat(np.arange(len(again)), more)
    turn = np.arange(len(which)) - np.repeat(np.cumsum(more) - more, more) + 1
    lasted = (again["ended"] - again["started"])[which]
    at = again["started"][which] + lasted * turn / more[which]
    first = grid.histogram(records["started"]).astype(np.float64)
    return first + grid.histogram(at.astype(np.int64)) if len(at) else first
