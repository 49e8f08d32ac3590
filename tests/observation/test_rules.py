"""What rules gave is told by rule, adds up to all that was given, and agrees with the books."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from sim.bookkeeping import DR_POSTED, POSTINGS, ROLES, Kind, Role
from sim.engine.actions import from_rows, join
from sim.engine.campaign import Campaign
from sim.kernel import tallies
from sim.kernel.rows import NO_DEED
from sim.observation.recorder import Recorder
from sim.observation.rules import GIVES
from tests.engine.worlds import world
from tests.observation.conftest import USERS, Week

POOL, RULE_BEAN, RULE_HOUR = 2600, 3110, 3310
FARMER = USERS + 1


def told(week: Week, *rows: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The table of rules of a recorder that saw these rows alone, by rule."""
    frame = seen_by(week, *rows).tables()["rules"]
    return {row["rule"]: row for row in frame.to_dicts()}


def seen_by(week: Week, *rows: dict[str, Any]) -> Recorder:
    recorder = Recorder(week.seen.world)
    recorder.actions(from_rows([{"t": k, "deed": NO_DEED, **row} for k, row in enumerate(rows)]))
    return recorder


def number(week: Week, rule: str) -> int:
    """How a rule stands in the stream: 1 + its place."""
    return 1 + list(week.campaign.scenario.rules).index(rule)


@pytest.fixture(scope="module")
def table(week: Week) -> pl.DataFrame:
    return week.seen.tables()["rules"]


def test_a_grant_is_its_rules_and_its_deeds_own_pay_stands_apart(week: Week) -> None:
    """Ten beans of the deed, five and three of a rule, to two people; a refused row gives nothing."""
    streak = number(week, "streak")
    rows = told(
        week,
        {"kind": Kind.DEED, "agent": 1, "beans": 10, "minutes": 6, "deed": 0},
        {"kind": Kind.GRANT, "agent": 1, "beans": 5, "deed": 0, "rule": streak},
        {"kind": Kind.GRANT, "agent": 1, "beans": 3, "minutes": 12, "deed": 0, "rule": streak},
        {"kind": Kind.GRANT, "agent": 2, "minutes": 6, "rule": streak},
        {"kind": Kind.GRANT, "agent": 3, "beans": 9, "rule": streak, "outcome": 2},
    )
    own, of_rule = rows[""], rows["streak"]
    assert [own[c] for c in ("grants", "people", "beans", "minutes", "money_fen")] == [1, 1, 10, 6, 0]
    assert [of_rule[c] for c in ("grants", "people", "beans", "minutes", "money_fen")] == [3, 2, 8, 18, 0]
    assert all(row["cost_fen"] == 0 for name, row in rows.items() if name not in ("", "streak"))


def test_beans_cost_their_price_and_money_itself(week: Week) -> None:
    """A match of 30 fen, a prize of 200, a team's 500; 250 beans at the scenario's price."""
    match = number(week, "daily_match")
    price = 100 * 250 // week.campaign.scenario.beans.per_yuan
    row = told(
        week,
        {
            "kind": Kind.GIFT,
            "agent": 1,
            "fen": 100,
            "match": 30,
            "pool": 1,
            "rule": match,
            "minutes": 6,
            "project": 0,
        },
        {"kind": Kind.PRIZE, "agent": 2, "fen": 200, "pool": 1, "rule": match},
        {"kind": Kind.TEAM_UNLOCK, "agent": 0, "fen": 500, "pool": 1, "rule": match, "project": 0},
        {"kind": Kind.GRANT, "agent": 1, "beans": 250, "rule": match},
    )["daily_match"]
    assert (row["money_fen"], row["price_fen"], row["cost_fen"]) == (730, price, 730 + price)
    assert (row["people"], row["minutes"]) == (2, 0)  # a sponsor is nobody; the minutes are the gift's own


def test_farmers_are_no_people_and_their_take_is_told(week: Week) -> None:
    """It is part of the cost."""
    streak = number(week, "streak")
    row = told(
        week,
        {"kind": Kind.GRANT, "agent": 5, "beans": 40, "rule": streak},
        {"kind": Kind.GRANT, "agent": FARMER, "beans": 60, "rule": streak},
        {"kind": Kind.PRIZE, "agent": FARMER, "fen": 7, "pool": 1, "rule": streak},
    )["streak"]
    per_yuan = week.campaign.scenario.beans.per_yuan
    assert (row["people"], row["beans"]) == (1, 100)
    assert row["farmer_fen"] == 60 * 100 // per_yuan + 7


