"""Incentive rules in a trace: what each pays is sent by its name, and what it may pay is said before the first row."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.bookkeeping import Kind
from sim.engine.actions import from_rows
from sim.engine.books import Books
from sim.engine.campaign import Campaign
from sim.errors import UsageError
from sim.kernel.rows import NO_DEED
from sim.scenario import Rule, Scenario
from sim.trace import Columns, Trace
from sim.tracing.columns import Converter
from sim.tracing.terms import rule_terms
from sim.tracing.tracer import Tracer
from sim.wire import NO_RULE, Expected
from tests.engine.worlds import world
from tests.trace.plain import differences, replay

DAY_US = 86_400_000_000
# In this order; the names are only names.
RULES: dict[str, dict[str, Any]] = {
    "daily": {"form": {"cap": 200, "per": "day"}},
    "teams": {"form": {"times": 2.0}},
    "rush": {"form": {"add": 5}, "budget": "1_000_000 yuan"},
    "goal": {"form": {"goal": {"deeds": 3, "prize": 30}}},
    "night": {"form": {"lottery": {"chance": "1 %", "money": "5 yuan"}}, "budget": "2_000_000 yuan"},
    "match": {
        "what": "gift",
        "form": {"match": {"pool": "matching", "most": "10 yuan", "per_account": "30 yuan"}},
        "budget": "50_000 yuan",
    },
    "later": {"form": {"add": 5, "later": "2 days"}},
    "hangzhou": {"who": {"team": True}, "form": {"cap": 10, "per": "day"}},
    "weekly": {"what": "quiz", "form": {"cap": 90, "per": "week"}},
}
NAMES = list(RULES)


def ruled(rules: dict[str, dict[str, Any]] = RULES) -> Scenario:
    """A shipped scenario with these rules alone."""
    made = {name: Rule.model_validate(rule) for name, rule in rules.items()}
    return world("week95_2022", 300).model_copy(update={"rules": made})


@lru_cache(maxsize=1)
def converter() -> Converter:
    """What turns actions of a campaign into rows; the campaign itself needs no rules that it can play."""
    campaign = Campaign(world("week95_2022", 300), workers=1)
    campaign.scenario = ruled()
    return Converter(campaign)


def converted(*actions: dict[str, int]) -> Columns:
    """The rows of hand-written actions of user 1."""
    part = from_rows([{"agent": 1, "number": k, "t": k, **action} for k, action in enumerate(actions)])
    columns, source = converter().convert(part, np.arange(len(part)), 0)
    assert source.tolist() == list(range(len(part)))
    return columns


def by(name: str) -> int:
    """The stream's column `rule`."""
    return 1 + NAMES.index(name)


def test_what_a_rule_pays_is_sent_by_its_name() -> None:
    """Grants, prizes, matches, cofunding and unlocks; whatever no rule pays names none."""
    gift = {"kind": Kind.GIFT, "fen": 500, "pool": 1, "project": 0}
    columns = converted(
        {"kind": Kind.GRANT, "beans": 20, "deed": 0, "rule": by("teams")},
        {"kind": Kind.GRANT, "minutes": 6, "klass": 1, "deed": 0, "rule": by("rush")},
        {"kind": Kind.PRIZE, "fen": 500, "pool": 2, "rule": by("night")},
        gift | {"match": 100, "rule": by("match")},
        gift,
        {"kind": Kind.DEED, "beans": 20, "deed": 0},
        {"kind": Kind.TEAM_UNLOCK, "fen": 500, "pool": 1, "project": 0, "rule": by("goal")},
    )
    assert columns["rule"].tolist() == [
        NAMES.index("teams"), NAMES.index("rush"), NAMES.index("night"), NAMES.index("match"), NO_RULE, NO_RULE,
        NAMES.index("goal"),
    ]  # fmt: skip
    assert columns["pool"].tolist()[2] == 1
    assert columns["minutes"].tolist()[:2] == [0, 6]
    assert columns["period"][0] > 0
    assert columns["amount"].tolist() == [20, 0, 500, 500, 500, 20, 500]


