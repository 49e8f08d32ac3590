"""Civil days of UTC+8 as integers YYYYMMDD, and the days on which beans end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags, Ints
from sim.kernel.rows import GROWING_DAYS, PERIODS
from sim.spans import DAY_S


def day_numbers(first: date, count: int) -> NDArray[np.int32]:
    """YYYYMMDD of `count` days from `first` on."""
    days = np.datetime64(first, "D") + np.arange(count)
    years = days.astype("M8[Y]").astype(np.int64) + 1970
    months = days.astype("M8[M]").astype(np.int64) % 12 + 1
    of_month = (days - days.astype("M8[M]")).astype(np.int64) + 1
    return np.asarray(years * 10_000 + months * 100 + of_month, np.int32)


@dataclass(frozen=True)
class Calendar:
    """Which day of the scenario is which civil day, and until when beans of a day last.

    numbers: YYYYMMDD by day of the scenario · life: days from earning to the last day of growing ·
    period: expiry period by day · last_day: by expiry period, its last day.
    """

    numbers: NDArray[np.int32]
    life: int
    period: Ints
    last_day: Ints

    @classmethod
    def of(cls, start: datetime, period: Ints, period_end_s: Ints, life: int) -> Calendar:
        """From the engine's tables: expiry period by day, and the second at which each period ends.

        Beans go at the first midnight at or after that second, so the day before is their last.
        """
        last_day = -(-period_end_s // DAY_S) - 1
        count = max(len(period) + life, int(last_day.max(initial=0))) + 2
        return cls(day_numbers(start.date(), count), life, period, last_day)

    def fades(self, earned_day: Ints) -> NDArray[np.int32]:
        """The last day on which beans earned on a day still grow: the day before the midnight they fade."""
        return self.numbers[earned_day + self.life]

    def expires(self, day: Ints) -> NDArray[np.int32]:
        """The last day of the expiry period into which a harvest of a day goes; that day itself if the period
        is over: then it goes at the next midnight (`sim.kernel.playing.fading_s`).
        """
        return self.numbers[np.maximum(self._last_day(day), day)]

    def earned_days(self, now_s: int) -> Ints:
        """By place in a user's row, the day on which the growing beans there were earned, as of a barrier."""
        today = max(now_s - 1, 0) // DAY_S
        places = np.arange(GROWING_DAYS)
        return np.asarray(today - (today - places) % GROWING_DAYS)

    def last_days(self, now_s: int) -> NDArray[np.int32]:
        """By place in a user's row, the last day of the available beans there, as of a barrier."""
        today = max(now_s - 1, 0) // DAY_S
        now = int(self.period[today])
        periods = now - (now - np.arange(PERIODS)) % PERIODS
        return self.numbers[np.maximum(self.last_day[np.maximum(periods, 0)], today)]

    def is_over(self, day: Ints) -> Flags:
        """Whether a period of beans has ended before a day: the first, if any has."""
        return np.asarray(self.last_day[0] < day)

    def _last_day(self, day: Ints) -> Ints:
        """Of the period of a day; the midnight that ends the scenario belongs to its last day."""
        return np.asarray(self.last_day[self.period[np.minimum(day, len(self.period) - 1)]])
