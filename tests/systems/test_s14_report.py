"""S14 公益财报 and S15 staff hours: a year prints the lines of the annual report; staff reach their three hours."""

from __future__ import annotations

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
    hours = year.campaign.population.users["labour"][:USERS][year.campaign.recorder.world.staff()] / 60
    assert (hours >= 3).mean() > 0.6
    assert 2.5 < np.median(hours) < hours.mean() < 16
    users = year.campaign.population.users["labour"][:USERS]
    assert (
        users[year.campaign.recorder.world.staff()].mean()
        > 3 * users[~year.campaign.recorder.world.staff()].mean()
    )


def test_staff_volunteer_because_they_are_pushed() -> None:
    """Without a norm the same people do fewer hours, and hardly any of them volunteers, however many places."""
    places = STAFF | {"activities__users_each": 50}
    owing, free = run("year_fy2022", USERS, **places), run("year_fy2022", USERS, **places, staff__norm=0)
    assert free.metrics["staff_minutes"] < owing.metrics["staff_minutes"]
    staff = np.flatnonzero(owing.campaign.recorder.world.staff())
    signed = [np.isin(r.rows(Kind.SIGN_UP)["agent"], staff).sum() for r in (owing, free)]
    assert signed[0] > 5 * signed[1]
