"""At which size a number stands: the one label that keeps simulated and real yuan apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.observation.words import Size

if TYPE_CHECKING:
    from sim.scenario import Scenario

SIZES: tuple[Size, ...] = ("simulated", "any", "real")
ANY = "shares, averages and times, the same at any size"


@dataclass(frozen=True)
class Scale:
    """How many users are simulated, and how many they stand for."""

    users: int
    real_users: int

    @classmethod
    def of(cls, scenario: Scenario) -> Scale:
        """The scale of a scenario."""
        return cls(scenario.scenario.users, scenario.scenario.real_users)

    @property
    def factor(self) -> float:
        """What a sum at simulated size is multiplied by to stand at real size."""
        return self.real_users / self.users

    def label(self, size: Size) -> str:
        """How a heading says it."""
        if size == "simulated":
            return f"at simulated size: {self.users:,} users"
        if size == "real":
            return f"at real size: {self.real_users:,} users, simulated × {self.factor:,.6g}; 万 = 10,000, 亿 = 100 M"
        return ANY
