"""The shipped ideas for incentive rules: each gives what it says, to whom it says, at the cost it says, and moves what
it should; whoever is not meant lives on as before.

All are played once beside the same scenario without them, with the same luck.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.bookkeeping import Kind, Role
from sim.engine.actions import join, roles
from sim.engine.campaign import Campaign
from sim.experiments.cookbook import SCENARIO, Idea, ideas
from sim.loading import apply_design, scenario_text
from sim.scenario import Scenario
from sim.streams import Purpose, draws
from tests.engine.worlds import made, merged
from tests.systems.runs import DAY_US, Run

USERS, FEWER = 4_000, 1_500
HOUR_US = DAY_US // 24
NAMES = [idea.name for idea in ideas()]
GIVEN = (
    Kind.GRANT,
    Kind.PRIZE,
    Kind.GIFT,
    Kind.ORDER_CONFIRM,
    Kind.TEAM_UNLOCK,
)  # what a rule can be named in
# What nobody shares with others: of a gift the project, its money and its match hang on what all have given before.
OWN = ["t", "kind", "deed", "channel", "number", "beans", "minutes", "klass", "team", "party", "price"]
DONE = (Kind.DEED, Kind.GENERAL)


def scenario_of(design: str, users: int = USERS, **changes: Any) -> Scenario:
    """The scenario of ideas under a design, with some settings changed besides."""
    document = apply_design(tomllib.loads(scenario_text(SCENARIO)), design)
    return made(merged(document | {"designs": {}}, changes), users, 1, "base")


def play(scenario: Scenario) -> Run:
    """What a run left behind, every row of every user."""
    told: list[NDArray[np.void]] = []
    campaign = Campaign(scenario, workers=1, record_all=True, watch=lambda part: told.append(part.copy()))
    campaign.run()
    campaign.population.close()
    assert all(check["passed"] for check in campaign.checks)
    return Run(campaign, join(*told), campaign.recorder.tables(), campaign.recorder.totals())


@cache
def played(design: str) -> Run:
    """A design played once."""
    return play(scenario_of(design))


def base() -> Run:
    return played("base")


def rule_of(design: str) -> str:
    """The rule that a design adds."""
    (name,) = set(played(design).campaign.scenario.rules) - set(base().campaign.scenario.rules)
    return name


def given(run: Run, rule: str) -> NDArray[np.void]:
    """The accepted rows that name a rule."""
    rows = run.rows(*GIVEN)
    return np.asarray(rows[rows["rule"] == run.rule(rule)])


def row_of(run: Run, rule: str) -> dict[str, Any]:
    """A rule's row in the table."""
    return next(row for row in run.tables["rules"].iter_rows(named=True) if row["rule"] == rule)


def times(run: Run, deed: str, some: NDArray[np.bool_] | None = None) -> int:
    """How often a deed was done, by these users."""
    done = run.rows(*DONE)
    done = done[(done["deed"] == run.deed(deed)) & (done["agent"] < USERS)]
    return len(done if some is None else done[some[done["agent"]]])


# --- what a rule gave stands alike wherever it is told -------------------------------------------------------------


@pytest.mark.parametrize("idea", ideas(), ids=lambda idea: idea.name)
def test_an_idea_gave_something(idea: Idea) -> None:
    """The rule that should pay has paid; one that only tells, honours or takes away has done so."""
    row = row_of(played(idea.name), rule_of(idea.name))
    assert idea.pays in ("", row["rule"])
    if idea.pays:
        assert row["grants"] > 0
        assert row["cost_fen"] > 0
    else:
        assert row["cost_fen"] == 0
        assert row["messages"] + row["badges"] + row["beans_gone"] > 0


