"""S1 人人3小时: a catalogue of deeds, and for everybody "my charity hours" and "actions taken"."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from sim.loading import scenario_text
from tests.systems.runs import Run, run

USERS = 20_000
PIANO = """
[deeds.piano]
label = "公益琴键"
kind = "donated"
beans = 15
hours = 0.2
cost = "0.05 yuan"
ease = -1.0

[rules.piano_twice_a_day]
what = "piano"
form.limit = 2
"""


@pytest.fixture(scope="module")
def week() -> Run:
    return run("week95_2022", USERS)


def test_a_dozen_kinds_of_deeds_and_more_are_really_done(week: Run) -> None:
    """Every entry of the catalogue is done in the week, the rarest a few times, the easiest thousands of times."""
    deeds = week.tables["deeds"]
    assert len(deeds) > 12
    assert deeds.filter(deeds["times"] == 0)["deed"].to_list() == []
    assert week.deeds("sign_in")["times"] > 1_000 > 100 > week.deeds("blood")["times"]


def test_deeds_of_the_days_are_those_of_the_catalogue(week: Run) -> None:
    """Teams joined, accounts opened and vouchers asked for are deeds too, in every table that counts deeds."""
    times = week.tables["deeds"]["times"].sum()
    assert times == week.tables["days"]["deeds"].sum()
    assert times == week.tables["segments"]["deeds"].sum() == week.tables["channels"]["deeds"].sum()


def test_hours_on_a_users_row_are_the_sum_of_the_users_actions(week: Run) -> None:
    """My charity hours, labour and donated apart, are what the stream credited me with, user by user."""
    credited = week.stream[(week.stream["minutes"] > 0) & (week.stream["outcome"] == 0)]
    for klass, column in ((0, "labour"), (1, "donated")):
        mine = credited[credited["klass"] == klass]
        summed = np.bincount(mine["agent"], mine["minutes"], week.campaign.population.rows)
        np.testing.assert_array_equal(summed, week.campaign.population.users[column])


def test_a_report_and_a_quiz_are_six_tenths_of_an_hour_and_two_actions(week: Run) -> None:
    """The reporter's check value: the minutes the week credits for one of each make 0.6 hours, count 2."""
    minutes = [
        week.rows(Kind.DEED)["minutes"][week.rows(Kind.DEED)["deed"] == week.deed(d)][0]
        for d in ("report", "quiz")
    ]
    assert (sum(minutes) / 60, len(minutes)) == (0.6, 2)


def test_a_new_deed_is_only_a_table_entry(week: Run) -> None:
    """A table added to the text is done, paid and credited as it says, and takes some time from the others."""
    more = run(scenario_text("week95_2022") + PIANO, USERS)
    piano = more.deeds("piano")
    assert piano["times"] > 1_000
    assert piano["minutes"] == 12 * piano["times"]
    assert 15 * piano["times"] * 0.9 < piano["beans"] < 15 * piano["times"] * 1.5  # caps below, streaks above
    assert more.metrics["minutes_donated"] > week.metrics["minutes_donated"]


def test_limits_per_day_hold(week: Run) -> None:
    """Nobody does a deed more often on a day than a rule allows."""
    rules = week.campaign.scenario.rules.values()
    limits = {name: rule.form.limit for rule in rules if rule.form.limit for name in rule.what}
    assert set(limits.values()) == {1, 2, 3}
    for name, deed in week.campaign.scenario.deeds.items():
        if deed.effect == "deed":
            rows = week.rows(Kind.DEED, Kind.GENERAL)
            mine = rows[(rows["deed"] == week.deed(name)) & (rows["agent"] < USERS)]
            _, times = np.unique(np.stack([mine["agent"], week.day_of(mine)]), axis=1, return_counts=True)
            assert times.max() <= limits[name]
