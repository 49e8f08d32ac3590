"""When a rule can hold: the stretches of a run that its `when` leaves, in microseconds since the start."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from sim.scenario import Scenario, since_start
from sim.scenario.incentives import When
from sim.spans import DAY_US, MINUTE_US, MOST_DAYS

Stretch = tuple[int, int]  # from, and up to without
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def window(s: Scenario, when: When) -> Stretch:
    """The first and the last instant that phase, start, end and first leave of the run; empty if they do not meet."""
    begins, ends = [0], [run_us(s)]
    if when.start is not None:
        begins.append(since_start(s, when.start))
    if when.end is not None:
        ends.append(since_start(s, when.end))
    if when.phase in s.phases:
        phase = s.phases[str(when.phase)]
        begins.append(since_start(s, phase.start))
        ends.append(since_start(s, phase.end))
    if when.first is not None:
        ends.append(max(begins[1:], default=0) + when.first)
    return max(begins), min(ends)


def stretches(s: Scenario, when: When) -> tuple[Stretch, ...]:
    """All that `when` leaves of the run, one after the other."""
    return _stretches(window(s, when), s.scenario.start, when.weekdays, when.hours)


@lru_cache(maxsize=4_096)  # designs of one scenario have most of their rules in common
def _stretches(
    whole: Stretch, start: datetime, weekdays: tuple[str, ...], hours: tuple[int, int] | None
) -> tuple[Stretch, ...]:
    begin, end = whole
    if not weekdays and hours is None:
        return (whole,) if begin < end else ()
    found: list[Stretch] = []
    for day in range(begin // DAY_US, -(-end // DAY_US)):
        if not weekdays or WEEKDAYS[(start.weekday() + day) % 7] in weekdays:
            for first, last in _of_a_day(hours):
                here = max(begin, day * DAY_US + first), min(end, day * DAY_US + last)
                if found and found[-1][1] == here[0] < here[1]:
                    found[-1] = (found[-1][0], here[1])
                elif here[0] < here[1]:
                    found.append(here)
    return tuple(found)


def _of_a_day(hours: tuple[int, int] | None) -> tuple[Stretch, ...]:
    if hours is None:
        return ((0, DAY_US),)
    first, last = (minute * MINUTE_US for minute in hours)
    return ((first, last),) if first < last else ((0, last), (first, DAY_US))


def meet(one: tuple[Stretch, ...], two: tuple[Stretch, ...]) -> bool:
    """Whether two rows of stretches have an instant in common."""
    i = j = 0
    while i < len(one) and j < len(two):
        if max(one[i][0], two[j][0]) < min(one[i][1], two[j][1]):
            return True
        i, j = (i + 1, j) if one[i][1] <= two[j][1] else (i, j + 1)
    return False


def within(inner: tuple[Stretch, ...], outer: tuple[Stretch, ...]) -> bool:
    """Whether every instant of the one lies in the other."""
    rest = iter(outer)
    around = next(rest, None)
    for begin, end in inner:
        while around is not None and around[1] < end:
            around = next(rest, None)
        if around is None or begin < around[0]:
            return False
    return True


def run_us(s: Scenario) -> int:
    """How long the run is, and no longer than one can be."""
    return min(s.scenario.length, MOST_DAYS * DAY_US)
