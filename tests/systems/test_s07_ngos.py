"""S7 NGOs: activities with limited places, disbursement after a review, reports on time or late, trust."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from sim.bookkeeping import Kind
from sim.spans import SECOND
from tests.systems.runs import DAY_US, Run, run

USERS = 10_000
SCANDAL = datetime.fromisoformat("2022-06-10T00:00:00+08:00")
OFTEN = {"ngos__report_every": "5 days", "ngos__disburse_every": "5 days", "activities__places": 2}


@pytest.fixture(scope="module")
def month() -> Run:
    return run("zhejiang_account", USERS, **OFTEN)


def test_no_activity_gets_more_volunteers_than_places(month: Run) -> None:
    """Two places are given twice; who comes too late is refused."""
    taken = np.bincount(month.rows(Kind.SIGN_UP)["party"])
    assert taken.max() == 2
    assert len(month.rows(Kind.SIGN_UP, refused=True)) + (taken == 2).sum() > 0
    assert taken.sum() > 30


def test_people_sign_up_between_publication_and_start(month: Run) -> None:
    """A place can be taken once the activity is published and until it begins."""
    activities = month.campaign.activities
    taken = month.rows(Kind.SIGN_UP)
    assert (taken["t"] >= activities.publish_s[taken["party"]] * SECOND).all()
    assert (taken["t"] < activities.table["start_s"][taken["party"]] * SECOND).all()


def test_only_those_with_a_place_serve_and_one_in_ten_stays_away(month: Run) -> None:
    """Service is done by who signed up, on the activity's day, for its project; a few do not come."""
    places = {(r["agent"], r["ref"]): (r["party"], r["project"]) for r in month.rows(Kind.SIGN_UP)}
    served = month.rows(Kind.DEED)
    served = served[served["deed"] == month.deed("volunteer")]
    starts = month.campaign.activities.table["start_s"]
    for row in served:
        assert places[row["agent"], row["ref"]] == (row["party"], row["project"])
        assert row["t"] >= starts[row["party"]] * SECOND
    nobody = run("zhejiang_account", USERS, **OFTEN, activities__no_show=1.0)
    assert nobody.deeds("volunteer")["minutes"] == 0 < len(served) < len(places)


def test_money_goes_out_after_a_review_and_never_more_than_came_in(month: Run) -> None:
    """What is asked for is paid or fails two to ten days later; fees stay under their cap."""
    asked = month.rows(Kind.DISBURSE_ASK)
    settled = month.rows(Kind.DISBURSE_PAID, Kind.DISBURSE_FAILED)
    assert len(settled) > 50
    for project in np.unique(settled["project"]):
        starts = asked[asked["project"] == project]
        ends = settled[settled["project"] == project]
        starts = starts[: len(ends)]
        np.testing.assert_array_equal(starts["fen"], ends["fen"])
        waits = (ends["t"] - starts["t"]) / DAY_US
        assert (waits >= 2).all()
        assert (waits <= 10).all()
    projects = month.tables["projects"]
    assert (projects["disbursed_fen"] <= projects["raised_fen"]).all()
    fees = month.rows(Kind.FEE)["fen"].sum()
    assert 0 < fees <= month.campaign.scenario.ngos.fee_cap * month.campaign.raised.sum()


def test_late_reports_cost_trust_and_gifts() -> None:
    """NGOs that never report in time lose trust, and people give less than to those that always do."""
    gifts = {"gifts__intercept": -1.5, "ngos__report_every": "5 days"}
    late = run("zhejiang_account", USERS, **gifts, ngos__on_time_a=0.01, ngos__on_time_b=100.0)
    prompt = run("zhejiang_account", USERS, **gifts, ngos__on_time_a=100.0, ngos__on_time_b=0.01)
    for r, comes_late in ((late, True), (prompt, False)):
        busy = r.tables["ngos"].filter(r.tables["ngos"]["projects"] > 0)
        assert (busy["late"] > 0).all() == comes_late
        assert (r.rows(Kind.REPORT)["deed"] == comes_late).mean() > 0.99
    trust = [r.tables["ngos"].filter(r.tables["ngos"]["projects"] > 0)["trust"] for r in (late, prompt)]
    assert trust[0].max() < 0.5 < trust[1].min()
    assert late.metrics["gifts"] < 0.95 * prompt.metrics["gifts"]


def test_a_late_report_comes_twenty_days_after_its_date() -> None:
    """A missed date is made up for: the report is published, and until then its money is not viewable."""
    late = run("zhejiang_account", USERS, ngos__on_time_a=0.01, ngos__on_time_b=100.0)
    reports = late.rows(Kind.REPORT)
    assert len(reports) > 0
    assert reports["t"].min() >= 20 * DAY_US
    prompt = run("zhejiang_account", USERS, ngos__on_time_a=100.0, ngos__on_time_b=0.01)
    assert late.metrics["viewable_share"] < prompt.metrics["viewable_share"]


def test_a_scandal_is_felt_everywhere_and_slowly_forgotten() -> None:
    """The largest NGO loses most of its trust at once, giving falls, and trust creeps back."""
    calm = run("zhejiang_account", USERS, gifts__intercept=-1.5)
    broke = run("zhejiang_account", USERS, gifts__intercept=-1.5, ngos__scandal_at=SCANDAL)
    largest = int(np.argmax(calm.campaign.ngos.size * calm.campaign.ngos.busy))
    assert broke.tables["ngos"]["trust"][largest] < 0.6 * calm.tables["ngos"]["trust"][largest]
    after = slice(10, None)
    assert broke.tables["days"]["gifts"][after].sum() < calm.tables["days"]["gifts"][after].sum()
    assert broke.tables["days"]["gifts"][:9].sum() == calm.tables["days"]["gifts"][:9].sum()


def test_a_project_that_reached_its_goal_opens_again_with_the_next_report() -> None:
    """With its report an NGO publishes the next round, and the project can be given to again."""
    goals = run("zhejiang_account", USERS, projects__targets_total="50_000 yuan", ngos__report_every="5 days")
    published = goals.rows(Kind.PUBLISH)
    assert len(published) > 0
    assert goals.campaign.projects.rounds.sum() >= len(published)
    gifts = goals.rows(Kind.BEAN_GIFT)
    assert any((gifts["t"][gifts["project"] == row["project"]] > row["t"]).any() for row in published)
