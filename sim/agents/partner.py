"""The partner platform (志愿浙江): it uploads account holders' service once a week, some records twice.

A record carries an external id; one that is known already adds nothing (S3).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.parameters import Parameters
from sim.domain.imports import PartnerRecord, new_records
from sim.scenario import Scenario
from sim.spans import WEEK_US
from sim.streams import Purpose, draws

NAME = "zhiyuan_zhejiang"
# More than a scenario has: an external id is the user's number × WEEKS + the week of the service.
WEEKS = 10_000


@dataclass
class Partner:
    """The ids already credited, the records that will come again, and the date of the next upload."""

    scenario: Scenario
    parameters: Parameters
    replication: int
    next_at: int = WEEK_US
    known: set[int] = field(default_factory=set)
    again: list[tuple[int, int, int]] = field(default_factory=list)
    repeated: int = 0

    def upload(self, now: int, holders: NDArray[np.intp]) -> list[tuple[int, int, int]]:
        """What an upload adds: records never seen before, (user, external id, minutes) by user.

        Each holder who also serves with the partner has a record in some weeks; some of last week's come a
        second time.
        """
        self.next_at = now + WEEK_US
        sent = self.again + self._of_week(now // WEEK_US, holders)
        uploaded = [PartnerRecord(NAME, str(external), user, minutes) for user, external, minutes in sent]
        fresh = new_records(uploaded, {(NAME, str(external)) for external in self.known})
        self.repeated += len(sent) - len(fresh)
        self.known |= {int(record.external_id) for record in fresh}
        return sorted((record.user, int(record.external_id), record.minutes) for record in fresh)

    def _of_week(self, week: int, holders: NDArray[np.intp]) -> list[tuple[int, int, int]]:
        """The week's service of holders, in tenths of an hour; notes which records will be sent again."""
        settings, seed = self.scenario.account, self.scenario.scenario.seed
        member = draws(seed, self.replication, Purpose.PARTNER, holders)[0]
        u = draws(seed, self.replication, Purpose.PARTNER, holders, week)
        served = (member < settings.partner_share) & (u[0] < settings.partner_records_per_week)
        minutes = 6 + (u[2] * self.parameters["partner_most_minutes"]).astype(np.int64) // 6 * 6
        rows = np.stack([holders, holders * WEEKS + week, minutes], axis=1)
        self.again = _tuples(rows[served & (u[1] < settings.partner_repeats)])
        return _tuples(rows[served])

    def state(self) -> dict[str, NDArray[np.int64]]:
        """What a snapshot keeps."""
        return {
            "clock": np.array([self.next_at, self.repeated]),
            "known": np.array(sorted(self.known), np.int64),
            "again": np.array(self.again, np.int64).reshape(-1, 3),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put the records back."""
        self.next_at, self.repeated = (int(x) for x in state["clock"])
        self.known = {int(x) for x in state["known"]}
        self.again = _tuples(state["again"])


def _tuples(rows: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    return [(int(user), int(external), int(minutes)) for user, external, minutes in rows]
