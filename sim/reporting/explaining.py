"""What somebody is paid for what at an instant, and why; and what they are nearly paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sim.domain.holding import failing
from sim.domain.paying import BEYOND_THE_CATALOGUE, PAYING, Pay, holding, past_of, pay
from sim.loading.described import Described
from sim.reporting.tongue import Phrase
from sim.scenario import Rule, Scenario


@dataclass(frozen=True)
class Paid:
    """What a deed pays, done for the n-th time today; or why it cannot be done."""

    deed: str
    nth: int
    pay: Pay
    shut: Phrase | None = None


@dataclass(frozen=True)
class Explanation:
    """All that is to be said of somebody at an instant."""

    scenario: Scenario
    described: Described
    at: datetime
    paid: list[Paid]
    holding: dict[str, Rule]
    near: dict[str, tuple[str, ...]]  # rules that do not hold, those that fail least first, and what fails


def explain(scenario: Scenario, described: Described, at: datetime) -> Explanation:
    """What somebody is paid at an instant, after what they did today already."""
    person = described.person
    past = past_of(scenario, person, at, described.done)
    paid = []
    for deed in _deeds(scenario):
        shut = _shut(scenario, described, deed)
        got = pay(scenario, person, at, deed, past) if shut is None else Pay()
        paid.append(Paid(deed, past.done.get(deed, 0) + 1, got, shut))
    fail = {name: failing(rule, person, at, scenario.phases) for name, rule in scenario.rules.items()}
    near = dict(sorted(((name, paths) for name, paths in fail.items() if paths), key=lambda it: len(it[1])))
    return Explanation(scenario, described, at, paid, holding(scenario, person, at), near)


def _deeds(scenario: Scenario) -> list[str]:
    """The catalogue, and what else pays something by itself or is named by a rule that pays."""
    named = {name for rule in scenario.rules.values() if rule.form.kind in PAYING for name in rule.what}
    if scenario.orders.beans:
        named.add("order")
    beside = [name for name in BEYOND_THE_CATALOGUE if name in named and name not in scenario.deeds]
    return [*scenario.deeds, *beside]


def _shut(scenario: Scenario, described: Described, deed: str) -> Phrase | None:
    """Why the platform does not let them do it."""
    known = scenario.deeds.get(deed)
    if known is None:
        return None
    if not scenario.play.open:
        return Phrase("玩法没有开放", "play is closed")
    if known.needs_account and not described.person.holder:
        return Phrase("要先有公益慈善账户", "needs the charity account")
    segment = described.person.segment
    if known.adults_only and segment is not None and scenario.segments[segment].minor:
        return Phrase("只限成年人", "for adults only")
    return None
