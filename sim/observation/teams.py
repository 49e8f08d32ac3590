"""Teams: members, points and the money these unlock."""

from __future__ import annotations

import numpy as np
import polars as pl

from sim.agents import names
from sim.observation.seen import Seen
from sim.observation.subject import Daybook, Subject, table
from sim.observation.world import World


class Teams(Subject):
    """The ranking of teams."""

    def __init__(self, world: World, book: Daybook) -> None:
        super().__init__(world, book)
        self.arrays |= {"members": np.zeros(len(world.teams), np.int64)}

    def on_team_join(self, seen: Seen) -> None:
        """Somebody joins."""
        np.add.at(self.arrays["members"], seen.rows["team"], 1)

    @table(
        "One row a team.",
        team="number",
        name="name",
        project="number of its project",
        members="members",
        points="points earned",
        unlocked_fen="money unlocked, fen",
        rank="place in the ranking, 1 = first",
    )
    def teams(self) -> pl.DataFrame | None:
        """Every team by rank."""
        teams, seed = self.world.teams, self.scenario.scenario.seed
        if not len(teams):
            return None
        return pl.DataFrame(
            {
                "team": np.arange(len(teams)),
                "name": [names.team_name(seed, k) for k in range(len(teams))],
                "project": teams.project,
                "members": self.arrays["members"],
                "points": teams.points,
                "unlocked_fen": teams.unlocked,
                "rank": teams.ranks(),
            }
        ).sort("rank")