def test_badges_and_beans_let_go_are_told(week: Week) -> None:
    """Neither costs a fen."""
    streak = number(week, "streak")
    row = told(
        week,
        {"kind": Kind.BADGE, "agent": 1, "deed": 0, "rule": streak},
        {"kind": Kind.BADGE, "agent": FARMER, "deed": 0, "rule": streak},
        {"kind": Kind.DECAY, "agent": 1, "beans": 4, "rule": streak},
    )["streak"]
    assert (row["badges"], row["beans_gone"], row["grants"], row["cost_fen"]) == (1, 4, 0, 0)


def test_a_budget_is_told_at_simulated_size_and_what_is_left_of_it(week: Week) -> None:
    """Beans take from it at their price, money as it is."""
    scenario = week.campaign.scenario
    rule = scenario.rules["streak"].model_copy(update={"budget": 100 * scenario.scenario.real_users})
    seen = Recorder(week.seen.world)
    ruled = scenario.model_copy(update={"rules": scenario.rules | {"streak": rule}})
    for subject in seen.subjects:
        subject.scenario = ruled
    streak = number(week, "streak")
    seen.actions(from_rows([{"kind": Kind.GRANT, "agent": 1, "beans": 1000, "rule": streak}]))
    row = seen.tables()["rules"].row(streak, named=True)
    assert row["budget_fen"] == 100 * USERS
    assert row["left_fen"] == row["budget_fen"] - 1000 * 100 // scenario.beans.per_yuan
    assert seen.tables()["rules"]["budget_fen"][0] is None


def test_the_rows_add_up_to_all_that_was_given(week: Week, table: pl.DataFrame) -> None:
    """Beans issued to people and farmers; minutes of everybody; all money from pools but that for donated beans."""
    totals = week.seen.totals()
    assert table["beans"].sum() == totals["beans_issued"] + totals["farmer_beans"]
    assert table["beans"][1:].sum() > 0
    taken = int(week.campaign.books.counters()[POOL][DR_POSTED].sum())
    moved = np.isin(week.stream["kind"], (Kind.POOL_WITHDRAW, Kind.BEAN_GIFT))
    assert table["money_fen"].sum() == taken - int(week.stream["fen"][moved].sum()) > 0
    minutes = [int(week.rows(*Kind, farmers=farmers)["minutes"].sum()) for farmers in (False, True)]
    assert table["minutes"].sum() == sum(minutes)
    assert minutes[0] == totals["minutes_labour"] + totals["minutes_donated"]


def test_the_books_know_every_rule_by_the_same_numbers(week: Week, table: pl.DataFrame) -> None:
    """Account 3110 by rule is its beans, 3310 its minutes."""
    counters = week.campaign.books.counters()
    for code, column in ((RULE_BEAN, "beans"), (RULE_HOUR, "minutes")):
        booked = counters[code][DR_POSTED].reshape(-1)[: len(table)]
        assert booked[1:].tolist() == table[column][1:].to_list(), column
    assert counters[RULE_BEAN][DR_POSTED].sum() > 0


def test_people_and_messages_are_counted_apart_by_rule(week: Week, table: pl.DataFrame) -> None:
    """Whoever a rule gave a bean to, once; all messages are some rule's."""
    grants = week.rows(Kind.GRANT)
    for name, people in zip(table["rule"][1:], table["people"][1:], strict=True):
        if week.campaign.scenario.rules[name].form.kind not in ("match", "cofund"):
            assert people == len(np.unique(grants["agent"][grants["rule"] == number(week, name)])), name
    assert table["messages"].sum() == tallies.named(week.campaign.counts()).messages


def test_every_posting_that_gives_something_is_told() -> None:
    """No kind by which people get beans or minutes, or a project or person a sponsor's money, is forgotten."""
    kinds = {kind for kind, _ in GIVES}
    for kind, lines in POSTINGS.items():
        gives = any(line.debit in (3100, RULE_BEAN, 3300, RULE_HOUR) or line.debit == POOL for line in lines)
        moves = kind is Kind.POOL_WITHDRAW or ROLES[kind] is Role.SYSTEM
        assert (kind in kinds) == (gives and not moves), kind.name


def test_a_deed_that_is_not_paid_was_done_all_the_same(week: Week) -> None:
    """A cap that leaves nothing takes no deed away; what a rule pays in its place makes no second one."""
    quiz = list(week.campaign.scenario.deeds).index("quiz")
    seen = seen_by(
        week,
        {"kind": Kind.DEED, "agent": 1, "beans": 0, "minutes": 0, "deed": quiz},
        {"kind": Kind.DEED, "agent": 2, "beans": 0, "minutes": 0, "deed": quiz},
        {"kind": Kind.GRANT, "agent": 2, "beans": 25, "minutes": 6, "deed": quiz, "rule": 1},
    )
    row = seen.tables()["deeds"].row(quiz, named=True)
    assert (row["times"], row["beans"], row["granted"], row["minutes"]) == (2, 0, 25, 6)


