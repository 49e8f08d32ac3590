"""Where an axis is marked, and how the marks are written: offers from many marks to few; the layout takes what fits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from matplotlib.dates import date2num, num2date
from matplotlib.ticker import MaxNLocator

Mark = tuple[float, str]
Offers = Callable[[float, float], Iterator[list[Mark]]]
Write = Callable[[float], str]

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
