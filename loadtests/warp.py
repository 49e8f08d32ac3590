"""Time warp: when an event of the campaign is due on the wall clock. One knob, time; no event is dropped.

The campaign is cut into stretches. A stretch of campaign length L lasts L / w. Peak stretches share one speed w,
given or chosen so that the busiest second of the wall clock holds R events; every other stretch has the
greatest speed at which none of its seconds holds more than the floor rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import UsageError

SECOND_US = 1_000_000
FEWEST = 20  # a lower rate is judged over the time in which so many events are due
FLOOR_SHARE = 5  # the floor rate is R / 5 unless it is given
SLOWEST, FASTEST = 1e-6, 1e9
HALVINGS = 60

Instants = NDArray[np.int64]


@dataclass(frozen=True)
class Stretch:
    """A part of the campaign that is played at one speed: campaign seconds per second of the wall clock."""

    start_us: int
    end_us: int
    speed: float
    peak: bool
    events: int
    unwarped_rate: float  # events in its busiest second of campaign time
    rate: float  # events in its busiest second of the wall clock


@dataclass(frozen=True)
class Warp:
    """A monotone, piecewise linear map from campaign to wall clock; wall 0 is the first stretch's start."""

    stretches: tuple[Stretch, ...]

    @property
    def _edges(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        lengths = [(s.end_us - s.start_us) / s.speed for s in self.stretches]
        campaign = [self.stretches[0].start_us, *(s.end_us for s in self.stretches)]
        return np.array(campaign, np.float64), np.concatenate(([0.0], np.cumsum(lengths)))

    def wall_us(self, campaign_us: Instants) -> Instants:
        """Wall-clock µs since t0 of campaign instants; ascending instants stay ascending."""
        campaign, wall = self._edges
        return np.rint(np.interp(campaign_us, campaign, wall)).astype(np.int64)

    def campaign_us(self, wall_us: Instants) -> Instants:
        """Campaign instants of wall-clock µs since t0."""
        campaign, wall = self._edges
        return np.rint(np.interp(wall_us, wall, campaign)).astype(np.int64)

    @property
    def lasts_s(self) -> float:
        """Wall-clock seconds from the first stretch's start to the last one's end."""
        return float(self._edges[1][-1]) / SECOND_US

    @property
    def busiest(self) -> Stretch:
        """The stretch with the highest offered rate."""
        return max(self.stretches, key=lambda s: s.rate)

    def as_dict(self) -> dict[str, Any]:
        """For the report: speeds, and rates before and after the warp."""
        top = self.busiest
        return {
            "peak_speed": top.speed,
            "peak_rate": top.rate,
            "unwarped_peak_rate": top.unwarped_rate,
            "lasts_s": self.lasts_s,
            "stretches": [vars(s) for s in self.stretches],
        }


def warp_from(kept: dict[str, Any]) -> Warp:
    """The warp that `Warp.as_dict` described."""
    return Warp(tuple(Stretch(**stretch) for stretch in kept["stretches"]))


def busiest_second(due_us: Instants, second_us: float = SECOND_US) -> int:
    """The most events in any half-open span of one second (or of `second_us`), wherever it begins."""
    if not len(due_us):
        return 0
    ends = np.searchsorted(due_us, due_us + second_us, side="left")
    return int((ends - np.arange(len(due_us))).max())


def speed_for(due_us: Instants, length_us: int, rate: float) -> float:
    """The greatest speed at which no second of the wall clock holds more than `rate` events.

    A low rate is judged over more than a second: at one event a second, two of one click, a microsecond apart,
    would else stretch a campaign over years. At any rate some `FEWEST` events may lie close together.

    What shares one instant, as the payouts at midnight, cannot be spread by any speed: it counts once here, so that
    it does not slow everything around it, and its burst comes on top of the rate.
    """
    due_us = np.unique(due_us)
    if not len(due_us):
        return FASTEST
    span_us = max(1.0, FEWEST / rate) * SECOND_US
    most = rate * span_us / SECOND_US
    # The mean bounds the speed too: a handful of events says little about its busiest second.
    low, high = SLOWEST, rate * length_us / (SECOND_US * len(due_us))
    if busiest_second(due_us, high * span_us) <= most:
        return high
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        if busiest_second(due_us, middle * span_us) <= most:
            low = middle
        else:
            high = middle
        if high / low < 1 + 1e-6:
            break
    return low


def make_warp(
    due_us: Instants,
    peaks: Sequence[tuple[int, int]] = (),
    *,
    peak_rate: float | None = None,
    speed: float | None = None,
    floor_rate: float | None = None,
) -> Warp:
    """The warp of a trace: ascending due instants, and peak windows [start, end) in campaign µs.

    Without windows the whole campaign is the peak. Without rate and speed, time is not warped. Raises UsageError.
    """
    _check(due_us)
    check_pace(peak_rate, speed, floor_rate)
    cuts = _cut(int(due_us[0]), int(due_us[-1]) + 1, peaks)
    inside = [_within(due_us, start, end) for start, end, peak in cuts if peak]
    if speed is None:
        speed = 1.0 if peak_rate is None else _common_speed(inside, cuts, peak_rate)
    reached = max((busiest_second(part, speed * SECOND_US) for part in inside), default=0)
    floor = floor_rate or (peak_rate or float(reached)) / FLOOR_SHARE
    stretches = []
    for start, end, peak in cuts:
        part = _within(due_us, start, end)
        w = speed if peak or (peak_rate is None and floor_rate is None and speed == 1.0) else speed_for(
            part, end - start, floor
        )  # fmt: skip
        stretches.append(
            Stretch(start, end, w, peak, len(part), busiest_second(part), busiest_second(part, w * SECOND_US))
        )
    return Warp(tuple(stretches))


def even_warp(due_us: Instants, rate: float) -> Warp:
    """The warp under which every tenth of a second of the wall clock holds its share of `rate` events."""
    _check(due_us)
    check_pace(rate, None, None)
    each = max(round(rate / 10), 1)
    edges = np.unique(np.append(due_us[::each], due_us[-1] + 1))
    stretches = []
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = _within(due_us, start, end)
        speed = (end - start) * rate / (SECOND_US * len(part))
        stretches.append(Stretch(start, end, speed, True, len(part), busiest_second(part), rate))
    return Warp(tuple(stretches))


def check_rate(warp: Warp, most: float) -> None:
    """Raises UsageError if a target would be asked for more than was allowed."""
    rate = warp.busiest.rate
    if rate > most:
        raise UsageError(f"{rate:,.0f} events/s would be sent; raise --max-rate {most:g} if that is meant")


def check_pace(peak_rate: float | None, speed: float | None, floor_rate: float | None) -> None:
    """Raises UsageError for rates or a speed that are none, or exclude each other."""
    if peak_rate is not None and speed is not None:
        raise UsageError("--peak-rate and --speed: give one of them; each follows from the other")
    for name, value in (("--peak-rate", peak_rate), ("--speed", speed), ("--floor-rate", floor_rate)):
        if value is not None:
            check_positive(name, value)


def check_positive(name: str, value: float) -> None:
    """Raises UsageError for a number that is not above 0 and finite."""
    if not 0 < value < math.inf:
        raise UsageError(
            f"{name} {value:g}: must be greater than 0, and a finite number; leave it out or give one"
        )


def _check(due_us: Instants) -> None:
    if not len(due_us):
        raise UsageError("the trace holds no event; there is nothing to send")
    if (due_us[1:] < due_us[:-1]).any():
        raise UsageError("the trace is not in the order of time; write it again")


def _common_speed(inside: list[Instants], cuts: list[tuple[int, int, bool]], rate: float) -> float:
    lengths = [end - start for start, end, peak in cuts if peak]
    speeds = [
        speed_for(part, length, rate) for part, length in zip(inside, lengths, strict=True) if len(part)
    ]
    return min(speeds, default=1.0)


def _cut(first: int, last: int, peaks: Sequence[tuple[int, int]]) -> list[tuple[int, int, bool]]:
    """Stretches from the first event to just after the last one; overlapping peaks become one."""
    if not peaks:
        return [(first, last, True)]
    cuts: list[tuple[int, int, bool]] = []
    at = first
    for start, end in sorted(peaks):
        start, end = max(start, at), min(end, last)
        if start >= end:
            continue
        if start > at:
            cuts.append((at, start, False))
        if cuts and cuts[-1][2] and start == at:
            cuts[-1] = (cuts[-1][0], end, True)
        else:
            cuts.append((start, end, True))
        at = end
    if at < last:
        cuts.append((at, last, False))
    return cuts


def _within(due_us: Instants, start: int, end: int) -> Instants:
    low, high = np.searchsorted(due_us, [start, end], side="left")
    return due_us[low:high]


def warp_text(warp: dict[str, Any], users: int | None, zh: bool = False) -> str:
    """One line for every chart: users, w, R and the un-warped rate."""
    w, rate, plain = warp["peak_speed"], warp["peak_rate"], warp["unwarped_peak_rate"]
    if zh:
        who = f"{users:,} 名用户；" if users else ""
        return f"{who}时间加速 w = {w:.3g}，最忙一秒 R = {rate:,.0f} 次；未加速时 {plain:,.0f} 次/秒"
    who = f"{users:,} users; " if users else ""
    return f"{who}time warp w = {w:.3g}, R = {rate:,.0f}/s in the busiest second; un-warped {plain:,.0f}/s"