@pytest.mark.parametrize("design", ["base", *NAMES])
def test_what_rules_gave_is_the_same_in_the_stream_in_the_books_and_in_the_table(design: str) -> None:
    """Rule by rule: beans, minutes and money, recounted from the rows; and the pools hold what is left of theirs."""
    run = played(design)
    books = run.campaign.books
    table = run.tables["rules"].rows(named=True)
    assert [row["rule"] for row in table] == ["", *run.campaign.scenario.rules]
    for number, row in enumerate(table[1:], 1):
        name = row["rule"]
        rows = given(run, name)
        granted = rows[rows["kind"] == Kind.GRANT]
        money = rows[rows["kind"] != Kind.GRANT]
        paid_out = np.isin(money["kind"], (Kind.PRIZE, Kind.TEAM_UNLOCK))
        fen = int(money["fen"][paid_out].sum() + money["match"][~paid_out].sum())
        assert int(granted["beans"].sum()) == books.balance(3110, number) == row["beans"], name
        assert int(granted["minutes"].sum()) == books.balance(3310, number) == row["minutes"], name
        assert fen == row["money_fen"], name
        assert row["cost_fen"] == row["price_fen"] + row["money_fen"], name


def test_every_bean_and_every_fen_that_was_given_is_some_rules_or_the_deeds_own() -> None:
    """The table adds up to all beans that were issued, and to all money that left the pools."""
    for design in NAMES:
        run = played(design)
        table, books = run.tables["rules"], run.campaign.books
        assert table["beans"].sum() == books.balance(3100) + books.balance(3110), design
        deposited, back, beans = (
            int(run.rows(kind)["fen"].sum())
            for kind in (Kind.POOL_DEPOSIT, Kind.POOL_WITHDRAW, Kind.BEAN_GIFT)
        )
        assert deposited - back - books.balance(2600) == table["money_fen"].sum() + beans, design


# --- budgets and lots -------------------------------------------------------------------------------------------


PAYING = [idea for idea in ideas() if idea.pays]


