"""Teams (爱心战队): members' shared activity turns into money for a project, with a ranking.

A process per team looks once a day how many points came in; every `points_per_unlock` unlocks a sum from the
sponsor's team pool. In a competition the upper half of the ranking unlocks more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.outbox import Outbox
from sim.agents.sponsors import Sponsors
from sim.arrays import Floats
from sim.bookkeeping import Kind
from sim.domain.ratios import share_of
from sim.scenario import Scenario
from sim.spans import DAY_US
from sim.streams import Purpose, draws


def runs_at(scenario: Scenario, now: int) -> bool:
    """Whether the calendar of challenges has one at an instant: the first begins with the scenario."""
    return (now // scenario.teams.challenge) % 2 == 0


def challenge_days(scenario: Scenario, days: int) -> NDArray[np.bool_]:
    """The days that begin within a challenge, shape (days,); none where there are no teams."""
    return np.array([scenario.teams.open and runs_at(scenario, day * DAY_US) for day in range(days)], bool)


@dataclass
class Teams:
    """Rows of teams: the project each plays for, its points, what was unlocked."""

    scenario: Scenario
    project: NDArray[np.int64]
    points: NDArray[np.int64]
    paid_points: NDArray[np.int64]  # points already turned into money
    unlocked: NDArray[np.int64]  # fen
    next_at: NDArray[np.int64]

    @classmethod
    def draw(cls, scenario: Scenario, replication: int, projects: int) -> Teams:
        """Draw each team's project; no teams when they are switched off."""
        settings, world = scenario.teams, scenario.scenario
        n = (
            min(max(world.users // settings.users_each, settings.minimum), settings.maximum)
            if settings.open
            else 0
        )
        u: Floats = draws(world.seed, replication, Purpose.TEAM, np.arange(n)) if n else np.zeros((4, 0))
        zeros = np.zeros(n, np.int64)
        return cls(
            scenario, (u[0] * projects).astype(np.int64), zeros.copy(), zeros.copy(), zeros.copy(),
            np.full(n, DAY_US),
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.project)

    def challenge_runs(self, now: int) -> bool:
        """Challenges and pauses of the same length take turns, the challenge first."""
        return len(self) > 0 and runs_at(self.scenario, now)

    def ranks(self) -> NDArray[np.int64]:
        """Rank by points, 1 = first; equal points by number."""
        order = np.argsort(-self.points, kind="stable")
        ranks = np.empty(len(self), np.int64)
        ranks[order] = np.arange(1, len(self) + 1)
        return ranks

    def act(self, team: int, now: int, sponsors: Sponsors, outbox: Outbox) -> None:
        """Once a day: turn new points into money, as far as the sponsor's pool goes; points it cannot pay wait."""
        self.next_at[team] += DAY_US
        settings = self.scenario.teams
        steps = int(self.points[team] - self.paid_points[team]) // settings.points_per_unlock
        pool = sponsors.live("teams")
        if steps == 0 or pool == 0:
            return
        due = steps * settings.fen_per_unlock
        if settings.mode == "competition" and self.ranks()[team] <= len(self) // 2:
            due += share_of(due, settings.upper_half_bonus)
        fen = min(due, int(sponsors.money[pool - 1]))
        if fen == 0:
            return
        self.paid_points[team] += -(-steps * settings.points_per_unlock * fen // due)
        sponsors.money[pool - 1] -= fen
        self.unlocked[team] += fen
        outbox.write(
            Kind.TEAM_UNLOCK, now, pool - 1, fen=fen, project=int(self.project[team]), pool=pool, team=team
        )

    def state(self) -> dict[str, Any]:
        """What a snapshot keeps."""
        return {name: getattr(self, name) for name in ("points", "paid_points", "unlocked", "next_at")}

    def restore(self, state: dict[str, Any]) -> None:
        """Put a snapshot's rows back."""
        for name, value in state.items():
            getattr(self, name)[:] = value
