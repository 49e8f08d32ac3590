"""Volunteer activities: an NGO publishes one with limited places, some days before it takes place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.parameters import Parameters
from sim.kernel.rows import ACTIVITY
from sim.scenario import Scenario
from sim.spans import DAY_S, HOUR_S, SECOND
from sim.streams import Purpose, draws


@dataclass
class Activities:
    """All activities of the run by id: when each is published and starts, and the places left."""

    table: NDArray[np.void]
    publish_s: NDArray[np.int64]
    places: NDArray[np.int64]

    @classmethod
    def draw(cls, scenario: Scenario, p: Parameters, replication: int, projects: int) -> Activities:
        """One activity per so many users, beginning by day, over the run; none when nobody volunteers."""
        settings, world = scenario.activities, scenario.scenario
        wanted = any(deed.effect == "volunteer" for deed in scenario.deeds.values())
        n = max(world.users // settings.users_each, 1) if wanted else 0
        u = draws(world.seed, replication, Purpose.ACTIVITY, np.arange(n)) if n else np.zeros((4, 0))
        days = world.length // (DAY_S * SECOND)
        table = np.zeros(n, ACTIVITY)
        table["id"] = np.arange(n)
        table["start_s"] = (
            (u[0] * days).astype(np.int64) * DAY_S
            + round(p["activities_first_hour"] * HOUR_S)
            + (u[1] * (p["activities_last_hour"] - p["activities_first_hour"]) * HOUR_S).astype(np.int64)
        )
        table["minutes"] = settings.hours
        table["project"] = (u[2] * projects).astype(np.int64)
        publish = np.maximum(table["start_s"] - settings.notice // SECOND, 0)
        return cls(table, publish, np.full(n, settings.places, np.int64))

    def open_between(self, now_s: int, until_s: int) -> NDArray[np.void]:
        """Those published, with places left, and not beginning before the next barrier decides who has one."""
        ready = (self.publish_s <= now_s) & (self.table["start_s"] > until_s) & (self.places > 0)
        return self.table[ready]

    def state(self) -> dict[str, Any]:
        """What a snapshot keeps."""
        return {"places": self.places}

    def restore(self, state: dict[str, Any]) -> None:
        """Put the places back."""
        self.places[:] = state["places"]
