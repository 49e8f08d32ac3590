"""The table of days: what the calendar of a scenario says of each, from the rules in words."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from sim.behaviour.parameters import load_parameters
from sim.engine.campaign import Campaign
from sim.engine.clocks import barriers, hourly_profile, play_calendar, session_profile
from sim.engine.offers import Offers
from sim.engine.settings import day_table
from sim.kernel.rows import PLAYER
from sim.scenario import Scenario
from tests.systems.runs import scenario

DAY_S = 86_400
CHINA = timezone(timedelta(hours=8))


def days_of(**changes: Any) -> Any:
    """Rows of days, and the ends of expiry periods, of a year with other phases than its own."""
    made = scenario("year_fy2022", 500, changes={"staff.share": 0.0, **changes})
    return day_table(made, load_parameters(), Offers.of(made, hourly_profile()["page_views"]))


def at(month: int, day: int, hour: int = 0) -> datetime:
    """An instant of 2021 in China."""
    return datetime(2021, month, day, hour, tzinfo=CHINA)


def test_a_harvest_after_the_last_validity_lasts_until_the_scenarios_end_and_some() -> None:
    """Without months: valid for 7 days after the last phase; harvested later, for 7 days after the scenario."""
    days, ends = days_of(**{"beans.valid_months": 0, "beans.valid_after_end": "7 days"})
    over = 225 + 7
    np.testing.assert_array_equal(days["period"], np.arange(365) >= over)
    assert ends.tolist() == [over * DAY_S, (365 + 7) * DAY_S]
    assert (ends[days["period"]] > np.arange(365) * DAY_S).all()  # no harvest is lost the day it is made


def test_one_period_is_enough_where_it_outlives_the_scenario() -> None:
    """Valid to the end of the year and longer: one period, one end."""
    days, ends = days_of(**{"beans.valid_months": 0, "beans.valid_after_end": "140 days"})
    assert (days["period"] == 0).all()
    assert ends.tolist() == [365 * DAY_S]


def test_players_from_the_start_bring_no_day_that_they_never_played() -> None:
    """Before their first session they have the habit of a newcomer and no streak."""
    parameters = load_parameters()
    people = Campaign(scenario("week95_2022", 2_000), workers=1).population
    first = people.users[(people.users["flags"] & PLAYER != 0) & (people.users["play_s"] < DAY_S)]
    assert len(first) > 50
    assert (first["streak"] == 0).all()
    assert (first["habit"] == np.float32(parameters["habit_neutral"])).all()


TWICE = {"rules.week_beans": {"when": {"phase": "week"}, "form": {"times": 2.0}}}


def evening(**changes: Any) -> Scenario:
    """A week whose one phase lasts from 20:00 to 22:00 of its third day."""
    return scenario(
        "week95_2022", 8_000,
        changes={
            "phases.week.start": datetime(2022, 9, 7, 20, tzinfo=CHINA),
            "phases.week.end": datetime(2022, 9, 7, 22, tzinfo=CHINA), **changes,
        },
    )  # fmt: skip


def test_a_phase_lifts_the_hours_it_covers_and_no_others() -> None:
    """Two hours of one day: rush of the start and of the end at once; half an hour lifts half of the hour's lift."""
    parameters = load_parameters()
    expected = np.ones((10, 24))
    expected[2, 20:22] = 1 + 0.8 + 0.45
    np.testing.assert_allclose(play_calendar(evening(), parameters), expected)
    later = evening(**{"phases.week.end": datetime(2022, 9, 7, 21, 30, tzinfo=CHINA)})
    expected[2, 21] = 1 + 1.25 / 2
    np.testing.assert_allclose(play_calendar(later, parameters), expected)


def test_a_phase_over_midnight_lifts_two_evenings_and_the_days_between() -> None:
    """From 20:00 to noon two days later: each day has its lift, in the hours that are covered."""
    end = datetime(2022, 9, 9, 12, tzinfo=CHINA)
    calendar = play_calendar(evening(**{"phases.week.end": end}), load_parameters())
    lifted = np.zeros((10, 24), bool)
    lifted[2, 20:] = lifted[3] = lifted[4, :12] = True
    np.testing.assert_array_equal(calendar > 1.0, lifted)
    assert all(len(set(day[day > 1.0])) == 1 for day in calendar[2:5])


def test_more_beans_move_people_to_the_hours_that_bring_them_not_to_the_day() -> None:
    """Two hours that double beans draw visits from the day's other hours; that they also bring people is not the
    calendar's affair: weighted by when people come, the day is as long as any."""
    quiet = {"phases.week.lift_start": 0.0, "phases.week.lift_end": 0.0}
    calendar = play_calendar(evening(**quiet, **TWICE), load_parameters())
    views = hourly_profile()["page_views"]
    assert (calendar[2, 20:22] > 1.1).all()
    assert (np.delete(calendar[2], [20, 21]) < 1.0).all()
    assert (calendar[2] * views).sum() == pytest.approx(views.sum())
    assert (np.delete(calendar, 2, axis=0) == 1.0).all()


def test_a_days_lift_is_that_of_its_hours_weighted_by_when_people_play() -> None:
    """Sessions of the lifted hours are multiplied, and the day has as many more as that makes."""
    hours = np.ones(24)
    hours[20:22] = 3.0
    plain, one = session_profile(0, np.ones(24))
    shaped, lifted = session_profile(0, hours)
    shares = np.diff(plain)
    assert one == 1.0
    assert lifted == pytest.approx(1 + 2 * shares[20:22].sum())
    np.testing.assert_allclose(np.diff(shaped) * lifted, shares * hours)


def test_beans_are_multiplied_from_the_phases_first_second_to_its_last() -> None:
    """Its start and end are barriers, whatever their spacing, because rewards are published there."""
    cuts = set(barriers(evening()).tolist())
    assert {2 * DAY_S + 20 * 3_600, 2 * DAY_S + 22 * 3_600} <= cuts
