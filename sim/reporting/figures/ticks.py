"""Where an axis is marked, and how the marks are written: offers from many marks to few, of which the first that fits
is chosen."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axis import Axis
from matplotlib.dates import date2num, num2date
from matplotlib.ticker import MaxNLocator

from sim.reporting.figures.look import SMALL
from sim.reporting.figures.ruler import height, width

Limits = tuple[float, float]
Mark = tuple[float, str]
Placed = tuple[Mark, float, float]  # a mark, and from where to where its words stand
Offers = Callable[[float, float], Iterator[list[Mark]]]
Write = Callable[[float], str]

AIR = 7.0  # points between two marks
MOST = 8
NICE = [1, 2, 2.5, 5, 10]
HOURS_UPTO_DAYS, DATES_UPTO_DAYS = 1.5, 150.0
MINUTES_APART = (60, 120, 180, 240, 360, 720)
DAYS_APART = (1, 2, 3, 5, 7, 10, 14, 21, 30)
MONTHS_APART = (1, 2, 3, 4, 6, 12, 24)


def numbers(write: Write, whole: bool = False, most: int = MOST) -> Offers:
    """Round numbers at equal distances."""

    def offer(low: float, high: float) -> Iterator[list[Mark]]:
        for count in range(most, 0, -1):
            values = MaxNLocator(count, steps=NICE, integer=whole).tick_values(low, high)
            yield [(float(v), write(float(v))) for v in values]

    return offer


def powers(write: Write, least: float = 0.0) -> Offers:
    """Powers of ten, and finer where there are fewer than two; zero too if the axis is straight below `least`."""

    def offer(low: float, high: float) -> Iterator[list[Mark]]:
        first = max(low, least) or high / 10
        start, end = math.floor(math.log10(first)), math.ceil(math.log10(max(high, first)))
        zero = [0.0] if least and low <= 0 else []
        inside = [10.0**k for k in range(start, end + 1) if low <= 10.0**k <= high]
        if len(inside) < 2:
            for steps in ((1, 2, 3, 5), (1, 2, 5), (1, 3)):
                yield [
                    (v, write(v)) for v in zero + [s * 10.0**k for k in range(start, end + 1) for s in steps]
                ]
            yield from numbers(write)(low, high)
        for apart in range(1, max(len(inside), 2)):
            yield [(v, write(v)) for v in zero + inside[::apart]]

    return offer


def instants(low: float, high: float) -> Iterator[list[Mark]]:
    """Times of a day, days or months, by how long the axis is."""
    begin, end = (num2date(v, tz=UTC).replace(tzinfo=None) for v in (low, high))
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    if high - low <= HOURS_UPTO_DAYS:
        for minutes in MINUTES_APART:
            yield _written(_every(midnight, end, timedelta(minutes=minutes)), "%H:%M")
    elif high - low <= DATES_UPTO_DAYS:
        for days in DAYS_APART:
            yield _written(_every(midnight, end, timedelta(days=days)), "%m-%d")
    else:
        months = range(12 * begin.year + begin.month - 1, 12 * end.year + end.month)
        for apart in MONTHS_APART:
            starts = [datetime(m // 12, m % 12 + 1, 1) for m in months if m % apart == 0]
            yield _written(starts, "%Y-%m")


def fixed(marks: Sequence[Mark]) -> Offers:
    """These marks; every second, third, … where there is no room."""

    def offer(_low: float, _high: float) -> Iterator[list[Mark]]:
        for apart in range(1, len(marks) + 1):
            yield list(marks[::apart])

    return offer


def _every(start: datetime, end: datetime, step: timedelta) -> list[datetime]:
    return [start + k * step for k in range((end - start) // step + 1)]


def _written(times: list[datetime], form: str) -> list[Mark]:
    return [(float(date2num(at)), at.strftime(form)) for at in times]


# --- choosing ----------------------------------------------------------------------------------------------


def along(axis: Axis, limits: Limits, values: Any, length: float) -> list[float]:
    """Where values stand on an axis of a length."""
    scale = axis.get_transform()
    low, high = scale.transform(np.array(limits, float))
    found = (scale.transform(np.array(values, float)) - low) / ((high - low) or 1.0) * length
    return [float(at) for at in np.clip(found, 0.0, length)]


def chosen(
    offers: Offers, axis: Axis, limits: Limits, length: float, beyond: tuple[float, float] | None = None
) -> list[Mark]:
    """The most marks that can be read; `beyond` is how far they may stand out on both sides of an x axis."""
    ends: list[Mark] = []
    for offer in offers(*limits):
        kept = _inside(within(offer, limits), axis, limits, length, beyond)
        if len(kept) > 1 and _airy(kept):
            return [mark for mark, _, _ in kept]
        outer = kept if len(kept) < 2 else [kept[0], kept[-1]]
        if len(outer) > len(ends) and _airy(outer):
            ends = [mark for mark, _, _ in outer]
    return ends


def _inside(
    marks: list[Mark], axis: Axis, limits: Limits, length: float, beyond: tuple[float, float] | None
) -> list[Placed]:
    """Where marks stand, without those that would leave the sheet."""
    low, high = (-beyond[0], length + beyond[1]) if beyond else (-math.inf, math.inf)
    places = along(axis, limits, [value for value, _ in marks], length)
    halves = [(width if beyond else height)(text, SMALL) / 2 for _, text in marks]
    found = [(mark, at - half, at + half) for mark, at, half in zip(marks, places, halves, strict=True)]
    return [one for one in found if low <= one[1] and one[2] <= high]


def within(marks: list[Mark], limits: Limits) -> list[Mark]:
    """The marks between the limits."""
    low, high = min(limits), max(limits)
    slack = 1e-9 * (high - low)
    return [mark for mark in marks if low - slack <= mark[0] <= high + slack]


def _airy(marks: list[Placed]) -> bool:
    """Whether there is air between marks, and no neighbours say the same."""
    return all(
        foot - head >= AIR and one[1] != other[1] for (one, _, head), (other, foot, _) in pairwise(marks)
    )
