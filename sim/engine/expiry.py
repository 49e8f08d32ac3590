"""When harvested beans expire: by day the period they belong to, and the second at which each period ends."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Floats
from sim.domain.beans import expiry_period
from sim.scenario import Scenario, since_start
from sim.spans import DAY_S, DAY_US, SECOND


def expiry(scenario: Scenario) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """By day of the scenario its expiry period, and the second at which each ends."""
    count = scenario.scenario.length // DAY_US
    if scenario.beans.valid_months == 0:
        return _periods_by_phase(scenario, count)
    start = scenario.scenario.start
    dates = [start + timedelta(days=day) for day in range(count)]
    month = np.array([(d.year - start.year) * 12 + d.month - start.month for d in dates], np.int64)
    return month, _ends_of_months(scenario, int(month[-1]))


def days_to_expiry(scenario: Scenario) -> Floats:
    """By day how many days are left to use what is earned on it, once it is ripe and harvested, until it expires."""
    period, ends = expiry(scenario)
    days = np.arange(len(period))
    harvested = np.minimum(days + -(-scenario.beans.ripen // DAY_US), len(period) - 1)
    return np.asarray(ends[period[harvested]] / DAY_S - days)


def _periods_by_phase(scenario: Scenario, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Without `beans.valid_months`: by day its expiry period, and the second at which each ends.

    Harvested beans last until `valid_after_end` after the last phase, and what is harvested when that is over (or
    where there is no phase) until `valid_after_end` after the scenario's end.
    """
    after_end = scenario.beans.valid_after_end // SECOND
    ends = [since_start(scenario, phase.end) // SECOND for phase in scenario.phases.values()]
    first = max(ends, default=count * DAY_S) + after_end
    later = np.arange(count) * DAY_S >= first
    return later.astype(np.int64), np.array(
        [first, count * DAY_S + after_end][: 1 + int(later.any())], np.int64
    )


def _ends_of_months(scenario: Scenario, final: int) -> NDArray[np.int64]:
    """With `beans.valid_months` a period is a calendar month and lasts so many months more: when each ends."""
    start = scenario.scenario.start
    period_end = np.zeros(final + 1, np.int64)
    for period in range(final + 1):
        month = start.month - 1 + expiry_period(period, scenario.beans.valid_months) + 1
        end_date = start.replace(year=start.year + month // 12, month=month % 12 + 1, day=1)
        period_end[period] = since_start(scenario, end_date) // SECOND
    return period_end
