"""Rules that contradict each other: told at the one that stands later in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from sim.loading.finding import Finding, Findings
from sim.loading.lines import Path
from sim.loading.people import covers, may_meet
from sim.loading.ruleacts import things
from sim.loading.rulechecks import each_form
from sim.loading.stretches import meet, stretches, within
from sim.scenario import Scenario
from sim.scenario.incentives import Cofund, Form, Match, Rule

ONE_AT_A_TIME = ("price", "decay")
FROM_A_POOL = ("match", "cofund")
Clash = tuple[str, str]  # the field at which it is told, and what is wrong


@dataclass(frozen=True)
class Said:
    """What a rule says, beside what it is called and what for."""

    path: Path
    rule: Rule
    kind: str

    @property
    def content(self) -> tuple[object, ...]:
        """All that acts."""
        rule = self.rule
        return rule.what, rule.who, rule.when, rule.form, rule.budget


def rules_agree(s: Scenario) -> Findings:
    """No rule says the same as another one, or what another one makes void."""
    said = [Said(path, rule, rule.form.kind) for path, rule in each_form(s)]
    for one, two in combinations(said, 2):
        told = next(_clashes(s, one, two), None)
        if told is not None:
            field, problem = told
            here: Path = (*two.path, "form", field) if field else two.path
            reads = tuple((*whole, "*", "*", "*", "*") for whole in (one.path, two.path))
            yield Finding(here, problem, reads)


def _clashes(s: Scenario, former: Said, latter: Said) -> Iterator[Clash]:
    other, one, two = f"rules.{former.path[1]}", former.rule, latter.rule
    if former.kind == latter.kind:
        if former.content == latter.content:
            yield "", f"says the same as {other}; remove one of them"
        if latter.kind == "limit" and _void(s, one, two):
            yield (
                "limit",
                f"contradicts {other}, which limits the same people to {one.form.limit} a day; keep one of them",
            )
        if latter.kind in ONE_AT_A_TIME and _both_hold(s, one, two):
            yield (
                latter.kind,
                f"contradicts {other}, which sets another one for the same people at the same time; {APART}",
            )
        if latter.kind in FROM_A_POOL and _takes_all(s, one, two):
            problem = f"never pays: {other} stands before it and pays all that it would from the same pool"
            yield latter.kind, f"{problem}; put it first, or part them by who and when"
    if _silences(one.form, two.form) and _same_deeds(s, one, two) and _both_hold(s, one, two):
        nothing = "pays nothing for what" if two.form.times == 0 else "adds to what"
        void = "adds to" if two.form.times == 0 else "sets to nothing"
        yield latter.kind, f"{nothing} {other} {void}, for the same people at the same time; {APART}"
    if two.form.tiers and _replaces(s, one, two):
        yield "tiers", f"replace all that {other} pays; let {other} stand after them, or remove it"


APART = "keep one of them, or part them by who and when"


def _void(s: Scenario, one: Rule, two: Rule) -> bool:
    """Whether the looser of two limits never acts, for the stricter holds wherever it does."""
    strict, loose = sorted((one, two), key=lambda rule: rule.form.limit or 0)
    return _around(s, strict, loose) or (one.form.limit == two.form.limit and _around(s, loose, strict))


def _around(s: Scenario, outer: Rule, inner: Rule) -> bool:
    """Whether one rule holds for all that the other holds for."""
    return (
        things(s, inner) <= things(s, outer)
        and covers(outer.who, inner.who)
        and within(stretches(s, inner.when), stretches(s, outer.when))
    )


def _both_hold(s: Scenario, one: Rule, two: Rule) -> bool:
    """Whether there is somebody for whom both hold at some instant."""
    return may_meet(one.who, two.who) and meet(stretches(s, one.when), stretches(s, two.when))


def _same_deeds(s: Scenario, one: Rule, two: Rule) -> bool:
    return bool(things(s, one) & things(s, two))


def _takes_all(s: Scenario, one: Rule, two: Rule) -> bool:
    """Whether the first rule adds, from the same pool, to all that the second one would add to: it then leaves it
    nothing, for the first of the file that covers a gift or a pledge is the one."""
    a, b = getattr(one.form, one.form.kind), getattr(two.form, two.form.kind)
    narrower = a.pool != b.pool or one.budget is not None or _least(a) > _least(b)
    if isinstance(a, Match) and isinstance(b, Match):
        gaps = any(tier.ratio == 0 for tier in a.tiers)
        narrower |= gaps or a.cause not in (None, b.cause) or (a.first and not b.first)
    return not narrower and _around(s, one, two)


def _least(form: Match | Cofund) -> int:
    """The least gift or pledge that is added to, fen."""
    if isinstance(form, Match):
        return form.tiers[0].above if form.tiers else 0
    return form.above


def _silences(one: Form, two: Form) -> bool:
    """Whether one adds beans to what the other multiplies by nothing."""
    return any(a.add and b.times == 0 and b.of != "hours" for a, b in ((one, two), (two, one)))


def _replaces(s: Scenario, one: Rule, two: Rule) -> bool:
    """Whether tiers leave nothing of what a rule before them pays in beans."""
    pays = one.form.kind in ("add", "tiers", "streak") or (one.form.times and one.form.of == "beans")
    tiers = two.form.tiers
    return bool(pays and not one.form.add_hours and tiers and tiers[0].start == 1 and _around(s, two, one))
