"""Habit, streaks, and the hazards they move."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.behaviour.habit import (
    activity_hazard,
    campaign_lift,
    dropout_hazard,
    faded_habit,
    grown_habit,
    readiness,
)

FLAT = {"neutral": 0.3, "slope": 0.6, "team": 0.0, "reminder": 0.0, "streak_gain": 0.1}
BREAKS = {"break_loss": 0.3, "break_days": 5.0}


def z(habit: float = 0.3, streak: int = 0, since_break: float = -1.0) -> float:
    return readiness(habit=habit, streak=streak, since_break=since_break, **FLAT, **BREAKS)


@given(st.lists(st.booleans(), max_size=60), st.floats(0, 1))
def test_habit_stays_between_nothing_and_everything(days, habit):
    """Whatever the days bring, habit grows on active and fades on inactive ones, within 0 … 1."""
    for active in days:
        before = habit
        habit = grown_habit(habit, 0.045) if active else faded_habit(habit, 0.92)
        assert 0.0 <= habit <= 1.0
        assert (habit >= before) if active else (habit <= before)


def test_a_habit_takes_about_66_days():
    """Sixty-six active days bring a habit 95 % of the way (Lally et al. 2010)."""
    habit = 0.0
    for _ in range(66):
        habit = grown_habit(habit, 0.045)
    assert habit == pytest.approx(0.95, abs=0.005)


def test_a_newcomer_is_neither_readier_nor_lazier():
    """At neutral habit without streak nothing is added."""
    assert z() == 0.0


def test_streaks_help_up_to_the_seventh_day():
    """Each day of a streak adds less than the one before, and none after the seventh."""
    values = [z(streak=n) for n in range(10)]
    gains = [b - a for a, b in pairwise(values)]
    assert gains[:7] == sorted(gains[:7], reverse=True)
    assert min(gains[:7]) > 0
    assert gains[7:] == [0.0, 0.0]


def test_a_broken_streak_hurts_and_heals():
    """The loss is whole at first, a third of it is left after its decay time, and none without a break."""
    assert z(since_break=0.0) == pytest.approx(-0.3)
    assert z(since_break=5.0) == pytest.approx(-0.3 / math.e)
    assert z(since_break=-1.0) == 0.0


def test_team_and_reminder_are_log_hazards():
    """A team and a reminder multiply the hazard of being active."""
    more = readiness(0.3, 0.3, 0.6, 0.10, 0.05, 0, 0.1, -1.0, 0.3, 5.0)
    assert activity_hazard(0.4, 1.1, 2.0, more) == pytest.approx(0.4 * 1.1 * 2.0 * math.exp(0.15))


def test_habit_keeps_people():
    """The hazard of leaving falls with habit and rises after a broken streak."""
    base = dropout_hazard(0.1, 0.3, 0.3, 0.8, 0.0)
    assert base == 0.1
    assert dropout_hazard(0.1, 0.8, 0.3, 0.8, 0.0) == pytest.approx(0.1 * math.exp(-0.4))
    assert dropout_hazard(0.1, 0.3, 0.3, 0.8, 0.4) == pytest.approx(0.1 * math.exp(0.4))


def test_a_campaign_peaks_at_both_ends():
    """The first day carries the start's lift, the last the end's, the middle of a long one neither."""
    lift = [campaign_lift(day, 30, 1.0, 0.6, 1.0, 0.7) for day in range(30)]
    assert lift[0] == pytest.approx(2.0)
    assert lift[29] == pytest.approx(1.6)
    assert lift[15] == pytest.approx(1.0, abs=1e-5)
    assert min(lift) >= 1.0
