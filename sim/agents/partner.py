"""The partner platform (志愿浙江): it uploads account holders' service once a week, some records twice.

A record carries an external id; one that is known already adds nothing (S3).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.scenario import DAY_S, SECOND, Scenario
from sim.streams import Purpose, draws

WEEK_US = 7 * DAY_S * SECOND
MOST_MINUTES = 240


@dataclass
class Partner:
    """The ids already credited, and the date of the next upload."""

    scenario: Scenario
    replication: int
    next_at: int = WEEK_US
    known: set[int] = field(default_factory=set)
    repeated: int = 0

    def upload(self, now: int, holders: NDArray[np.intp]) -> list[tuple[int, int, int]]:
        """This week's records that are new: (user, external id, minutes), sorted by user.

        Each holder who also serves with the partner has a Bernoulli record a week; some are sent again the
        week after.
        """
        self.next_at = now + WEEK_US
        settings = self.scenario.account
        week = now // WEEK_US
        fresh: list[tuple[int, int, int]] = []
        for again in (1, 0):
            if week - again < 1 or not len(holders):
                continue
            u = draws(self.scenario.scenario.seed, self.replication, Purpose.PARTNER, holders, week - again)
            member = draws(self.scenario.scenario.seed, self.replication, Purpose.PARTNER, holders)[0]
            sent = (member < settings.partner_share) & (u[0] < settings.partner_records_per_week)
            if again:
                sent &= u[1] < settings.partner_repeats
            for user, share in zip(holders[sent], u[2][sent], strict=True):
                external = int(user) * 1_000 + week - again
                if external in self.known:
                    self.repeated += 1
                    continue
                self.known.add(external)
                fresh.append((int(user), external, 6 * (1 + int(share * MOST_MINUTES) // 6)))
        return sorted(fresh)

    def state(self) -> dict[str, NDArray[np.int64]]:
        """What a snapshot keeps."""
        return {
            "clock": np.array([self.next_at, self.repeated]),
            "known": np.array(sorted(self.known), np.int64),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put the ids back."""
        self.next_at, self.repeated = (int(x) for x in state["clock"])
        self.known = {int(x) for x in state["known"]}
