"""`projects.unfunded = "returned"`: what people gave to a project that ends unfunded goes back to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.agents.returnable import GIVEN, Returnable
from sim.bookkeeping import Kind
from sim.engine.campaign import Campaign
from sim.kernel.rows import NO_DEED
from sim.spans import HOUR_S
from sim.tracing.generate import trace_slice
from tests.systems.runs import DAY_US, Run, run, scenario
from tests.trace.test_books import differences, replay

USERS = 6_000
# Goals far away, little time, hurried reports: rounds end, some of their money is spent, and others begin.
ENDING = {
    "gifts__intercept": 1.0, "projects__targets_total": "60_000_000 yuan", "projects__lasts": "4 days",
    "projects__count": 200, "ngos__count": 60, "ngos__disburse_every": "1 day", "ngos__correction": 0.3,
    "ngos__report_every": "3 days",
}  # fmt: skip


def with_rule(unfunded: str) -> Run:
    return run("week95_2022", USERS, projects__unfunded=unfunded, **ENDING)


@pytest.fixture(scope="module")
def returned() -> Run:
    return with_rule("returned")


@pytest.fixture(scope="module")
def moved() -> Run:
    return with_rule("moved")


def names(rows: NDArray[np.void], giver: str, number: str) -> list[tuple[int, int, int]]:
    """Gifts as (project, giver, the giver's own number)."""
    return list(zip(*(rows[name].tolist() for name in ("project", giver, number)), strict=True))


def left_over(r: Run) -> NDArray[np.int64]:
    """Fen free at the end in projects that ended before the last midnight, less what came after it."""
    projects = r.campaign.projects
    late = r.stream[(r.stream["t"] >= 9 * DAY_US) & (r.stream["outcome"] == 0) & (r.stream["project"] >= 0)]
    came = np.bincount(late["project"], late["fen"] + late["match"], len(projects))
    over = projects.ended & (projects.ends_at <= 9 * DAY_US)
    assert over.sum() > 5
    return (r.campaign.books.available(2400) - came)[over]


def test_ended_projects_hold_no_money_and_givers_got_it_back(returned: Run) -> None:
    """Each gift goes back once, to whom it is from, at most as much as it was, at a midnight from the end on."""
    back, gifts = returned.rows(Kind.RETURN), returned.rows(Kind.GIFT)
    assert len(back) > 100
    fen = dict(zip(names(gifts, "agent", "number"), gifts["fen"].tolist(), strict=True))
    given_at = dict(zip(names(gifts, "agent", "number"), gifts["t"].tolist(), strict=True))
    named = names(back, "party", "ref")
    assert len(set(named)) == len(named)
    for name, amount, at in zip(named, back["fen"].tolist(), back["t"].tolist(), strict=True):
        assert 0 < amount <= fen[name]
        assert given_at[name] <= at
    assert (back["t"] % DAY_US == 0).all()
    assert back["t"].min() == 4 * DAY_US
    assert (returned.campaign.projects.target_fen[back["project"]] > 0).all()
    assert (left_over(returned) <= 0).all()


def test_with_moved_the_same_money_is_in_other_projects(returned: Run, moved: Run) -> None:
    """Up to the first end both play alike; what then goes back or moves on is one sum, project by project."""

    def first(r: Run) -> NDArray[np.float64]:
        rows = r.rows(Kind.RETURN, Kind.MOVE)
        rows = rows[rows["t"] == 4 * DAY_US]
        return np.bincount(rows["project"], rows["fen"], len(r.campaign.projects))

    at = [r.stream[r.stream["t"] < 4 * DAY_US] for r in (returned, moved)]
    assert np.array_equal(at[0], at[1])
    assert len(moved.rows(Kind.RETURN)) == 0
    assert first(returned).sum() > 0
    np.testing.assert_array_equal(first(returned), first(moved))


def test_the_latest_gifts_go_back_first_and_the_rest_moves_on(returned: Run) -> None:
    """A round that has spent money hands back its latest gifts; match, orders and beans go to its cause."""
    gifts, back, moves = (returned.rows(k) for k in (Kind.GIFT, Kind.RETURN, Kind.MOVE))
    back = back[back["t"] == 4 * DAY_US]
    went = set(names(back, "party", "ref"))
    corrected = set(returned.rows(Kind.CORRECTION)["project"].tolist())
    corrected |= set(returned.rows(Kind.CORRECTION, refused=True)["project"].tolist())
    spent_from = 0
    for project in set(back["project"].tolist()) - corrected:
        mine = gifts[(gifts["project"] == project) & (gifts["t"] < 4 * DAY_US) & (gifts["deed"] != NO_DEED)]
        stayed = [name not in went for name in names(mine, "agent", "number")]
        assert stayed == sorted(stayed, reverse=True)
        spent_from += stayed[0] and not stayed[-1]
        if stayed[0]:  # the gifts took all there was
            assert not np.isin(project, moves["project"][moves["t"] == 4 * DAY_US])
    assert spent_from > 0
    projects = returned.campaign.projects
    assert len(moves)
    assert (projects.cause[moves["project"]] == projects.cause[moves["party"]]).all()


def test_what_went_back_was_not_raised(returned: Run) -> None:
    """Gifts are told as made; money raised is without what went back, by project and in all."""
    back, projects = returned.rows(Kind.RETURN), returned.tables["projects"]
    gone = np.bincount(back["project"], back["fen"], len(projects)).astype(np.int64)
    got = np.zeros(len(projects), np.int64)
    np.add.at(got, returned.rows(Kind.MOVE)["party"], returned.rows(Kind.MOVE)["fen"])
    assert projects["returned_fen"].to_list() == gone.tolist()
    credited = returned.campaign.raised - got
    assert (
        projects["raised_fen"] + projects["returned_fen"] + projects["recycled_fen"]
    ).to_list() == credited.tolist()
    assert (
        returned.metrics["returned_fen"] == returned.tables["days"]["returned_fen"].sum() == back["fen"].sum()
    )
    gifts = returned.rows(Kind.GIFT)
    assert returned.metrics["gift_fen"] == gifts["fen"][gifts["deed"] != NO_DEED].sum()
    assert returned.tables["sources"]["fen"].sum() == projects["raised_fen"].sum()


def test_nothing_is_remembered_under_another_rule(returned: Run, moved: Run) -> None:
    """Gifts of running rounds take memory only where they may go back."""
    assert len(moved.campaign.projects.returnable.all()) == 0
    kept = returned.campaign.projects.returnable.all()
    assert len(kept) > 0
    running = returned.campaign.projects.open | returned.campaign.projects.ended
    assert running[kept["project"]].all()


def test_a_resume_in_the_middle_ends_the_same(returned: Run, tmp_path: Path) -> None:
    """Also with gifts remembered, and others gone back already."""
    changes = {path.replace("__", "."): value for path, value in ENDING.items()}
    made = scenario("week95_2022", USERS, 1, changes | {"projects.unfunded": "returned"})
    for hour in (3 * 24 + 6, 4 * 24, 5 * 24 + 3):
        half = Campaign(made, workers=1)
        half.run(until_s=hour * HOUR_S)
        half.save(tmp_path / "half.npz")
        half.population.close()
        rest = Campaign(made, workers=1)
        rest.load(tmp_path / "half.npz")
        rest.run()
        rest.population.close()
        assert rest.digest() == returned.campaign.digest()


@pytest.mark.parametrize("hours", [0, 95, 97, 130])
def test_the_ledger_books_the_same(hours: int) -> None:
    """Sent as requests, also from the middle on with gifts that were made before, everything balances alike."""
    changes = {path.replace("__", "."): value for path, value in ENDING.items()}
    made = scenario("week95_2022", 1_500, 1, changes | {"projects.unfunded": "returned"})
    trace = trace_slice(made, "returned", (hours * HOUR_S, 9 * 24 * HOUR_S), workers=1)
    ledger, outcomes = replay(trace)
    assert differences(ledger, trace) == {}
    mine = trace.columns["kind"] == Kind.CORRECTION
    assert mine.sum() > 5
    ended = [outcome for outcome, one in zip(outcomes, mine, strict=True) if one]
    assert set(ended) <= {"accepted", "insufficient_funds"}
    assert ended.count("accepted") > 5


def test_gifts_go_back_the_latest_first_as_far_as_the_money_goes() -> None:
    """250 free of 100, 200, 100 given in this order: the last two go back, the last of these in part."""
    given = np.array([(0, 1, 7, 100), (1, 2, 3, 50), (0, 3, 8, 200), (0, 1, 9, 100)], GIVEN)
    kept = Returnable(True)
    kept.note(given, np.ones(2, bool))
    assert kept.take(np.array([250, 0])).tolist() == [(0, 1, 9, 100), (0, 3, 8, 150)]
    assert kept.all().tolist() == [(0, 1, 7, 100), (1, 2, 3, 50)]
    assert kept.take(np.array([1_000, 60])).tolist() == [(0, 1, 7, 100), (1, 2, 3, 50)]


def test_gifts_of_a_round_that_is_over_are_forgotten() -> None:
    """A round that is funded, or begins anew, has nothing to hand back; nor is a corrected gift handed back."""
    given = np.array([(0, 1, 7, 100), (1, 2, 3, 50), (1, 3, 8, 200)], GIVEN)
    kept = Returnable(True)
    kept.note(given, np.ones(2, bool))
    kept.forget_latest(1)
    kept.forget(np.array([True, False]))
    assert kept.all().tolist() == [(1, 2, 3, 50)]
    kept.note(given, np.array([False, True]))
    assert kept.all()["project"].tolist() == [1, 1, 1]
