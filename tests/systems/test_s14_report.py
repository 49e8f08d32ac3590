"""S14 公益财报 and S15 staff hours: a year prints the lines of the annual report; staff reach their three hours."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from sim.bookkeeping import Kind
from sim.observation.report import report_lines
from tests.systems.runs import Run, run

USERS = 1_500
STAFF = {"staff__share": 0.1}
LINES = (
    "charity actions (人次)", "charity orders", "money raised", "merchants taking part", "buyers", "people helped",
    "charity hours", "mean charity hours of staff", "account holders",
)  # fmt: skip


@pytest.fixture(scope="module")
def year() -> Run:
    return run("year_fy2022", USERS, **STAFF)


def test_a_year_prints_the_lines_of_the_annual_report(year: Run) -> None:
    """Each line of the published report is there, and says at which size it stands."""
    told = report_lines(year.campaign.recorder.world, year.tables, year.metrics)
    lines = {line["name"]: line for line in told}
    assert set(LINES) <= set(lines)
    scale = 780_000_000 / USERS
    for name, metric in (
        ("charity orders", "charity_orders"),
        ("buyers", "buyers"),
        ("people helped", "helped"),
    ):
        assert lines[name]["value"] == pytest.approx(year.metrics[metric] * scale)
        assert lines[name]["size"] == "real"
    assert lines["mean charity hours of staff"]["value"] == year.metrics["staff_minutes"]
    assert lines["mean charity hours of staff"]["size"] == "any"
    assert lines["projects"]["size"] == "simulated"
    assert {f"reached: {b.label}" for b in year.campaign.scenario.benefits.values()} <= set(lines)


def test_staff_come_near_their_norm(year: Run) -> None:
    """Most have done the three hours they owe by the end of the year, some many more: the published mean was 6.3."""
    assert year.metrics["staff_minutes"] / 60 == pytest.approx(6.3, abs=1.5)
    hours = year.campaign.population.users["labour"][:USERS][year.campaign.recorder.world.staff()] / 60
    assert (hours >= 3).mean() > 0.6
    assert 2.5 < np.median(hours) < hours.mean() < 16
    users = year.campaign.population.users["labour"][:USERS]
    assert (
        users[year.campaign.recorder.world.staff()].mean()
        > 3 * users[~year.campaign.recorder.world.staff()].mean()
    )


def active_by_month(r: Run) -> np.ndarray:
    """How many of the staff played in each stretch of thirty days."""
    rows = r.rows(Kind.SESSION)
    rows = rows[np.isin(rows["agent"], np.flatnonzero(r.campaign.recorder.world.staff()))]
    return np.array(
        [
            len(np.unique(rows["agent"][r.day_of(rows) // 30 == month]))
            for month in range(r.day_of(rows).max() // 30)
        ]
    )


def test_staff_leave_off_when_the_norm_is_met(year: Run) -> None:
    """Fewer and fewer of them come as the year goes on; with a norm nobody meets all keep coming."""
    norm, never = (
        active_by_month(year),
        active_by_month(run("year_fy2022", USERS, **STAFF, staff__norm=50_000)),
    )
    assert norm[-1] < 0.5 * norm[0]
    assert never[-1] > 2 * norm[-1]


def test_the_norm_is_owed_anew_each_financial_year() -> None:
    """On 1 April staff who had left off come back, do their hours, and leave off again."""
    new_year = datetime.fromisoformat("2021-01-01T00:00:00+08:00")
    r = run("year_fy2022", 400, staff__share=0.4, scenario__start=new_year)
    by_month = active_by_month(r)
    assert by_month[2] < 0.8 * by_month[0]
    assert by_month[3] > 1.2 * by_month[2]  # from the ninetieth day on: 1 April
    assert by_month[-1] < 0.8 * by_month[3]


def test_staff_volunteer_because_they_are_pushed() -> None:
    """Without a norm the same people do fewer hours, and hardly any of them volunteers, however many places."""
    places = STAFF | {"activities__users_each": 50}
    owing, free = run("year_fy2022", USERS, **places), run("year_fy2022", USERS, **places, staff__norm=0)
    assert free.metrics["staff_minutes"] < owing.metrics["staff_minutes"]
    staff = np.flatnonzero(owing.campaign.recorder.world.staff())
    signed = [np.isin(r.rows(Kind.SIGN_UP)["agent"], staff).sum() for r in (owing, free)]
    assert signed[0] > 5 * signed[1]
