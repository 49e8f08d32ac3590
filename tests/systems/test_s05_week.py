"""S5 95公益周: a week from 5 September that lifts play, multiplies beans and ends."""

from __future__ import annotations

import numpy as np
import pytest

from tests.systems.runs import Run, run, week_beans

USERS = 10_000
UNMATCHED = {"pools__daily__total": "0 yuan", "pools__flash__total": "0 yuan"}
CALM = {"phases__week__lift_start": 0.0, "phases__week__lift_end": 0.0}


@pytest.fixture(scope="module")
def week() -> Run:
    return run("week95_2022", USERS)


def test_the_week_begins_with_a_rush(week: Run) -> None:
    """The first and the last day of the phase have more sessions than the same days without the lift."""
    rush, plain = week.tables["days"]["sessions"], sessions()
    assert rush[0] > 1.15 * plain[0]
    assert rush[6] > plain[6]


def sessions(**changes: object) -> np.ndarray:
    return run("week95_2022", USERS, **CALM, **changes).tables["days"]["sessions"].to_numpy()


def test_closing_the_match_pools_of_a_week_loses_gifts_and_hardly_any_visit() -> None:
    """A match is for those who give: with none gifts fall by a tenth and more; of what a visit is worth to everybody
    a gift is a small part, so that attendance hardly moves."""
    matched, none = (run("week95_2022", USERS, **CALM, **changes) for changes in ({}, UNMATCHED))
    assert none.metrics["gifts"] < 0.9 * matched.metrics["gifts"]
    came = [r.tables["days"]["participants"].sum() for r in (matched, none)]
    assert came[1] == pytest.approx(came[0], rel=0.03)


def test_more_beans_and_a_challenge_bring_people_too() -> None:
    """A phase that doubles beans brings more people on each of its days, a challenge the members of teams."""
    plain, double = sessions(), sessions(**week_beans(2.0))
    assert double[1:7].sum() > 1.04 * plain[1:7].sum()
    busy = run("week95_2022", USERS, **CALM, teams__challenge="10 days")
    calm = run("week95_2022", USERS, **CALM, teams__challenge="12 h")  # none begins with a day
    assert busy.tables["days"]["participants"].to_list() != calm.tables["days"]["participants"].to_list()


def test_where_nothing_is_on_offer_a_day_is_as_any_other() -> None:
    """Without phases, pools and challenges the calendar lifts nothing."""
    assert (run("hello", 1_000, pools__main__total="0 yuan").campaign.population.days["lift"] == 1.0).all()


def test_beans_of_the_week_can_be_multiplied(week: Run) -> None:
    """A factor of two pays twice for a sign-in inside the phase and once after it."""
    double = run("week95_2022", USERS, **week_beans(2.0), rules__streak=False)
    rows, beans = double.paid("sign_in")
    days, honest = double.day_of(rows), rows["agent"] < USERS
    assert beans[honest & (days < 7)].max() == 20
    assert beans[honest & (days >= 7)].max() == 10
    assert double.metrics["beans_issued"] > 1.2 * week.metrics["beans_issued"]


def test_the_week_has_the_projects_that_it_had_whatever_the_sample(week: Run) -> None:
    """The week offered 100+ direct-giving projects, of every cause, to few users and to many."""
    assert len(week.tables["projects"]) == len(run("week95_2022", USERS // 2).tables["projects"]) > 100
    assert set(week.tables["projects"]["cause"]) == {"education", "illness", "poverty", "environment"}


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
