"""Beans that begin to grow, and those that go first."""

from __future__ import annotations

from typing import Any

from sim.compiling import rule
from sim.kernel.rows import GROWING_DAYS, PERIODS
from sim.kernel.rules import step_of_day, young_beans
from sim.spans import DAY_S


@rule
def grow(u: Any, t_us: int, beans: int, R: Any) -> None:
    """Beans begin to grow today: they join those of the day, and of its present step of ripening.

    A visit that began before a barrier may be ahead of it: what the barrier grants is of an earlier step then.
    """
    t_s = t_us // 1_000_000
    slot = t_s // DAY_S % GROWING_DAYS
    u.growing[slot] = u.growing[slot] + beans
    if step_of_day(t_s, R) >= u.step:
        u.young = young_beans(u, t_s, R) + beans
        u.step = step_of_day(t_s, R)


@rule
def spend_earliest(u: Any, beans: int, now: int) -> int:
    """Take beans from the earliest expiry period first; returns the last period touched."""
    left = beans
    touched = now
    for period in range(max(now - PERIODS + 1, 0), now + 1):
        if left == 0:
            break
        part = min(u.available[period % PERIODS], left)
        if part > 0:
            u.available[period % PERIODS] = u.available[period % PERIODS] - part
            left -= part
            touched = period
    return touched