def test_what_others_share_depends() -> None:
    """A budget, a pool: who comes first has it. What a rule without a budget grants is certain."""
    columns = converted(
        {"kind": Kind.GRANT, "beans": 20, "deed": 0, "rule": by("teams")},
        {"kind": Kind.GRANT, "beans": 5, "deed": 0, "rule": by("rush")},
        {"kind": Kind.PRIZE, "fen": 500, "pool": 2, "rule": by("night")},
    )
    assert columns["expected"].tolist() == [Expected.ACCEPTED, Expected.DEPENDS, Expected.DEPENDS]


def test_beans_that_a_cap_lets_through_are_counted_against_it() -> None:
    """Those of deeds and of rules that add to them, by the cap that everybody is under; not what is no deed's, what is
    paid on a later day, what other forms give, nor minutes."""
    quiz = list(ruled().deeds).index("quiz")
    columns = converted(
        {"kind": Kind.DEED, "beans": 20, "deed": quiz},
        {"kind": Kind.GRANT, "beans": 20, "deed": quiz, "rule": by("teams")},
        {"kind": Kind.DEED, "beans": 20, "deed": NO_DEED},
        {"kind": Kind.GRANT, "beans": 20, "deed": quiz, "rule": by("later")},
        {"kind": Kind.GRANT, "beans": 30, "deed": quiz, "rule": by("goal")},
        {"kind": Kind.DEED, "minutes": 6, "deed": quiz},
    )
    assert columns["under"].tolist() == [NAMES.index("daily")] * 2 + [NO_RULE] * 4


def test_gifts_of_beans_are_sent_at_the_price_they_were_given_at() -> None:
    """The row says what its beans were worth: by the scenario's price or a rule's, granted or refused."""
    gift = {"kind": Kind.BEAN_GIFT, "pool": 1, "project": 0}
    columns = converted(
        gift | {"beans": 300, "fen": 300},
        gift | {"beans": 200, "fen": 400},
        gift | {"beans": 100, "fen": 25, "outcome": 1},
    )
    assert columns["amount2"].tolist() == [100, 200, 25]


def test_a_price_without_whole_fen_for_a_hundred_beans_cannot_be_sent() -> None:
    """The scenario's own, or a rule's: the message names which."""
    campaign = Campaign(world("week95_2022", 300), workers=1)
    campaign.scenario = ruled({"odd": {"form": {"price": 30}}})
    with pytest.raises(UsageError, match=r"rules\.odd\.form\.price = 30.*divisor of 10000"):
        Converter(campaign)


def test_grants_without_anything_are_not_sent() -> None:
    """As deeds: a request asks for something."""
    part = from_rows([{"agent": 1, "kind": Kind.GRANT, "rule": by("teams"), "deed": 0}])
    assert len(converter().convert(part, np.arange(1), 0)[1]) == 0


def test_claims_on_a_budget_are_told_when_the_barrier_has_served_them() -> None:
    """As claims on pools are; what needs nobody's budget waits for its own instant."""
    part = from_rows(
        [
            {"kind": Kind.GRANT, "beans": 5, "rule": by("rush")},
            {"kind": Kind.GRANT, "beans": 5, "rule": by("teams")},
            {"kind": Kind.PRIZE, "fen": 5, "pool": 3, "rule": by("night")},
            {"kind": Kind.GIFT, "fen": 5, "pool": 1, "match": 5},
            {"kind": Kind.GIFT, "fen": 5},
        ]
    )
    assert converter().shared(part).tolist() == [True, False, True, True, False]


