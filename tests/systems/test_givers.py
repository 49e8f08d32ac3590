"""Givers look at what others see: goals near their end, the list of what is given to most, and thousands of NGOs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.agents.projects import popular_first
from sim.behaviour.parameters import load_parameters
from sim.bookkeeping import Kind
from sim.engine.actions import join
from sim.engine.campaign import Campaign
from sim.observation.shares import gini, top_share
from tests.systems.runs import DAY_US, Run, run, scenario

USERS = 20_000
SEEDS = range(1, 6)
MANY_GIFTS = {"gifts.intercept": 1.0}
GOALS = MANY_GIFTS | {"projects.targets_total": "60_000_000 yuan", "gifts.completion": 0.0}
ENDING = {"projects__targets_total": "60_000_000 yuan", "projects__lasts": "4 days"}


class Gifts(NamedTuple):
    """Gifts of money of a run: fen by day and project, and the projects funded."""

    fen: NDArray[np.int64]
    funded: int


def played(seed: int, changes: dict[str, Any], parameters: dict[str, float]) -> Gifts:
    """The week with changed settings and parameters."""
    parts: list[NDArray[np.void]] = []
    campaign = Campaign(
        scenario("week95_2022", USERS, seed, changes), parameters=load_parameters().vary(parameters),
        watch=lambda part: parts.append(part[part["kind"] == Kind.GIFT].copy()),
    )  # fmt: skip
    campaign.run()
    gifts = join(*parts)
    fen = np.zeros((10, len(campaign.projects)), np.int64)
    np.add.at(fen, (gifts["t"] // DAY_US, gifts["project"]), gifts["fen"])
    return Gifts(fen, int((campaign.projects.funded > 0).sum()))


def paired(after: list[float], before: list[float]) -> tuple[float, float]:
    """Mean difference over seeds, and its standard error."""
    difference = np.array(after) - np.array(before)
    return float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(len(difference)))


# --- the list ---------------------------------------------------------------------------------------------


def test_the_top_of_the_list_draws_less_by_place_and_ends() -> None:
    """The first place draws twice the second and thrice the third; nothing beyond the list's end."""
    share = popular_first(np.array([5.0, 0.0, 9.0, 7.0, 1.0]), 3)
    np.testing.assert_allclose(share, np.array([2.0, 0.0, 6.0, 3.0, 0.0]) / 11.0)


def test_what_nobody_gave_to_is_not_on_the_list() -> None:
    """Before the first gift there is no list, and everybody chooses by themselves."""
    assert not popular_first(np.zeros(4), 10).any()
    np.testing.assert_allclose(popular_first(np.array([0.0, 3.0]), 10), [0.0, 1.0])


def test_a_list_that_shows_the_popular_first_concentrates_gifts() -> None:
    """With the list a tenth of the projects gets more of the gifts, by some points and not by everything."""
    listed, alone = (
        [top_share(played(s, MANY_GIFTS, {"projects_list_share": share}).fen.sum(axis=0), 0.1) for s in SEEDS]
        for share in (0.2, 0.0)
    )
    gain, error = paired(listed, alone)
    print(f"top tenth of projects: {np.mean(alone):.3f} alone, {gain:+.3f} ± {error:.3f} with the list")
    assert gain > 3 * error
    assert 0.02 < gain < 0.25


def test_popularity_does_not_snowball() -> None:
    """Over the ten days the top tenth's share of a day's gifts stays where the list first brought it."""
    always_open = MANY_GIFTS | {"projects.limited_share": 0.0, "projects.targets_total": "0 yuan"}
    days = np.array([[top_share(day, 0.1) for day in played(seed, always_open, {}).fen] for seed in SEEDS])
    by_day = days.mean(axis=0)
    print("top tenth of projects by day:", by_day.round(3).tolist())
    assert by_day[-3:].mean() < 1.15 * by_day[2:5].mean()
    assert by_day.max() < 0.8


# --- goals ------------------------------------------------------------------------------------------------


def test_the_nearer_the_goal_the_more_givers() -> None:
    """Half way to its goal a project weighs exp(pull ÷ 2) times one that has nothing, at its goal exp(pull)."""
    campaign = Campaign(scenario("week95_2022", USERS, 1, GOALS))
    projects = campaign.projects
    limited = np.flatnonzero(projects.target_fen > 0)
    raised = np.zeros(len(projects), np.int64)
    p = load_parameters()
    before = weights(projects.gift_table(raised, np.zeros(len(projects)), p))
    raised[limited[0]] = projects.target_fen[limited[0]] // 2
    after = weights(projects.gift_table(raised, np.zeros(len(projects)), p))
    other = limited[1]
    gain = (after[limited[0]] / after[other]) / (before[limited[0]] / before[other])
    assert gain == pytest.approx(np.exp(p["projects_goal_pull"] / 2), rel=0.01)


def weights(table: NDArray[np.void]) -> NDArray[np.float64]:
    """The chance of every project."""
    return np.asarray(np.diff(table["upto"], prepend=0.0))


