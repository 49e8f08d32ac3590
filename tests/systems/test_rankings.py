"""S: the best share a prize; and together many reach a goal that brings each of them the same."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from sim.streams import Purpose, draws
from tests.systems.ruled import DAY_US, Played

# 1,000 real people stand behind one: 50,000 yuan a day are 50, of ten teams three share them.
TEAMS = {"what": "walk", "form": {"rank": {"of": "team", "places": 3, "money": "50_000 yuan"}}}
PERSONS = {
    "what": "quiz",
    "form": {"rank": {"of": "person", "places": 4_000, "money": "50_000 yuan"}, "per": "ever"},
}
TOGETHER = {"what": "walk", "form": {"share": {"of": "team", "deeds": 30, "beans": 50}}}
ALL = {"what": "quiz", "form": {"share": {"of": "platform", "deeds": 500_000, "beans": 20}, "per": "ever"}}
OPEN = {"gifts": {"intercept": -1.0}, "sharing": {"post": 0.0, "invite": 0.0}}


@pytest.fixture(scope="module")
def plain():
    return Played({}, **OPEN)


@pytest.fixture(scope="module")
def teams():
    return Played({"best": TEAMS}, **OPEN)


@pytest.fixture(scope="module")
def persons():
    return Played({"best": PERSONS}, **OPEN)


@pytest.fixture(scope="module")
def together():
    return Played({"goal": TOGETHER}, **OPEN)


@pytest.fixture(scope="module")
def everybody():
    return Played({"goal": ALL}, **OPEN)


def teams_of(users: np.ndarray, run: Played) -> np.ndarray:
    """The team each would join, by the keyed word of the place where they live."""
    words = (draws(1, 0, Purpose.CREW, users)[0] * 2**32).astype(np.int64)
    return words * len(run.campaign.teams) >> 32


def walks_by_team(run: Played) -> np.ndarray:
    """Walks of members by day and team, counted from the stream: of who was in the team as the visit opened."""
    counts = np.zeros((4, len(run.campaign.teams)), int)
    joined = {int(r["agent"]): int(r["t"]) for r in run.rows(Kind.TEAM_JOIN)}
    opened = run.rows(Kind.SESSION)
    for row in run.deeds("walk"):
        mine = opened[(opened["agent"] == row["agent"]) & (opened["t"] < row["t"])]["t"].max()
        if joined.get(int(row["agent"]), 2**62) < mine:
            counts[row["t"] // DAY_US, teams_of(np.array([row["agent"]]), run)[0]] += 1
    return counts


def test_the_best_teams_share_the_prize_every_day(teams):
    """The three with the most walks of a day, alike, for the project they play for; nothing else leaves the pool."""
    counts = walks_by_team(teams)
    paid = teams.rows(Kind.TEAM_UNLOCK, "best")
    for day in range(4):
        today = paid[paid["t"] // DAY_US == day]
        places = min(3, int((counts[day] > 0).sum()))
        assert len(today) == places
        assert set(today["fen"].tolist()) <= {5_000 // max(places, 1)}
        if places:
            worst = counts[day][today["team"]].min()
            assert (np.delete(counts[day], today["team"]) <= worst).all()
        assert (today["project"] == teams.campaign.teams.project[today["team"]]).all()
    back = teams.rows(Kind.POOL_WITHDRAW)["fen"].sum()
    assert teams.rows(Kind.POOL_DEPOSIT)["fen"].sum() == 20_000 == paid["fen"].sum() + back


def test_a_ranking_draws_members_to_what_it_is_about(plain, teams):
    """Members walk more; the books stay closed."""
    assert walks_by_team(teams).sum() > walks_by_team(plain).sum()


def test_the_best_persons_share_the_prize_at_the_end(persons):
    """Four of two thousand: those with the most quizzes of the run, alike, in money."""
    paid = persons.rows(Kind.PRIZE, "best")
    assert sorted(paid["fen"].tolist()) == [1_250] * 4
    assert (paid["t"] == 4 * DAY_US - 1).all()
    agents, times = np.unique(persons.deeds("quiz")["agent"], return_counts=True)
    won = times[np.isin(agents, paid["agent"])]
    assert won.min() >= np.sort(times)[-4]


def test_a_team_that_reaches_its_goal_gets_all_its_doers_paid(together):
    """At the barrier after it everybody of the team who walked that day gets the same, once a day; others nothing."""
    counts, paid = walks_by_team(together), together.rows(Kind.GRANT, "goal")
    assert set(paid["beans"].tolist()) == {50}
    reached = counts >= 30
    assert 0 < reached.sum() < reached.size
    walked = together.deeds("walk")
    for day in range(4):
        today = paid[paid["t"] // DAY_US == day]
        assert len(np.unique(today["agent"])) == len(today)
        assert reached[day][teams_of(today["agent"].astype(np.int64), together)].all()
        assert np.isin(today["agent"], walked["agent"][walked["t"] // DAY_US == day]).all()
    assert ((paid["t"] + 1) % (3 * 3_600_000_000) == 0).all()


def test_the_platforms_goal_is_scaled_and_pays_late_doers_too(everybody):
    """500,000 quizzes of two millions are 500 of two thousand people: who did one gets the beans, even late."""
    done, paid = everybody.deeds("quiz"), everybody.rows(Kind.GRANT, "goal")
    assert sorted(paid["agent"].tolist()) == np.unique(done["agent"]).tolist()
    first = np.sort(done["t"])[499]
    assert paid["t"].min() >= first - 3_600_000_000
    assert paid["t"].max() > 3 * DAY_US
    assert everybody.booked(3110, 1) == 20 * len(paid)


def test_a_shared_goal_draws_people_to_it(plain, together, everybody):
    """More walks of members, more quizzes of all."""
    assert walks_by_team(together).sum() > walks_by_team(plain).sum()
    assert len(everybody.deeds("quiz")) > len(plain.deeds("quiz"))


def test_a_budget_bounds_what_is_shared():
    """Claims are served in keyed order until the budget is spent, whole or not at all."""
    run = Played({"goal": {**ALL, "budget": "10_000 yuan"}}, **OPEN)
    assert run.rows(Kind.GRANT, "goal")["beans"].sum() == 1_000
    assert len(run.rows(Kind.GRANT, "goal", refused=True)) > 0


@pytest.mark.parametrize("rules", [{"a": TEAMS, "b": PERSONS, "c": TOGETHER, "d": ALL}])
def test_workers_blocks_and_snapshots_change_no_prize(tmp_path, rules):
    """All four at once: two threads, other blocks, and a stop in the middle of a day."""
    from sim.engine.campaign import Campaign

    whole = Played(rules, **OPEN)
    assert (
        Played(rules, how={"workers": 2, "block": 300}, **OPEN).campaign.digest() == whole.campaign.digest()
    )
    first = Campaign(whole.scenario, workers=1)
    first.run(until_s=42 * 3600)
    first.save(tmp_path / "half.npz")
    second = Campaign(whole.scenario, workers=1)
    second.load(tmp_path / "half.npz")
    second.run()
    assert second.digest() == whole.campaign.digest()