def test_rules_are_made_known_with_what_they_may_pay_at_this_size() -> None:
    """Budgets are scaled as everything is, beans at their price less what was granted before; caps of everybody."""
    scenario = ruled()
    books = Books(merchants=0, projects=1, pools=1, ngos=0, rules=len(RULES))
    books.post(from_rows([{"kind": Kind.GRANT, "beans": 100, "rule": by("rush")}]))
    terms = {NAMES[one.pop("rule")]: one for one in rule_terms(scenario, books, 0)}
    size = scenario.scenario.users / scenario.scenario.real_users
    rush = int(100_000_000 * size) * scenario.beans.per_yuan // 100
    assert terms == {
        "daily": {"minutes": 200, "channel": 1}, "teams": {}, "rush": {"amount": rush - 100}, "goal": {},
        "night": {"amount2": int(200_000_000 * size)}, "later": {}, "hangzhou": {},
        "match": {"amount2": max(1, int(5_000_000 * size)), "period": 3_000}, "weekly": {"minutes": 90, "channel": 7},
    }  # fmt: skip
    later = {NAMES[one.pop("rule")]: one for one in rule_terms(scenario, books, 3_600)}
    assert later["night"] == {}, "what it paid in money before is in no account of its own"
    assert later["rush"] == terms["rush"]


PLAYED = {
    "daily": {"form": {"cap": 60, "per": "day"}},
    "weekly": {"what": "quiz", "form": {"cap": 90, "per": "week"}},
    "teams": {"form": {"times": 1.5}},
    "evening": {"when": {"hours": "18:00-22:00"}, "form": {"add": 7, "add_hours": 0.1}},
    "melting": {"form": {"decay": 0.05}},
    "generous": {"who": {"cohort": "0-50 %"}, "form": {"price": 50}},
}


def traced(scenario: Scenario, begins_h: int, ends_h: int) -> Trace:
    """The trace of a stretch of a campaign."""
    campaign = Campaign(scenario, workers=1)
    tracer = Tracer(campaign)
    if begins_h:
        campaign.run(until_s=begins_h * 3_600)
    tracer.begin()
    campaign.run(until_s=ends_h * 3_600)
    return tracer.end(scenario.scenario.title)


def sent(trace: Trace, *kinds: Kind) -> NDArray[np.intp]:
    """Where the rows of these kinds stand."""
    return np.flatnonzero(np.isin(trace.columns["kind"], kinds))


@pytest.mark.parametrize("begins_h", [0, 36])
def test_sent_in_order_what_rules_pay_ends_with_the_simulations_books(begins_h: int) -> None:
    """Rule by rule, and no bound is passed: the whole campaign, and a slice of it."""
    trace = traced(ruled(PLAYED), begins_h, 108)
    assert trace.facts["rules"] == list(PLAYED)
    assert trace.prepare["kind"].tolist().count(Kind.RULE) == len(PLAYED)
    ledger, outcomes = replay(trace)
    assert differences(ledger, trace) == {}
    assert len(sent(trace, Kind.GRANT)) > 100
    assert {outcomes[k] for k in sent(trace, Kind.GRANT, Kind.DEED)} == {"accepted"}
    assert (trace.columns["under"] != NO_RULE).any()
    decayed = np.flatnonzero(trace.columns["kind"] == Kind.DECAY)
    assert len(decayed) > 20
    assert set(trace.columns["rule"][decayed]) == {list(PLAYED).index("melting")}
    assert {outcomes[k] for k in decayed} == {"accepted"}
    given = trace.columns["kind"] == Kind.BEAN_GIFT
    assert set(trace.columns["amount2"][given]) == {100, 200}, "fen for 100 beans, by the rule that held"
    assert {name for name, _ in trace.closing.iter_rows() if name.startswith("3110:")} == {
        "3110:r2",
        "3110:r3",
    }


@pytest.mark.parametrize("begins_h", [0, 50])
@pytest.mark.parametrize("name", ["rules", "prizes"])
def test_every_form_of_rule_is_sent_within_its_bounds(name: str, begins_h: int) -> None:
    """All that pays, limits, draws lots, ranks and shares: what the campaign granted the ledger grants, and no more."""
    trace = traced(world(name, 300), begins_h, 150)
    ledger, outcomes = replay(trace)
    assert differences(ledger, trace) == {}
    paid = sent(trace, Kind.GRANT, Kind.DEED, Kind.PRIZE, Kind.DECAY, Kind.TEAM_UNLOCK)
    assert {outcomes[k] for k in paid} == {"accepted"}
    assert (trace.prepare["amount"][trace.prepare["kind"] == Kind.RULE] > 0).any(), "some rules have a budget"
