"""S5 95公益周: a week from 5 September that lifts play, multiplies beans and ends."""

from __future__ import annotations

import pytest

from sim.bookkeeping import Kind
from tests.systems.runs import Run, run

USERS = 10_000


@pytest.fixture(scope="module")
def week() -> Run:
    return run("week95_2022", USERS)


def test_the_week_begins_with_a_rush(week: Run) -> None:
    """The first day of the phase has more sessions than the same day without the lift."""
    calm = run("week95_2022", USERS, phases__week__lift_start=0.0, phases__week__lift_end=0.0)
    rush, plain = week.tables["days"]["sessions"], calm.tables["days"]["sessions"]
    assert rush[0] > 1.3 * plain[0]
    assert rush[6] > plain[6]  # and a smaller one at its end


def test_beans_of_the_week_can_be_multiplied(week: Run) -> None:
    """A factor of two pays twice for a sign-in inside the phase and once after it."""
    double = run("week95_2022", USERS, phases__week__beans_factor=2.0, beans__streak_bonus=0.0)
    rows = double.rows(Kind.DEED)
    rows = rows[(rows["deed"] == double.deed("sign_in")) & (rows["agent"] < USERS)]
    days = double.day_of(rows)
    assert rows["beans"][days < 7].max() == 20
    assert rows["beans"][days >= 7].max() == 10
    assert double.metrics["beans_issued"] > 1.2 * week.metrics["beans_issued"]


def test_projects_follow_the_population_in_sensible_numbers(week: Run) -> None:
    """One project per 2,500 users, at least 24: direct giving always has a choice of causes."""
    assert len(week.tables["projects"]) == 24
    assert set(week.tables["projects"]["cause"]) == {"education", "illness", "poverty", "environment"}
    assert len(run("week95_2022", USERS, projects__minimum=3).tables["projects"]) == 4


def test_some_limited_projects_reach_their_goal_and_close(week: Run) -> None:
    """Goals are reached by some and not by all; what is raised after a goal goes to open projects."""
    limited = week.tables["projects"].filter(week.tables["projects"]["limited"])
    assert 0 < limited["funded"].sum() < len(limited)
    assert week.metrics["funded_share"] == limited["funded"].mean()
    easy = run("week95_2022", USERS, projects__targets_total="1_200_000 yuan")
    assert easy.metrics["funded_share"] > week.metrics["funded_share"]
    closed = easy.tables["projects"].filter(easy.tables["projects"]["funded"])
    open_ones = easy.tables["projects"].filter(~easy.tables["projects"]["limited"])
    usual = week.tables["projects"].filter(~week.tables["projects"]["limited"])
    assert open_ones["gift_fen"].sum() > usual["gift_fen"].sum()
    assert closed["raised_fen"].sum() > 0