@pytest.mark.parametrize("idea", PAYING, ids=lambda idea: idea.name)
def test_a_budget_is_never_overspent(idea: Idea) -> None:
    """Whatever the form: with a budget of half of what it gave, a rule gives that or less, and something."""
    scenario = scenario_of(idea.name, FEWER, sharing={"invite": 0.5, "invite_recruits": 0.5})
    gave = row_of(play(scenario), idea.pays)["cost_fen"]
    world = scenario.scenario
    half = -(-gave // 2 * world.real_users // world.users)
    rule = scenario.rules[idea.pays].model_copy(update={"budget": half})
    run = play(scenario.model_copy(update={"rules": scenario.rules | {idea.pays: rule}}))
    row = row_of(run, idea.pays)
    print(f"{idea.name}: gave {gave}, with a budget of {row['budget_fen']} {row['cost_fen']}")
    assert 0 <= row["left_fen"] == row["budget_fen"] - row["cost_fen"]
    assert row["cost_fen"] > 0
    assert row["cost_fen"] < gave


def test_the_lottery_is_won_as_often_as_its_chance_says() -> None:
    """Twenty yuan each, one quiz in a hundred: within four standard deviations; the budget is not passed."""
    run = played("lottery")
    won, quizzes = run.rows(Kind.PRIZE), times(run, "quiz")
    assert set(won["fen"].tolist()) == {2_000}
    assert abs(len(won) - 0.01 * quizzes) < 4 * (0.01 * 0.99 * quizzes) ** 0.5
    done = quizzes_of(run)
    assert set(won["agent"].tolist()) <= set(done["agent"].tolist())
    assert row_of(run, "lottery")["left_fen"] >= 0


def test_a_sure_reward_moves_the_quiz_at_least_as_much_as_the_lottery() -> None:
    """Both more than none; the same money for sure not less than by lot."""
    assert times(base(), "quiz") < times(played("lottery"), "quiz") <= times(played("sure_reward"), "quiz")


# --- to whom, when, and how much --------------------------------------------------------------------------------


def percentile() -> NDArray[np.int64]:
    """By user the keyed percentile that cohorts are cut from."""
    return np.asarray(draws(1, 0, Purpose.CITY, np.arange(USERS))[0] * 100, np.int64)


def first_half() -> NDArray[np.bool_]:
    return percentile() < 50


def in_hangzhou() -> NDArray[np.bool_]:
    """The tenth of all users that live there."""
    return np.asarray(draws(1, 0, Purpose.CITY, np.arange(USERS))[1] < 0.1)


def quizzes_of(run: Run) -> NDArray[np.void]:
    """Every quiz that was done, by user and in order."""
    rows = run.rows(Kind.DEED)
    rows = rows[rows["deed"] == run.deed("quiz")]
    return np.asarray(rows[np.lexsort((rows["t"], rows["agent"]))])


def latest(run: Run, kind: Kind, rows: NDArray[np.void]) -> NDArray[np.void]:
    """By row its user's latest action of a kind, at that instant or before."""
    told = run.rows(kind)
    told = told[np.lexsort((told["t"], told["agent"]))]
    asked, there = (one["agent"].astype(np.int64) * (1 << 42) + one["t"] for one in (rows, told))
    found = told[np.searchsorted(there, asked, side="right") - 1]
    assert (found["agent"] == rows["agent"]).all()
    return found


def hour(rows: NDArray[np.void]) -> NDArray[np.float64]:
    return np.asarray(rows["t"] % DAY_US / HOUR_US)


def entered(run: Run) -> dict[int, int]:
    """By user who began to play in the run, when."""
    rows = run.rows(Kind.ENTER)
    return dict(zip(rows["agent"].tolist(), rows["t"].tolist(), strict=True))


def happy_hours(run: Run, rows: NDArray[np.void]) -> NDArray[np.bool_]:
    """18 to 22 o'clock from Monday to Friday; the run begins on a Monday."""
    return (hour(rows) >= 18) & (hour(rows) < 22) & (run.day_of(rows) % 7 < 5)


def test_evening_quiz_pays_in_its_hours_and_draws_quizzes_there() -> None:
    """Nothing is given in a visit that opened at another time; quizzes rise in those hours, and fall besides."""
    run = played("evening_quiz")
    assert happy_hours(run, latest(run, Kind.SESSION, given(run, "evening_quiz"))).all()
    inside, outside = [], []
    for one in (base(), run):
        now = happy_hours(one, quizzes_of(one))
        inside.append(int(now.sum()))
        outside.append(int((~now).sum()))
    assert inside[1] > 1.15 * inside[0]
    assert outside[1] < outside[0]  # some only wait for six o'clock


def test_newcomers_are_paid_for_seven_days_and_more_people_begin() -> None:
    """Only who began to play in the run, up to the seventh day; what is promised draws some in."""
    run = played("newcomers")
    rows, since = given(run, "newcomers"), entered(run)
    assert set(rows["agent"].tolist()) <= since.keys()
    days = [(t // DAY_US) - since[who] // DAY_US for who, t in zip(rows["agent"], rows["t"], strict=True)]
    assert max(days) <= 7
    assert len(since) > len(entered(base()))


def test_third_quiz_pays_every_third_and_no_other() -> None:
    """Counted by user since the start, and up to the cap of a day."""
    run = played("third_quiz")
    quizzes, counted, third = quizzes_of(run), 0, []
    for before, now in pairwise([None, *quizzes[["agent", "t"]].tolist()]):
        counted = counted + 1 if before is not None and before[0] == now[0] else 1
        third += [now] if counted % 3 == 0 else []
    paid = latest(run, Kind.DEED, given(run, "third_quiz"))
    assert not set(paid[["agent", "t"]].tolist()) - set(third)
    earned: Counter[tuple[int, int]] = Counter()
    for one in run.rows(Kind.DEED, Kind.GRANT)[["agent", "t", "beans"]].tolist():
        earned[one[0], one[1] // DAY_US] += one[2]
    unpaid = set(third) - set(paid[["agent", "t"]].tolist())
    assert all(earned[who, t // DAY_US] >= 200 for who, t in unpaid)  # no rule passes the cap of a day
    assert len(unpaid) < 0.1 * len(third)
    assert times(run, "quiz") > times(base(), "quiz")


def test_tiers_pay_less_and_less_in_a_day() -> None:
    """Thirty for the first three, fifteen for the next three, then five; and nothing caps a day."""
    run = played("tiers")
    days: dict[tuple[int, int], list[int]] = {}
    for who, t, beans in given(run, "less_and_less")[["agent", "t", "beans"]].tolist():
        days.setdefault((who, t // DAY_US), []).append(beans)
    pays = [30, 30, 30, 15, 15, 15, 5]
    assert all(got == pays[: len(got)] for got in days.values())
    assert max(map(len, days.values())) > 3
    assert times(run, "sign_in") > times(base(), "sign_in")


def test_repair_forgives_one_missed_day_a_week() -> None:
    """Of the days since somebody who is paid came last, at most one in a week was missed; by some one was."""
    run = played("repair")
    came: dict[int, set[int]] = {}
    sessions = run.rows(Kind.SESSION)
    for who, day in zip(sessions["agent"].tolist(), run.day_of(sessions).tolist(), strict=True):
        came.setdefault(who, set()).add(day)
    rows, repaired = given(run, "streak_with_repair"), 0
    for who, day in set(zip(rows["agent"].tolist(), run.day_of(rows).tolist(), strict=True)):
        before = max((one for one in came[who] if one < day), default=-1)
        weeks = [missed // 7 for missed in range(before + 1, day)]  # of the days that were missed since
        assert len(weeks) == len(set(weeks)), (who, day)
        repaired += len(weeks) > 0
    assert repaired > 0


def test_referral_pays_both_a_hundred() -> None:
    """In pairs, at a first deed of somebody who began to play in the run."""
    run = played("referral")
    rows, new = given(run, "referral"), entered(run)
    assert set(rows["beans"].tolist()) == {100}
    assert 2 * sum(who in new for who in rows["agent"].tolist()) >= len(rows) > 0
    assert len(rows) % 2 == 0


def test_threshold_pays_each_once_and_only_teams_that_got_there() -> None:
    """Fifty each: to whoever did one of the deeds in a team that did a hundred of them."""
    run = played("threshold")
    rows = given(run, "threshold")
    assert set(rows["beans"].tolist()) == {50}
    assert len(np.unique(rows["agent"])) == len(rows)
    team_of = run.campaign.population.teams_of
    deeds = [run.deed(name) for name in run.campaign.scenario.rules["threshold"].what]
    done = run.rows(*DONE)
    done = done[np.isin(done["deed"], deeds) & (done["team"] > 0) & (run.day_of(done) < 7)]
    reached = np.bincount(team_of(done["agent"])) >= 100
    members = latest(run, Kind.SESSION, done)["t"] > latest(run, Kind.TEAM_JOIN, done)["t"]
    done = done[
        members
    ]  # as the visit opened; the deeds of the visit in which they join count for the team alone
    assert set(rows["agent"].tolist()) == set(done["agent"][reached[team_of(done["agent"])]].tolist())
    assert played("threshold").tables["deeds"]["times"].sum() > base().tables["deeds"]["times"].sum()


def test_ranking_shares_its_money_among_ten_teams_alike() -> None:
    """Once, as the phase ends; what does not divide stays with the sponsor."""
    run = played("ranking")
    rows = given(run, "ranking")
    world = run.campaign.scenario.scenario
    assert len(rows) == len(np.unique(rows["team"])) == 10
    assert set(rows["fen"].tolist()) == {5_000_000 * world.users // world.real_users // 10}
    assert set(run.day_of(rows).tolist()) == {6}
    assert run.tables["deeds"]["times"].sum() > base().tables["deeds"]["times"].sum()


def matched(design: str) -> NDArray[np.void]:
    """What the design's rule matched, or added to an order."""
    return given(played(design), rule_of(design))


def test_match_tiers_add_less_to_larger_gifts() -> None:
    """The whole of gifts below five yuan, half of larger ones, never more than the cap of an account."""
    rows = matched("match_tiers")
    most = np.where(rows["fen"] < 500, rows["fen"], (rows["fen"] + 1) // 2)
    assert (rows["match"] <= most).all()
    assert (rows["match"] == most).mean() > 0.5
    assert np.bincount(rows["agent"], rows["match"]).max() <= 2_000
    daily = base().rows(Kind.GIFT)
    daily = daily[daily["rule"] == base().rule("daily_match")]
    assert len(rows) >= len(daily)  # the same money reaches as many gifts, or more


def test_first_gift_matches_one_gift_of_a_person() -> None:
    """Two for one, and no second time."""
    rows = matched("first_gift")
    assert len(np.unique(rows["agent"])) == len(rows)
    assert (rows["match"] <= 2 * rows["fen"]).all()
    assert (rows["match"] > rows["fen"]).any()


def test_cofund_doubles_the_larger_pledges_only() -> None:
    """Nothing below five fen is doubled, which cost as much before; the sponsor pays less."""
    rows = matched("cofund")
    assert (rows["fen"] >= 5).all()
    assert (rows["match"] <= rows["fen"]).all()
    before = base().rows(Kind.ORDER_CONFIRM)
    assert (before["match"][before["fen"] < 5] > 0).any()
    assert (
        row_of(played("cofund"), "larger_pledges")["money_fen"] < row_of(base(), "orders_cofund")["money_fen"]
    )


def test_badges_move_labour_and_cost_nothing() -> None:
    """Whoever has one has the hours for it; more charity time is worked."""
    run = played("badges")
    badges = run.rows(Kind.BADGE)
    assert len(badges) > 0
    users = run.campaign.population.users
    assert (users["labour"] + users["donated"])[badges["agent"]].min() >= 180
    assert run.metrics["minutes_labour"] > base().metrics["minutes_labour"]


def test_nudge_sends_fewer_messages_than_a_reminder_to_all() -> None:
    """Only to whom the night would break a streak, and some are sent."""
    told = row_of(played("nudge"), "tonight")["messages"]
    assert 0 < told < row_of(base(), "reminder")["messages"]


def test_win_back_pays_who_was_away_for_five_days() -> None:
    """On the day of the return and no other: nobody who is paid came on any of the four days before."""
    run = played("win_back")
    sessions = run.rows(Kind.SESSION)
    came = set(zip(sessions["agent"].tolist(), run.day_of(sessions).tolist(), strict=True))
    rows = given(run, "win_back")
    back = {(int(who), int(day)) for who, day in zip(rows["agent"], run.day_of(rows), strict=True)}
    assert not [one for one in back if came & {(one[0], one[1] - k) for k in range(1, 5)}]
    assert run.metrics["beans_issued"] > base().metrics["beans_issued"]


def test_noon_matches_from_noon_on_and_adds_to_what_sponsors_give() -> None:
    """Its first gift is at noon of its first day or later; the sponsors' money grows by nearly all of the pool."""
    rows = matched("noon")
    assert (rows["t"] >= 36 * HOUR_US).all()
    assert played("noon").metrics["matched_fen"] > base().metrics["matched_fen"]


@pytest.mark.parametrize(("design", "meant"), [("half", first_half), ("one_city", in_hangzhou)])
def test_who_is_meant_is_paid_and_does_more_than_without(design: str, meant: Any) -> None:
    """Nobody else is paid; the quiz rises among them, and hardly among the others: the A/B test of one world."""
    run, mine = played(design), meant()
    rows = given(run, rule_of(design))
    assert mine[rows["agent"]].all()
    inside, outside = ([times(one, "quiz", some) for one in (base(), run)] for some in (mine, ~mine))
    assert inside[1] > 1.05 * inside[0]
    assert abs(outside[1] - outside[0]) < 0.02 * outside[0]


def test_decay_takes_a_hundredth_at_midnight_and_makes_beans_worth_less() -> None:
    """Only at midnight, more beans are lost than before, and fewer deeds are done for them."""
    run = played("decay")
    rows = run.rows(Kind.DECAY)
    assert len(rows) > 0
    assert run.metrics["beans_expired"] > base().metrics["beans_expired"]
    assert run.tables["deeds"]["times"].sum() < base().tables["deeds"]["times"].sum()


def test_orders_earn_beans_in_the_second_half_of_the_week() -> None:
    """A hundred more for an order from Thursday noon to Sunday night, not before and not after."""
    rows = matched("orders")
    assert (rows["t"] >= 84 * HOUR_US).all()
    assert (rows["t"] < 7 * DAY_US).all()
    assert rows["beans"].max() == 100
    assert played("orders").metrics["beans_issued"] > base().metrics["beans_issued"]


# --- whoever is not meant ---------------------------------------------------------------------------------------


Lives = dict[int, list[tuple[Any, ...]]]


def lives(run: Run, columns: list[str], before: int | None = None) -> Lives:
    """By user everything they did, in order; before an instant."""
    rows = run.stream[roles(run.stream) == Role.USER]
    rows = rows if before is None else rows[rows["t"] < before]
    told: Lives = {}
    for who, *life in rows[["agent", *columns]].tolist():
        told.setdefault(who, []).append(tuple(life))
    return told


def first_differences(one: Run, two: Run) -> dict[int, set[Kind]]:
    """By user whose own life is another one, the kinds of the rows in which it first is."""
    both = lives(one, OWN), lives(two, OWN)
    found = {}
    for who in both[0].keys() | both[1].keys():
        first, second = (told.get(who, []) for told in both)
        if first != second:
            alike = zip(first, second, strict=False)
            k = next((k for k, (a, b) in enumerate(alike) if a != b), min(len(first), len(second)))
            found[who] = {Kind(told[k][2 - 1]) for told in (first, second) if k < len(told)}
    return found


@pytest.mark.parametrize(("design", "meant"), [("half", first_half), ("one_city", in_hangzhou)])
def test_who_is_not_meant_lives_the_same_life_but_for_the_sponsors_scarce_money(
    design: str, meant: Any
) -> None:
    """Row by row. What first differs is a gift: whether its match is still there hangs on who gave before."""
    mine = meant()
    found = first_differences(base(), played(design))
    others = {who: kinds for who, kinds in found.items() if who < USERS and not mine[who]}
    print(f"{design}: {len(others)} others live otherwise, {len(found) - len(others)} of those meant")
    assert all(Kind.GIFT in kinds for kinds in others.values())
    assert len(others) < 0.01 * USERS
    assert len(found) > 20 * len(others)


PLENTY: dict[str, Any] = {
    "pools": {"daily": {"total": "900_000_000 yuan"}, "flash": {"total": "900_000_000 yuan"}},
    "projects": {"targets_total": "900_000_000 yuan"},
    "sharing": {"post": 0.0, "invite": 0.0},
}


@pytest.mark.parametrize(("design", "meant"), [("half", first_half), ("one_city", in_hangzhou)])
def test_where_nothing_is_scarce_who_is_not_meant_lives_exactly_the_same_life(
    design: str, meant: Any
) -> None:
    """Matches for all and nobody invited: to the last bit, for every one of them."""
    with_it, without = (play(scenario_of(name, **PLENTY)) for name in (design, "base"))
    found = np.array(sorted(first_differences(without, with_it)))
    assert len(found) > 50
    assert meant()[found[found < USERS]].all()


@pytest.mark.parametrize(
    ("design", "until_h"),
    [
        ("orders", 84),  # the rule begins
        ("win_back", 96),  # nobody can have been away for five days
        ("noon", 24),  # before the day of the pool nobody holds a gift back for it
    ],
)
def test_before_a_rule_can_hold_everybody_lives_the_same_life(design: str, until_h: int) -> None:
    """Every column of every row of every user, and of everybody else."""
    before = until_h * HOUR_US
    one, two = (run.stream[run.stream["t"] < before] for run in (base(), played(design)))
    assert len(one) > 1_000
    names = [name for name in one.dtype.names or () if name != "rule"]
    assert np.array_equal(one[names], two[names])


def test_who_played_before_lives_on_as_newcomers_are_paid_more() -> None:
    """But for scarce money, and friends whom newcomers bring."""
    run = played("newcomers")
    new = entered(base()).keys() | entered(run).keys()
    found = {
        who: kinds for who, kinds in first_differences(base(), run).items() if who not in new and who < USERS
    }
    print(f"newcomers: {len(found)} others live otherwise")
    assert all(Kind.GIFT in kinds for kinds in found.values())
    assert len(found) < 0.01 * USERS
