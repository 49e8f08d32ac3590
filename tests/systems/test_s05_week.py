"""S5 95公益周: a week from 5 September that lifts play, multiplies beans and ends."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from tests.systems.runs import Run, run

USERS = 10_000
UNMATCHED = {"pools__daily__total": "0 yuan", "pools__flash__total": "0 yuan"}
CALM = {"phases__week__lift_start": 0.0, "phases__week__lift_end": 0.0}


@pytest.fixture(scope="module")
def week() -> Run:
    return run("week95_2022", USERS)


def test_the_week_begins_with_a_rush(week: Run) -> None:
    """The first day of the phase has more sessions than the same day without its match and without the lift."""
    rush, plain, calm = week.tables["days"]["sessions"], sessions(), sessions(**UNMATCHED)
    assert rush[0] > 1.3 * calm[0]
    assert rush[0] > 1.2 * plain[0] > 1.2 * calm[0]
    assert rush[6] > plain[6]  # and a smaller one at its end


def sessions(**changes: object) -> np.ndarray:
    return run("week95_2022", USERS, **CALM, **changes).tables["days"]["sessions"].to_numpy()


def test_closing_the_pools_of_a_week_lowers_attendance_on_those_days(week: Run) -> None:
    """A match that is announced brings people; where none is, fewer come, and after the week as many as ever."""
    matched = sessions()
    none = sessions(**UNMATCHED)
    first = sessions(pools__daily__total="0 yuan")  # flash pools only: the first, fourth and seventh day
    assert none[:7].sum() < 0.97 * matched[:7].sum()
    assert first[0] == matched[0]
    assert first[1:3].sum() < 0.97 * matched[1:3].sum()
    assert first[3] > none[3]
    assert none[8:].sum() == pytest.approx(matched[8:].sum(), rel=0.05)


def test_more_beans_and_a_challenge_bring_people_too() -> None:
    """A phase that doubles beans and a team's challenge are offers of their day; only members see a challenge."""
    plain, double = sessions(), sessions(phases__week__beans_factor=2.0)
    assert double[1:7].sum() > 1.04 * plain[1:7].sum()
    days = run("week95_2022", USERS, **CALM, teams__challenge="3 days").campaign.population.days
    np.testing.assert_allclose(days["team"], np.where(np.arange(10) // 3 % 2 == 0, 0.2, 0.1))


def test_where_nothing_is_on_offer_a_day_is_as_any_other() -> None:
    """Without phases, pools and challenges the calendar lifts nothing."""
    assert (run("hello", 1_000, pools__main__total="0 yuan").campaign.population.days["lift"] == 1.0).all()


def test_beans_of_the_week_can_be_multiplied(week: Run) -> None:
    """A factor of two pays twice for a sign-in inside the phase and once after it."""
    double = run("week95_2022", USERS, phases__week__beans_factor=2.0, beans__streak_bonus=0.0)
    rows = double.rows(Kind.DEED)
    rows = rows[(rows["deed"] == double.deed("sign_in")) & (rows["agent"] < USERS)]
    days = double.day_of(rows)
    assert rows["beans"][days < 7].max() == 20
    assert rows["beans"][days >= 7].max() == 10
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
