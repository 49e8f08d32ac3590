"""What an observer may see of the world: a view that the campaign fills and nobody here writes to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.scenario import since_start
from sim.spans import DAY_S, DAY_US, SECOND
from sim.streams import Purpose, draws

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.agents.farmers import Farmers
    from sim.agents.merchants import Merchants
    from sim.agents.ngos import Ngos
    from sim.agents.partner import Partner
    from sim.agents.projects import Projects
    from sim.agents.sponsors import Sponsors
    from sim.agents.teams import Teams
    from sim.arrays import Floats
    from sim.scenario import Scenario

Rows = NDArray[np.void]  # of the stream, or of users
CHUNK = 1 << 18


class People(Protocol):
    """The users' own rows, the farmers' behind those of the honest."""

    users: Rows
    counted: NDArray[np.uint16]
    values: dict[str, Any]

    def errands(self) -> Rows:
        """What will happen to users and is known already, in the order of users, whose number is in `next`."""

    def holders(self) -> NDArray[np.intp]:
        """Users with a charity account."""

    def messages(self) -> NDArray[np.int64]:
        """How many messages each incentive rule sent; rows behind the last rule are empty."""


@dataclass(frozen=True)
class World:
    """The scenario, the agents' rows, the users' rows. Live, and only read."""

    scenario: Scenario
    replication: int
    people: People
    projects: Projects
    ngos: Ngos
    merchants: Merchants
    teams: Teams
    sponsors: Sponsors
    farmers: Farmers
    partner: Partner
    profile: Mapping[str, Floats]  # shares of the day by hour, in the data

    @property
    def honest(self) -> int:
        """How many users are honest: an agent from this number on is a farmer."""
        return self.scenario.scenario.users

    @property
    def rows(self) -> int:
        """Users and the rows kept for farmers."""
        return len(self.people.users)

    @property
    def days(self) -> int:
        """Simulated days."""
        return self.scenario.scenario.length // DAY_US

    @cached_property
    def fine(self) -> list[tuple[int, int]]:
        """The windows in which traffic is counted by the second, in seconds since the start."""
        return [
            (since_start(self.scenario, w.start) // SECOND, since_start(self.scenario, w.end) // SECOND)
            for w in self.scenario.clock.fine
        ]

    @cached_property
    def festival_day(self) -> int:
        """The day of the largest festival, counted from the start; -1 without any."""
        if not self.scenario.festivals:
            return -1
        largest = max(self.scenario.festivals.values(), key=lambda festival: festival.orders)
        return (largest.day - self.scenario.scenario.start.date()).days

    @cached_property
    def segment(self) -> NDArray[np.uint8]:
        """The age segment of every row, from the same bits of its key as the kernel reads, chunk by chunk."""
        values = self.people.values
        found = np.zeros(self.rows, np.uint8)
        for first in range(0, self.rows, CHUNK):
            agents = np.arange(first, min(first + CHUNK, self.rows))
            share = draws(self.scenario.scenario.seed, self.replication, Purpose.PLACE, agents)[1]
            number = np.searchsorted(values["segment_upto"], share, side="right")
            found[agents] = np.minimum(number, values["n_segments"] - 1)
        return found

    def date(self, day: int) -> str:
        """The calendar date of a simulated day."""
        return str(self.scenario.scenario.start.date() + timedelta(days=day))

    def ordinary_days(self) -> NDArray[np.bool_]:
        """Days outside the fine windows and festivals, as a mask; all if there are no others."""
        mask = np.ones(self.days, bool)
        for low, high in self.fine:
            mask[low // DAY_S : -(-high // DAY_S)] = False
        start = self.scenario.scenario.start.date()
        for festival in self.scenario.festivals.values():
            day = (festival.day - start).days
            if 0 <= day < self.days:
                mask[day] = False
        return mask if mask.any() else np.ones(self.days, bool)

    def regular_orders(self) -> NDArray[np.uint16] | None:
        """Orders per regular shopper in the counted stretch, or None if nothing was counted."""
        counted = self.people.counted
        if len(counted) < self.honest or not counted.any():
            return None
        seed = self.scenario.scenario.seed
        traits = draws(seed, self.replication, Purpose.TRAITS, np.arange(self.honest))[0]
        return np.asarray(counted[: self.honest][traits < self.scenario.shopping.regular_share])

    def staff(self) -> NDArray[np.bool_]:
        """Which honest users belong to the staff cohort: the same bits of the key as the kernel reads."""
        seed = self.scenario.scenario.seed
        lot = draws(seed, self.replication, Purpose.PLACE, np.arange(self.honest))[3]
        return np.asarray(lot < self.scenario.staff.share)
