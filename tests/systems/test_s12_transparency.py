"""S12 project evaluation: late reports and corrections lower the public score, and people and merchants see it."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from sim.domain.transparency import project_score
from tests.systems.runs import Run, run

USERS = 10_000
# Reports every five days by a few NGOs that are either reliable or not at all, and many gifts to see where they go.
OPEN = {
    "ngos__count": 20, "ngos__size_sigma": 1.0, "projects__count": 100,
    "ngos__report_every": "5 days", "ngos__on_time_a": 0.2, "ngos__on_time_b": 0.2, "gifts__intercept": 0.0,
    "deeds__gift__ease": 1.0, "merchants__real": 20_000_000,
}  # fmt: skip


@pytest.fixture(scope="module")
def seen() -> Run:
    return run("zhejiang_account", USERS, **OPEN)


@pytest.fixture(scope="module")
def unseen() -> Run:
    return run("zhejiang_account", USERS, **OPEN, ngos__evaluation=False)


def rated(r: Run) -> tuple[np.ndarray, np.ndarray]:
    """Small NGOs' projects with a poor and with a good score: stars move gifts to small NGOs only (F)."""
    score = r.tables["projects"]["score"].to_numpy()
    small = r.campaign.ngos.small[r.campaign.projects.ngo]
    return small & (score < 0.7), small & (score >= 0.9)


def test_the_score_falls_with_delay_and_corrections(seen: Run) -> None:
    """Reliable NGOs' projects keep a score of 1, others fall with their mean delay and their corrections."""
    projects, score = seen.campaign.projects, seen.tables["projects"]["score"].to_numpy()
    wanted = [
        project_score(float(d), int(c))
        for d, c in zip(projects.delay_days, projects.corrections, strict=True)
    ]
    np.testing.assert_allclose(score, wanted)
    late = seen.campaign.ngos.late[projects.ngo] > 0
    assert score[~late & (projects.corrections == 0)].min() == 1.0
    assert score[late].max() < 1.0


def test_gifts_turn_away_from_poorly_rated_projects(seen: Run, unseen: Run) -> None:
    """Where the score is public, poorly rated projects get fewer of the later gifts for each to a well rated one."""
    poor, good = rated(seen)
    assert np.mean(np.array(rated(unseen)) == np.array(rated(seen))) > 0.99  # but for a correction or two
    odds = []
    for r in (seen, unseen):
        gifts = r.rows(Kind.GIFT)
        given = gifts["project"][r.day_of(gifts) >= 15]
        assert min(poor[given].sum(), good[given].sum()) > 30
        odds.append(poor[given].sum() / good[given].sum())
    assert odds[0] < 0.95 * odds[1]


def test_merchants_choose_better_rated_projects(seen: Run, unseen: Run) -> None:
    """Merchants choose from the same table: a new pledge is likelier to go to a well rated project than unseen."""
    poor, good = rated(seen)
    odds = []
    for r in (seen, unseen):
        places = r.campaign.market.places
        weight = np.bincount(places["project"], np.diff(places["upto"], prepend=0), len(poor))
        odds.append(weight[poor].sum() / weight[good].sum())
        assert set(r.rows(Kind.PLEDGE)["project"]) <= set(places["project"])
    assert odds[0] < 0.95 * odds[1]
    pledged = [r.rows(Kind.PLEDGE)["project"] for r in (seen, unseen)]
    assert len(pledged[0]) == len(pledged[1]) > 10
    assert (pledged[0] != pledged[1]).any()


def test_a_correction_takes_a_donation_back_once_or_is_refused() -> None:
    """A wrong donation goes back through the provider if its money is still there; spent money is not touched."""
    often = {"ngos__report_every": "5 days", "ngos__disburse_every": "1 day"}
    wrong = run("zhejiang_account", USERS, **often, ngos__correction=1.0)
    never = run("zhejiang_account", USERS, **often, ngos__correction=0.0)
    made, refused = wrong.rows(Kind.CORRECTION), wrong.rows(Kind.CORRECTION, refused=True)
    assert len(made) > 20
    assert len(refused) > 0
    assert len(never.rows(Kind.CORRECTION)) == 0
    donations = wrong.rows(Kind.GIFT, Kind.ORDER_CONFIRM)
    for row in [*made, *refused]:
        before = donations[(donations["project"] == row["project"]) & (donations["t"] <= row["t"])]
        assert row["fen"] in before["fen"]
    books = wrong.campaign.books
    assert books.counters()[2400].min() >= 0
    assert books.balances(2400).min() >= 0
    assert wrong.campaign.raised.sum() - books.balance(2400) == sum(
        wrong.rows(k)["fen"].sum() for k in (Kind.CORRECTION, Kind.DISBURSE_PAID, Kind.FEE)
    )
    assert wrong.metrics["project_score"] < never.metrics["project_score"]
