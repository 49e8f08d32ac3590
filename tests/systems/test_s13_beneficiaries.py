"""S13: money paid out turns into people helped, by what a person costs in that cause and project."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from tests.systems.runs import Run, run, with_parameters

USERS = 10_000
CAUSES = ("education", "illness", "poverty", "environment")


@pytest.fixture(scope="module")
def month() -> Run:
    return run("zhejiang_account", USERS)


def test_helped_follows_what_was_paid_out(month: Run) -> None:
    """Each project has helped as many people as its payments cover at its own price, parts of people included."""
    paid = month.rows(Kind.DISBURSE_PAID)
    per_project = np.bincount(paid["project"], paid["fen"], len(month.campaign.projects)).astype(int)
    projects = month.tables["projects"]
    np.testing.assert_allclose(projects["helped"], per_project / month.campaign.projects.person_fen)
    assert month.metrics["helped"] == pytest.approx(projects["helped"].sum())
    assert projects["helped"].sum() > 0
    assert projects["disbursed_fen"].to_list() == per_project.tolist()


def test_no_part_of_a_person_is_lost_between_projects() -> None:
    """What many small projects pay is divided once: halves of people in two projects are one person."""
    dear = run("zhejiang_account", USERS, **{f"projects__fen_per_person__{c}": 1_000_000_000 for c in CAUSES})
    projects = dear.tables["projects"]
    assert projects["helped"].max() < 1.0
    assert dear.metrics["helped"] == pytest.approx(projects["helped"].sum())
    paid = int(projects["disbursed_fen"].sum())
    share = {f"projects__fen_per_person__{c}": paid // 20 for c in CAUSES}
    whole = with_parameters("zhejiang_account", USERS, {"projects_cost_sigma": 0.0}, **share)
    assert whole.metrics["helped"] == pytest.approx(paid / (paid // 20))
    assert whole.tables["projects"]["helped"].cast(int).sum() < whole.metrics["helped"]


def test_the_price_of_help_differs_by_project_around_its_causes(month: Run) -> None:
    """Half the projects are dearer than their cause's price; without the spread all of a cause cost the same."""
    costs = month.campaign.scenario.projects.fen_per_person
    usual = np.array([costs[cause] for cause in month.tables["projects"]["cause"]])
    even = with_parameters("zhejiang_account", USERS, {"projects_cost_sigma": 0.0})
    ratio = month.campaign.projects.person_fen / usual
    assert 0.25 < (ratio > 1.0).mean() < 0.75
    assert 0.3 < np.log(ratio).std() < 0.7
    np.testing.assert_array_equal(even.campaign.projects.person_fen, usual)
    assert even.metrics["helped"] != month.metrics["helped"]
    assert even.metrics["actions"] == month.metrics["actions"]


def test_people_are_helped_on_the_day_the_money_arrives(month: Run) -> None:
    """The days' counts add up to the projects', and nobody is helped before the first payment."""
    days = month.tables["days"]
    assert days["helped"].sum() == pytest.approx(month.metrics["helped"])
    assert days["helped"].sum() == pytest.approx(month.tables["projects"]["helped"].sum())
    first = month.day_of(month.rows(Kind.DISBURSE_PAID)).min()
    assert days["helped"][: int(first)].sum() == 0


def test_a_cheaper_cause_helps_more_people(month: Run) -> None:
    """Where a person costs a tenth, ten times as many are helped with the same money."""
    costs = month.campaign.scenario.projects.fen_per_person
    tenth = {f"projects__fen_per_person__{cause}": fen // 10 for cause, fen in costs.items()}
    cheap = run("zhejiang_account", USERS, **tenth)
    assert cheap.metrics["helped"] == pytest.approx(10 * month.metrics["helped"], rel=1e-3)
    assert (
        cheap.tables["projects"]["disbursed_fen"].to_list()
        == month.tables["projects"]["disbursed_fen"].to_list()
    )
