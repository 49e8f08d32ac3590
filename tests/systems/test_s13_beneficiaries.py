"""S13: money paid out turns into people helped, by what a person costs in that cause."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from tests.systems.runs import Run, run

USERS = 10_000


@pytest.fixture(scope="module")
def month() -> Run:
    return run("zhejiang_account", USERS)


def test_helped_follows_what_was_paid_out(month: Run) -> None:
    """Each project has helped as many people as its payments cover; nothing is lost to rounding between projects."""
    paid = month.rows(Kind.DISBURSE_PAID)
    per_project = np.bincount(paid["project"], paid["fen"], len(month.campaign.projects)).astype(int)
    cost = month.campaign.scenario.projects.fen_per_person
    projects = month.tables["projects"]
    wanted = [fen / cost[cause] for fen, cause in zip(per_project, projects["cause"], strict=True)]
    assert projects["helped"].to_list() == pytest.approx(wanted)
    assert month.metrics["helped"] == pytest.approx(sum(wanted))
    assert sum(wanted) > 0
    assert projects["disbursed_fen"].to_list() == per_project.tolist()


def test_people_are_helped_on_the_day_the_money_arrives(month: Run) -> None:
    """The days' counts add up to the projects', and nobody is helped before the first payment."""
    days = month.tables["days"]
    assert days["helped"].sum() == month.metrics["helped"]
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
