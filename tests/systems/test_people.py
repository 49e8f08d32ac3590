"""Players, new players and participants are counted as their definitions say."""

from __future__ import annotations

import numpy as np

from sim.bookkeeping import Kind
from tests.systems.runs import Run, run

USERS = 10_000


def players_at_start(r: Run) -> float:
    return r.metrics["players"] - r.metrics["new_players"]


def test_players_were_there_at_the_start_or_came_since() -> None:
    """Who was there does not depend on how many come, and is the scenario's share of the users."""
    usual, quiet = (run("match_pools", USERS, **c) for c in ({}, {"play__entry_per_visit": 0.0}))
    assert players_at_start(usual) == players_at_start(quiet)
    assert abs(players_at_start(usual) - 0.3 * USERS) < 150
    assert usual.metrics["new_players"] == len(np.unique(usual.rows(Kind.ENTER)["agent"])) > 100


def test_participants_are_the_players_who_played() -> None:
    """In all, and day by day."""
    r = run("match_pools", USERS)
    sessions = r.rows(Kind.SESSION)
    assert r.metrics["participants"] == len(np.unique(sessions["agent"])) < r.metrics["players"]
    for day, told in enumerate(r.tables["days"]["participants"].to_list()):
        assert told == len(np.unique(sessions["agent"][r.day_of(sessions) == day]))


def test_farmers_are_no_players() -> None:
    """They grow beans, but are nobody: players are honest users."""
    farmed = run("point_farms", USERS)
    farmers = farmed.campaign.farmers.awake
    honest = farmed.campaign.population.users["flags"][:USERS] & 1
    assert farmers > 0
    assert farmed.metrics["players"] == honest.sum()


def test_segments_and_channels_count_new_players() -> None:
    """Each new player stands in one segment and one channel."""
    week = run("week95_2022", 5_000)
    for name in ("segments", "channels"):
        assert week.tables[name]["new_players"].sum() == week.metrics["new_players"]