def test_beans_by_deed_and_by_rule_are_the_same_beans(week: Week, table: pl.DataFrame) -> None:
    """What is granted for deeds of the catalogue, and the rest for orders, shares and head starts."""
    deeds, grants = week.seen.tables()["deeds"], week.rows(Kind.GRANT)
    beside = int(grants["beans"][grants["deed"] == NO_DEED].sum())
    farmed = int(week.rows(Kind.GRANT, farmers=True)["beans"].sum())
    assert deeds["granted"].sum() + beside + farmed == table["beans"][1:].sum()
    assert deeds["granted"].sum() > 0


# --- prizes, budgets, messages --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prizes() -> tuple[Campaign, NDArray[np.void]]:
    """A run in which rules give prizes by lot, rank and threshold, thank for friends and come to their budgets' end."""
    parts: list[NDArray[np.void]] = []
    campaign = Campaign(world("prizes", 300), workers=1, watch=lambda part: parts.append(part.copy()))
    campaign.run()
    campaign.population.close()
    stream = join(*parts)
    return campaign, stream[stream["outcome"] == 0]


def test_prizes_in_money_are_their_rules_cost(prizes: tuple[Campaign, NDArray[np.void]]) -> None:
    """Of persons and of teams, by the rule that each row names."""
    campaign, stream = prizes
    paid = stream[np.isin(stream["kind"], (Kind.PRIZE, Kind.TEAM_UNLOCK)) & (stream["rule"] > 0)]
    assert set(paid["kind"]) == {Kind.PRIZE, Kind.TEAM_UNLOCK}
    for row in campaign.recorder.tables()["rules"][1:].iter_rows(named=True):
        mine = paid["rule"] == 1 + list(campaign.scenario.rules).index(row["rule"])
        if mine.any():
            assert row["money_fen"] == paid["fen"][mine].sum(), row["rule"]
    people = len(np.unique(paid["agent"][paid["kind"] == Kind.PRIZE]))
    assert 0 < people <= campaign.scenario.scenario.users


def test_what_is_left_of_budgets_is_what_the_engine_has_left(
    prizes: tuple[Campaign, NDArray[np.void]],
) -> None:
    """To the bean's price: the one counts money, the other beans."""
    campaign, _ = prizes
    rows = campaign.recorder.tables()["rules"][1:]
    price = -(-100 // campaign.scenario.beans.per_yuan)
    for k, row in enumerate(rows.iter_rows(named=True)):
        if campaign.budgets.limited[k]:
            left = int(campaign.budgets.left[k]) * 100 // campaign.scenario.beans.per_yuan
            assert abs(row["left_fen"] - left) <= price, row["rule"]
            assert row["left_fen"] >= 0
        elif row["budget_fen"] is not None and campaign.budgets.pool[k] > 0:
            assert row["left_fen"] >= 0, row["rule"]
    assert campaign.budgets.limited.any()


def test_what_rules_give_for_no_single_deed_is_no_deeds(prizes: tuple[Campaign, NDArray[np.void]]) -> None:
    """A share in what many did, a drawing's prize: the table of deeds has nothing of it."""
    campaign, stream = prizes
    shared = [
        1 + k for k, rule in enumerate(campaign.scenario.rules.values())
        if rule.form.share is not None or (rule.form.lottery is not None and rule.form.lottery.winners)
    ]  # fmt: skip
    rows = stream[(stream["kind"] == Kind.GRANT) & np.isin(stream["rule"], shared)]
    assert len(rows)
    assert (rows["deed"] == NO_DEED).all()


def test_messages_and_badges_are_told_by_rule() -> None:
    """Two reminders and tiers of merit: as many as were counted while acting, in the order of the file."""
    campaign = Campaign(world("rules", 200), workers=1)
    campaign.run()
    campaign.population.close()
    counted, table = tallies.named(campaign.counts()), campaign.recorder.tables()["rules"]
    nudging = [rule.form.nudge is not None for rule in campaign.scenario.rules.values()]
    messages = table["messages"][1:].to_list()
    assert sum(messages) == counted.messages > 0
    assert not any(sent for sent, nudges in zip(messages, nudging, strict=True) if not nudges)
    assert table["badges"].sum() <= counted.badges
