"""Farmers: accounts run to milk rewards. They come where an account yields more than it costs.

Their rows stand behind the honest users'; the daily process of the farms decides how many are awake.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.farmers import farmer_entries
from sim.behaviour.parameters import Parameters
from sim.scenario import Scenario
from sim.spans import DAY_US
from sim.streams import Purpose, one_draw


@dataclass
class Farmers:
    """How many of the rows kept for farmers are awake, and the date of the next decision."""

    scenario: Scenario
    replication: int
    rows: int
    awake: int
    next_at: int

    @classmethod
    def draw(cls, scenario: Scenario, parameters: Parameters, replication: int) -> Farmers:
        """Rows for the initial farmers and, where entry is open, for those who may come; none where nobody plays."""
        settings, users = scenario.farmers, scenario.scenario.users
        if not scenario.play.open:
            return cls(scenario, replication, 0, 0, 0)
        first = round(settings.share * users)
        rows = first + (int(parameters["farmers_most_per_user"] * users) if settings.entry else 0)
        return cls(scenario, replication, rows, 0, 0)

    def first_wave(self) -> int:
        """Farmers there from the start."""
        return round(self.scenario.farmers.share * self.scenario.scenario.users)

    def act(self, now: int, reward_a_day: int, new_players: int, p: Parameters) -> int:
        """The farms' morning: how many accounts they open today (behaviour §5.9).

        `reward_a_day` is what one account earns a day as long as it is not blocked, in beans; a week of it, less
        what controls are expected to take, is compared with the price of an account.
        """
        self.next_at = now + DAY_US
        settings = self.scenario.farmers
        if now == 0:
            return self._wake(self.first_wave())
        if not settings.entry:
            return 0
        survival = (1.0 - settings.removal_per_day) ** 7
        yuan = 7.0 * reward_a_day * self.cashed_yuan() * survival
        mean = farmer_entries(
            yuan, settings.account_cost / 100.0, float(new_players), p["farmers_entry_rate"], p["farmers_entry_power"]
        ) * (1.0 - settings.entry_audit)  # fmt: skip
        u = one_draw(self.scenario.scenario.seed, self.replication, Purpose.FARMER, 0, now // DAY_US)
        return self._wake(int(mean) + int(u[0] < mean - int(mean)))

    def cashed_yuan(self) -> float:
        """What a farmer turns a bean into: the best voucher's value."""
        vouchers = self.scenario.redemptions.values()
        return max((item.value / 100.0 / item.beans for item in vouchers if item.stock > 0), default=0.0)

    def _wake(self, count: int) -> int:
        woken = min(count, self.rows - self.awake)
        self.awake += woken
        return woken

    def state(self) -> dict[str, NDArray[np.int64]]:
        """What a snapshot keeps."""
        return {"clock": np.array([self.awake, self.next_at])}

    def restore(self, state: dict[str, Any]) -> None:
        """Put the counts back."""
        self.awake, self.next_at = (int(x) for x in state["clock"])
