"""Stretches of time: the simulation counts whole microseconds, the kernel whole seconds."""

from __future__ import annotations

SECOND = 1_000_000  # µs
MINUTE_S = 60
HOUR_S = 3_600
DAY_S = 86_400
MINUTE_US = MINUTE_S * SECOND
HOUR_US = HOUR_S * SECOND
DAY_US = DAY_S * SECOND
WEEK_US = 7 * DAY_US
NEVER_US = 2**62  # an instant that does not come
MOST_DAYS = 7_300  # of a scenario: twenty years
MAX_SHAPES = 129  # of days, by which of their hours a phase lifts; the first are even
