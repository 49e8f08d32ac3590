"""S6 爱心战队: members' shared activity unlocks money for the team's project, with a ranking."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from sim.kernel.rows import IN_TEAM
from tests.systems.runs import Run, run, with_parameters

USERS = 20_000


@pytest.fixture(scope="module")
def week() -> Run:
    return run("week95_2022", USERS)


def test_points_are_members_deeds_that_count_for_teams(week: Run) -> None:
    """Each deed marked `team` that a member does is one point; nobody else earns any."""
    marked = [k for k, deed in enumerate(week.campaign.scenario.deeds.values()) if deed.team]
    done = week.rows(Kind.DEED)
    by_members = np.isin(done["deed"], marked) & (done["team"] == 1)
    assert week.tables["teams"]["points"].sum() == by_members.sum() > 1_000


def test_members_are_those_who_joined(week: Run) -> None:
    """The table's members are the users whose row says so, each of whom joined once."""
    joined = week.rows(Kind.TEAM_JOIN)
    members = (week.campaign.population.users["flags"] & IN_TEAM) > 0
    assert sorted(joined["agent"]) == list(np.flatnonzero(members))
    assert week.tables["teams"]["members"].sum() == members.sum()


def test_points_become_money_for_the_teams_project(week: Run) -> None:
    """Every hundred points unlock their sum for the project the team plays for, from the sponsor's pool."""
    unlocked = week.rows(Kind.TEAM_UNLOCK)
    teams, projects = week.tables["teams"].sort("team"), week.tables["projects"]
    np.testing.assert_array_equal(
        np.bincount(unlocked["team"], unlocked["fen"], len(teams)), teams["unlocked_fen"]
    )
    np.testing.assert_array_equal(teams["project"].to_numpy()[unlocked["team"]], unlocked["project"])
    assert (
        projects["team_fen"].sum() == unlocked["fen"].sum() == week.tables["days"]["unlocked_fen"].sum() > 0
    )
    steps = teams["points"].to_numpy() // week.campaign.scenario.teams.points_per_unlock
    assert (teams["unlocked_fen"].to_numpy() <= steps * 3_000).all()  # at best half as much again as 20 yuan


def test_points_that_the_pool_cannot_pay_wait_for_the_next_opening() -> None:
    """A team that gets part of its money has used that part of its points: a later opening pays the rest."""
    many = {"teams__mode": "shared_goal", "teams__points_per_unlock": 10, "teams__fen_per_unlock": "20 yuan"}
    poor = run("week95_2022", USERS, **many, pools__teams__total="60_000 yuan")
    rich = run("week95_2022", USERS, **many, pools__teams__total="900_000_000 yuan")
    teams, paid = poor.tables["teams"].sort("team"), poor.campaign.teams.paid_points
    unlocked = teams["unlocked_fen"].to_numpy()
    assert 0 < unlocked.sum() < rich.tables["teams"]["unlocked_fen"].sum()
    assert (unlocked % 2_000 > 0).any()
    at_most = unlocked / 2_000 * 10 + poor.rows(Kind.TEAM_UNLOCK).size  # rounded up once a payment
    assert (unlocked / 2_000 * 10 <= paid).all()
    assert (paid <= at_most).all()


def test_the_ranking_orders_teams_by_points(week: Run) -> None:
    """First is who has most points."""
    teams = week.tables["teams"]
    assert teams["rank"].to_list() == list(range(1, len(teams) + 1))
    assert teams["points"].is_sorted(descending=True)


def test_a_competition_moves_more_than_a_shared_goal(week: Run) -> None:
    """Competing teams do more deeds, and their upper half unlocks half as much again. Five times as strong as
    published, so that a small population shows it."""
    strong = {"choice_team_competition": 0.6, "choice_team_goal": 0.4}
    competing, together = (
        with_parameters("week95_2022", USERS, strong, teams__mode=mode)
        for mode in ("competition", "shared_goal")
    )
    assert competing.tables["teams"]["points"].sum() > together.tables["teams"]["points"].sum()
    shared = run("week95_2022", USERS, teams__mode="shared_goal")
    assert set(shared.rows(Kind.TEAM_UNLOCK)["fen"] % 2_000) == {0}
    assert set(week.rows(Kind.TEAM_UNLOCK)["fen"] % 2_000) == {0, 1_000}


def test_the_upper_halfs_bonus_is_a_setting() -> None:
    """Without it a competition unlocks whole sums only, with a larger one more, as far as the pool goes."""
    rich = {"pools__teams__total": "900_000_000 yuan"}
    plain, small, half = (
        run("week95_2022", USERS, **rich, teams__upper_half_bonus=bonus) for bonus in (0.0, 0.1, 0.5)
    )
    unlocked = [r.tables["teams"]["unlocked_fen"].sum() for r in (plain, small, half)]
    assert unlocked == sorted(set(unlocked))
    assert set(plain.rows(Kind.TEAM_UNLOCK)["fen"] % 2_000) == {0}
    assert 2_200 in set(small.rows(Kind.TEAM_UNLOCK)["fen"])


def test_without_members_there_is_nothing_of_it(week: Run) -> None:
    """Where nobody joins nothing is unlocked, and the members' extra activity is missing."""
    alone = run("week95_2022", USERS, deeds__join_team__ease=-50.0)
    assert len(alone.rows(Kind.TEAM_JOIN, Kind.TEAM_UNLOCK)) == 0
    assert alone.tables["teams"]["points"].sum() == 0
    done = [sum(r.deeds(name)["times"] for name in ("steps", "rope", "quiz", "voice")) for r in (alone, week)]
    assert done[0] < done[1]


def test_the_teams_pool_is_never_overdrawn() -> None:
    """With little money in the pool the unlocks sum to it exactly, and the points stay."""
    poor = run("week95_2022", USERS, pools__teams__total="200_000 yuan")
    assert poor.rows(Kind.TEAM_UNLOCK)["fen"].sum() == 10_000
    assert poor.tables["teams"]["points"].sum() > 1_000
