"""S12 project evaluation: late reports and corrections lower the public score, and people and merchants see it."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from sim.domain.transparency import project_score
from tests.systems.runs import Run, run

USERS = 10_000
# Reports every five days by NGOs that are either reliable or not at all, and many gifts to see where they go.
OPEN = {
    "ngos__report_every": "5 days", "ngos__on_time_a": 0.2, "ngos__on_time_b": 0.2, "gifts__intercept": 0.0,
    "deeds__gift__ease": 1.0, "merchants__charity_share": 0.02,
}  # fmt: skip


@pytest.fixture(scope="module")
def seen() -> Run:
    return run("zhejiang_account", USERS, **OPEN)


@pytest.fixture(scope="module")
def unseen() -> Run:
    return run("zhejiang_account", USERS, **OPEN, ngos__evaluation=False)


def poorly_rated(r: Run) -> np.ndarray:
    """Projects of small NGOs with a score in the lower part of the scale."""
    projects = r.campaign.projects
    return (r.tables["projects"]["score"].to_numpy() < 0.7) & r.campaign.ngos.small[projects.ngo]


def test_the_score_falls_with_delay_and_corrections(seen: Run) -> None:
    """Reliable NGOs' projects keep a score of 1, others fall with their mean delay and their corrections."""
    projects, score = seen.campaign.projects, seen.tables["projects"]["score"].to_numpy()
    wanted = [project_score(float(d), int(c)) for d, c in zip(projects.delay_days, projects.corrections, strict=True)]
    np.testing.assert_allclose(score, wanted)
    late = seen.campaign.ngos.late[projects.ngo] > 0
    assert score[~late & (projects.corrections == 0)].min() == 1.0
    assert score[late].max() < 1.0


def test_gifts_turn_away_from_poorly_rated_projects(seen: Run, unseen: Run) -> None:
    """Where the score is public, small NGOs that report late get a smaller share of the later gifts."""
    bad = poorly_rated(seen)
    np.testing.assert_array_equal(bad, poorly_rated(unseen))
    shares = []
    for r in (seen, unseen):
        gifts = r.rows(Kind.GIFT)
        gifts = gifts[r.day_of(gifts) >= 15]
        assert len(gifts) > 1_000
        shares.append(bad[gifts["project"]].mean())
    assert shares[0] < 0.9 * shares[1]


def test_merchants_choose_better_rated_projects(seen: Run, unseen: Run) -> None:
    """New pledges follow the same weights as gifts: fewer go to poorly rated projects."""
    bad = poorly_rated(seen)
    places = [dict(zip(r.campaign.market.places["project"], np.diff(r.campaign.market.places["upto"], prepend=0))) for r in (seen, unseen)]
    weights = [sum(w for project, w in table.items() if bad[project]) for table in places]
    assert weights[0] < 0.9 * weights[1]
    pledged = [r.rows(Kind.PLEDGE)["project"] for r in (seen, unseen)]
    assert min(len(p) for p in pledged) > 50
    assert bad[pledged[0]].mean() <= bad[pledged[1]].mean()


def test_a_correction_takes_a_donation_back_once_or_is_refused() -> None:
    """A wrong donation goes back through the provider if its money is still there; spent money is not touched."""
    wrong = run("zhejiang_account", USERS, **OPEN, ngos__correction=1.0)
    never = run("zhejiang_account", USERS, **OPEN, ngos__correction=0.0)
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
