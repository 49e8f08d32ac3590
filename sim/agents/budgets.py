"""Budgets of incentive rules (预算): what each may still give, and which have come to their end.

A rule pays beans as far as its budget buys them, or money from a pool of its own behind those of the scenario. Claims
on it are served at barriers, whole or not at all; at the first barrier at which what is left would not pay its least
grant, the rule ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import Kind
from sim.domain.prizes import beans_of_fen, scaled
from sim.domain.ratios import PPM, share_of
from sim.scenario import Pool, Rule, Scenario, has_members, since_start
from sim.scenario.incentives import ANY
from sim.spans import DAY_US, NEVER_US

UNLIMITED = NEVER_US
OF_RULES = "rule"  # what a rule's own pool serves


def running(scenario: Scenario, rule: Rule) -> tuple[int, int]:
    """From when until when a rule holds, whatever weekdays and hours it names; µs since the start, empty if never."""
    when, begins, ends = rule.when, [], [scenario.scenario.length]
    if when.phase is not None:
        phase = scenario.phases[when.phase]
        begins.append(since_start(scenario, phase.start))
        ends.append(since_start(scenario, phase.end))
    if when.start is not None:
        begins.append(since_start(scenario, when.start))
    if when.end is not None:
        ends.append(since_start(scenario, when.end))
    if when.first is not None and begins:
        ends.append(max(begins) + when.first)  # … which may have been before the scenario begins
    begin = max([0, *begins])
    return begin, max(begin, min(ends))


def pays_money(rule: Rule) -> bool:
    """Whether what a rule gives is money, from a pool of its own."""
    lottery = rule.form.lottery
    return rule.form.rank is not None or (lottery is not None and lottery.money > 0)


def times_paid(scenario: Scenario, rule: Rule) -> int:
    """How often a rule that counts over a stretch comes to the end of one."""
    begin, end = running(scenario, rule)
    if begin == end or rule.form.per in ("phase", "ever"):
        return int(begin < end)
    first, last = begin // DAY_US, (end - 1) // DAY_US
    if rule.form.per == "week":
        monday = scenario.scenario.start.weekday()
        first, last = (first + monday) // 7, (last + monday) // 7
    return int(last - first + 1)


def purse_of(scenario: Scenario, rule: Rule) -> int:
    """The money of a rule that pays money, at real size: its budget, or what its ranks are promised in all; none for a
    game that nobody plays, or teams that nobody can join."""
    rank = rule.form.rank
    if not scenario.play.open or (rank is not None and rank.of == "team" and not has_members(scenario)):
        return 0
    if rule.budget is not None:
        return rule.budget
    return rank.money * times_paid(scenario, rule) if rank is not None else 0


def all_pools(scenario: Scenario) -> dict[str, Pool]:
    """The sponsors' pools by name, and behind them one for every rule that pays money, `rule:NAME`."""
    pools = dict(scenario.pools)
    for name, rule in scenario.rules.items():
        if pays_money(rule):
            start, end = (
                scenario.scenario.start + timedelta(microseconds=at) for at in running(scenario, rule)
            )
            its = {"serves": OF_RULES, "total": purse_of(scenario, rule), "start": start, "end": end}
            pools[f"rule:{name}"] = _NO_POOL.model_copy(update={"sponsor": name} | its)
    return pools


_NO_POOL = Pool.model_validate({"sponsor": "nobody", "total": "0 yuan"})


def pool_of_rule(scenario: Scenario) -> NDArray[np.int64]:
    """By rule 1 + the index of the pool of its own; 0 for those that pay no money."""
    names = list(all_pools(scenario))
    return np.array(
        [1 + names.index(f"rule:{name}") if pays_money(rule) else 0 for name, rule in scenario.rules.items()],
        np.int64,
    )


