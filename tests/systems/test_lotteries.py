"""S: a prize by lot instead of a sure reward: at every deed, or drawn at midnight among all who took part."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from sim.streams import Purpose, draws
from tests.systems.ruled import DAY_US, Played

SURE = {"what": "quiz", "form": {"add": 10}}
CHANCE = {"what": "quiz", "form": {"lottery": {"chance": "1 %", "beans": 1000}}}
MONEY = {"what": "quiz", "form": {"lottery": {"chance": "2 %", "money": "20 yuan"}}, "budget": "100_000 yuan"}
DRAWN = {
    "what": "quiz",
    "form": {"lottery": {"winners": 5_000, "money": "1 yuan"}},
    "budget": "1_000_000 yuan",
}


@pytest.fixture(scope="module")
def plain():
    return Played({})


@pytest.fixture(scope="module")
def beans():
    return Played({"luck": CHANCE})


@pytest.fixture(scope="module")
def money():
    return Played({"luck": MONEY})


@pytest.fixture(scope="module")
def drawn():
    return Played({"luck": DRAWN})


def test_a_lottery_is_won_as_often_as_its_chance_says(beans):
    """One quiz in a hundred, within four standard deviations; every prize is whole and booked to the rule."""
    won, done = beans.rows(Kind.GRANT, "luck"), len(beans.deeds("quiz"))
    assert set(won["beans"].tolist()) == {1000}
    assert abs(len(won) - 0.01 * done) < 4 * (0.01 * done) ** 0.5
    assert beans.booked(3110, 1) == won["beans"].sum()


def test_a_chance_draws_less_than_the_same_beans_for_sure(plain, beans):
    """People do more quizzes for a hope of ten beans than for none, and fewer than for ten sure ones."""
    sure = Played({"sure": SURE})
    nothing, hope, certainty = (len(run.deeds("quiz")) for run in (plain, beans, sure))
    assert nothing < hope < certainty


def test_prizes_in_money_come_from_a_pool_of_the_rules_own(money):
    """Deposited when the rule begins, paid whole, and the rest goes back at the end: to the fen."""
    pool = money.rows(Kind.POOL_DEPOSIT)["pool"].tolist()
    assert pool == [1]
    assert money.campaign.sponsors.names == ("rule:luck",)
    won = money.rows(Kind.PRIZE, "luck")
    assert set(won["fen"].tolist()) == {2000}
    back = money.rows(Kind.POOL_WITHDRAW)["fen"].sum()
    assert money.rows(Kind.POOL_DEPOSIT)["fen"].sum() == 10_000 == won["fen"].sum() + back
    assert money.booked(2600, 1) == 0


def test_a_pot_is_never_overspent(money):
    """Five prizes are in the pot: who wins after that gets nothing, and soon nobody plays for it."""
    assert len(money.rows(Kind.PRIZE, "luck")) == 5
    asked = money.stream[money.stream["kind"] == Kind.PRIZE]
    assert asked["t"].max() < 2 * DAY_US
    assert money.campaign.budgets.ended.tolist() == [True]


def test_winners_are_drawn_among_who_took_part_that_day(drawn):
    """Five of two thousand stand for 5,000 of two millions; each did a quiz that day, and nobody wins twice in one."""
    won, done = drawn.rows(Kind.PRIZE, "luck"), drawn.deeds("quiz")
    for day in range(4):
        today = won[won["t"] // DAY_US == day]
        took_part = np.unique(done["agent"][done["t"] // DAY_US == day])
        assert len(today) == 5 == len(np.unique(today["agent"]))
        assert np.isin(today["agent"], took_part).all()
        assert (today["t"] == (day + 1) * DAY_US - 1).all()


def test_a_drawing_tempts_to_the_first_quiz_of_a_day_only(plain, drawn):
    """More people do one; who takes part already does no more than before."""

    def heads(run):
        rows = run.deeds("quiz")
        return len(np.unique(rows["agent"].astype(np.int64) * 10 + rows["t"] // DAY_US))

    assert heads(drawn) > heads(plain)


def test_luck_is_the_users_own(beans):
    """Another rule before it in the file moves nobody's lots: who won still wins, as far as they do the same."""
    other = Played({"never": {"what": "walk", "form": {"add": 0}}, "luck": CHANCE})
    one, two = (
        {(int(r["agent"]), int(r["t"])) for r in run.rows(Kind.GRANT, "luck")} for run in (beans, other)
    )
    assert one == two


def test_who_is_not_meant_draws_as_before(plain):
    """Half the users may win; the others do to the last deed what they do without a lottery."""
    half = Played(
        {"luck": {**CHANCE, "who": {"cohort": "0-50 %"}}}, play={"players_at_start": 1.0}, sharing=ALONE
    )
    none = Played({}, play={"players_at_start": 1.0}, sharing=ALONE)
    percentile = (draws(1, 0, Purpose.CITY, np.arange(2_000))[0] * 100).astype(int)
    winners = np.unique(half.rows(Kind.GRANT, "luck")["agent"])
    assert len(winners) > 0
    assert percentile[winners].max() < 50
    same = others_alike(half, none)
    assert np.isin(np.flatnonzero(percentile >= 50), same).all()
    assert len(same) < 2_000


ALONE = {"post": 0.0, "invite": 0.0}


def others_alike(one: Played, two: Played) -> np.ndarray:
    """Users who did the same in both runs, to the microsecond."""

    def of(run):
        rows = run.stream[np.isin(run.stream["kind"], (Kind.DEED, Kind.SESSION, Kind.GIFT))]
        told: dict[int, list] = {}
        for row in rows[["agent", "t", "kind", "deed", "beans"]].tolist():
            told.setdefault(row[0], []).append(row)
        return told

    first, second = of(one), of(two)
    return np.array([user for user in range(2_000) if first.get(user) == second.get(user)])


def test_workers_blocks_and_snapshots_change_no_drawing(tmp_path, drawn):
    """The same winners on two threads, in other blocks, and after a stop at any barrier."""
    from sim.engine.campaign import Campaign

    assert (
        Played({"luck": DRAWN}, how={"workers": 2, "block": 700}).campaign.digest() == drawn.campaign.digest()
    )
    first = Campaign(drawn.scenario, workers=1)
    first.run(until_s=30 * 3600)
    first.save(tmp_path / "half.npz")
    second = Campaign(drawn.scenario, workers=1)
    second.load(tmp_path / "half.npz")
    second.run()
    assert second.digest() == drawn.campaign.digest()