def test_near_goals_fund_more_projects_with_the_same_money() -> None:
    """Givers who lean to what is nearly done bring more projects to their goal."""
    pulled, plain = (
        [float(played(s, GOALS, {"projects_goal_pull": pull}).funded) for s in SEEDS] for pull in (1.5, 0.0)
    )
    gain, error = paired(pulled, plain)
    print(f"projects funded: {np.mean(plain):.1f} without the pull, {gain:+.1f} ± {error:.1f} with it")
    assert gain > 2 * error > 0


# --- NGOs -------------------------------------------------------------------------------------------------


def test_the_number_of_ngos_is_the_platforms_own() -> None:
    """More than 4,000 NGOs are active (F), however many users are simulated; a scenario may set fewer."""
    few, many = (Campaign(scenario("hello", users)) for users in (1_000, 50_000))
    assert len(few.ngos.size) == len(many.ngos.size) == 4_000
    assert len(few.projects) == len(many.projects)
    assert len(Campaign(scenario("hello", 1_000, 1, {"ngos.count": 7})).ngos.size) == 7


def test_the_largest_ngos_raise_what_the_largest_of_a_giving_day_do() -> None:
    """Fitted: 99 Giving Day's ten largest, about 3 % (335 in 2021), raised 43.8, 43 and 50.4 % (2018–2020)."""
    top, rest = [], []
    for seed in range(1, 9):
        campaign = Campaign(scenario("hello", 1_000, seed))
        money = np.bincount(campaign.projects.ngo, campaign.projects.appeal, len(campaign.ngos.size))
        top.append(top_share(money[money > 0], 0.03))
        rest.append(gini(money[money > 0]))
    assert 0.40 < np.mean(top) < 0.52
    assert 0.7 < np.mean(rest) < 0.85


def test_only_ngos_with_a_project_do_anything() -> None:
    """Nobody reports who has no project; everybody else does."""
    month = run("zhejiang_account", 5_000)
    reports = month.tables["ngos"]["reports"].to_numpy()
    projects = month.tables["ngos"]["projects"].to_numpy()
    assert not reports[projects == 0].any()
    assert reports[projects > 0].mean() > 0.9


# --- what ends --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ended() -> Run:
    """A week in which goals are far and time is short."""
    return run("week95_2022", USERS, gifts__intercept=1.0, **ENDING)


def test_what_an_ended_project_did_not_use_goes_to_one_of_its_cause(ended: Run) -> None:
    """Money that is left when the time is over moves to an open project of the same cause, once and in full."""
    moves, projects = ended.rows(Kind.MOVE), ended.campaign.projects
    assert len(moves) > 10
    assert (projects.cause[moves["project"]] == projects.cause[moves["party"]]).all()
    assert (projects.target_fen[moves["project"]] > 0).all()
    assert (moves["project"] != moves["party"]).all()
    assert moves["t"].min() == 4 * DAY_US
    late = ended.stream[ended.stream["t"] >= 9 * DAY_US]  # after the last sweep
    late = late[(late["outcome"] == 0) & (late["project"] >= 0)]
    came = np.bincount(late["project"], late["fen"] + late["match"], len(projects))
    held = ended.campaign.books.available(2400)  # what was asked for before the end is on its way out
    over = projects.ended & (projects.ends_at <= 9 * DAY_US)
    assert over.sum() > 10
    assert (held[over] <= came[over]).all()
    assert all(check["passed"] for check in ended.campaign.checks)


def test_moved_money_is_the_projects_that_got_it_and_raised_once(ended: Run) -> None:
    """What givers gave is counted where they gave it; the heir can spend it, and nothing is counted twice."""
    kept = run("week95_2022", USERS, gifts__intercept=1.0, projects__unfunded="kept", **ENDING)
    assert len(kept.rows(Kind.MOVE)) == 0
    given = [r.tables["projects"]["raised_fen"].sum() for r in (ended, kept)]
    assert abs(given[0] / given[1] - 1) < 0.05
    moves = ended.rows(Kind.MOVE)
    got = np.bincount(moves["party"], moves["fen"], len(ended.campaign.projects)).astype(np.int64)
    credited = ended.campaign.raised - got
    np.testing.assert_array_equal(
        credited - ended.campaign.went_back, ended.tables["projects"]["raised_fen"].to_numpy()
    )


def test_a_project_that_ended_can_be_given_to_no_more(ended: Run) -> None:
    """Its round is over: gifts of later days go to others, until its NGO opens the next with a report."""
    ends = {int(row["project"]): int(row["t"]) for row in ended.rows(Kind.MOVE)}
    again = {int(row["project"]) for row in ended.rows(Kind.PUBLISH)}
    gifts = ended.rows(Kind.GIFT)
    for project, at in ends.items():
        if project not in again:
            assert not (gifts["t"][gifts["project"] == project] > at).any()