def least_grant(scenario: Scenario, rule: Rule) -> int:
    """The least that a rule gives at once: fen of one that pays money, else beans."""
    form = rule.form
    if form.lottery is not None:
        return form.lottery.money or form.lottery.beans
    if form.rank is not None:
        return 1
    if form.refer is not None:
        return _least(form.refer.inviter, form.refer.invitee)
    if form.share is not None:
        return form.share.beans
    if form.goal is not None:
        return _least(form.goal.prize, form.goal.head_start)
    if form.tiers:
        return _least(*(tier.beans for tier in form.tiers))
    if form.add is not None:
        return form.add
    steps = [step.times for step in form.streak.steps] if form.streak is not None else [form.times or PPM]
    more = (
        share_of(beans, times - PPM) for beans in _bases(scenario, rule) for times in steps if times > PPM
    )
    return _least(*more)


def _bases(scenario: Scenario, rule: Rule) -> list[int]:
    """What the things that a rule is about bring without any rule."""
    named = set(rule.what)
    bases = [
        deed.beans
        for name, deed in scenario.deeds.items()
        if named
        & {ANY, name, "gift" if deed.effect == "gift" else "", "join" if deed.effect == "team" else ""}
    ]
    return [*bases, scenario.orders.beans] if named & {ANY, "order"} else bases


def _least(*amounts: int) -> int:
    """The least of those that are something, 1 without any."""
    return min((amount for amount in amounts if amount > 0), default=1)


@dataclass
class Budgets:
    """Rows of rules, in the order of the scenario. `left` are beans not granted yet, UNLIMITED without a budget."""

    scenario: Scenario
    pool: NDArray[np.int64]  # 1 + index of the rule's own pool, 0 = none
    least: NDArray[np.int64]  # what it gives at once, at least
    total: NDArray[np.int64]
    left: NDArray[np.int64]
    ended: NDArray[np.bool_]

    @classmethod
    def draw(cls, scenario: Scenario) -> Budgets:
        """Everything is still there; what would not pay its least grant even so has ended before it began."""
        rules, world = list(scenario.rules.values()), scenario.scenario
        total = np.full(len(rules), UNLIMITED)
        for k, rule in enumerate(rules):
            if rule.budget is not None and not pays_money(rule):
                fen = scaled(rule.budget, world.users, world.real_users)
                total[k] = beans_of_fen(fen, scenario.beans.per_yuan)
        least = np.array([least_grant(scenario, rule) for rule in rules], np.int64)
        purses = [
            scaled(purse_of(scenario, rule), world.users, world.real_users) if pays_money(rule) else UNLIMITED
            for rule in rules
        ]
        ended = np.minimum(total, np.array(purses, np.int64)) < least
        return cls(scenario, pool_of_rule(scenario), least, total, total.copy(), ended)

    @property
    def limited(self) -> NDArray[np.bool_]:
        """Which rules have a budget in beans: what they give are claims."""
        return np.asarray(self.total < UNLIMITED)

    def note_spent(self, now: int, money: NDArray[np.int64]) -> None:
        """At a barrier: rules whose rest would not pay their least grant have ended. `money[k]` is what pool k has.

        A pool that is not filled yet ends nothing; what has ended stays so, for nothing comes back.
        """
        left = self.left.copy()
        for k, rule in enumerate(self.scenario.rules.values()):
            if self.pool[k] > 0 and running(self.scenario, rule)[0] <= now:
                left[k] = money[self.pool[k] - 1]
        self.ended |= left < self.least

    def take_back(self, refused: NDArray[np.void], money: NDArray[np.int64]) -> None:
        """Claims that were served and could not be given after all: a budget, or a pool, has it again."""
        grants = refused[refused["kind"] == Kind.GRANT]
        np.add.at(self.left, grants["rule"].astype(np.int64) - 1, grants["beans"])
        prizes = refused[refused["kind"] == Kind.PRIZE]
        np.add.at(money, prizes["pool"].astype(np.int64) - 1, prizes["fen"])

    def ended_mask(self) -> int:
        """The rules that have ended, one bit each."""
        return sum(1 << k for k in np.flatnonzero(self.ended).tolist())

    def state(self) -> dict[str, Any]:
        """What a snapshot keeps."""
        return {"left": self.left, "ended": self.ended}

    def restore(self, state: dict[str, Any]) -> None:
        """Put a snapshot's rows back."""
        self.left[:] = state["left"]
        self.ended[:] = state["ended"]
