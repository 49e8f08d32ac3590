"""What the ledger is told of the scenario's incentive rules before a slice: what each may pay, in all and to one user.

A rule's budget is scaled as everything is; of beans what was granted before the slice is taken off, by the books. What
a rule paid in money before is in no account of its own, so a slice that begins later bounds money by pools alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.budgets import pays_money
from sim.bookkeeping import Kind
from sim.domain.prizes import beans_of_fen, scaled
from sim.engine.books import Books
from sim.kernel.rows import NO_DEED
from sim.scenario import Rule, Scenario
from sim.scenario.incentives import ANY, PAYS
from sim.wire import NO_RULE

DAYS = {
    "day": 1,
    "week": 7,
    "ever": 0,
}  # over which a user's cap counts; phases are none of the ledger's periods
GRANTED = 3110
LEAST = 1  # what a budget that is spent is told as: 0 would be none


def rule_terms(scenario: Scenario, books: Books, now_s: int) -> list[dict[str, Any]]:
    """By rule, the columns of the request that makes it known at a barrier, by the books as they stand then."""
    granted = books.balances(GRANTED)[1:]
    return [
        {"rule": k, **_budget(scenario, rule, int(granted[k]), now_s), **_cap(rule)}
        for k, rule in enumerate(scenario.rules.values())
    ]


def _budget(scenario: Scenario, rule: Rule, granted: int, now_s: int) -> dict[str, int]:
    if rule.budget is None:
        return {}
    world = scenario.scenario
    fen = scaled(rule.budget, world.users, world.real_users)
    if pays_money(rule) or rule.form.match is not None or rule.form.cofund is not None:
        return {} if now_s else {"amount2": max(fen, LEAST)}
    return {"amount": max(beans_of_fen(fen, scenario.beans.per_yuan) - granted, LEAST)}


def _cap(rule: Rule) -> dict[str, int]:
    """What one user may have: of a cap that everybody is under, and of a match or cofunding."""
    form = rule.form
    if is_cap(rule):
        return {"minutes": form.cap or 0, "channel": DAYS[form.per]}
    shared = form.match or form.cofund
    return {"period": shared.per_account} if shared is not None else {}


def is_cap(rule: Rule) -> bool:
    """Whether a rule caps everybody's beans at all times: what it lets through can be told from deeds and grants."""
    asks = rule.who.model_dump(exclude_defaults=True) | rule.when.model_dump(exclude_defaults=True)
    return rule.form.cap is not None and rule.form.per in DAYS and not asks


class Caps:
    """By kind of row and its deed, the rule that caps it; NO_RULE for none. Of several the first is told."""

    def __init__(self, scenario: Scenario) -> None:
        rules, deeds = list(scenario.rules.values()), list(scenario.deeds)
        self._of = np.full(NO_DEED + 1, NO_RULE, np.uint8)
        for k, rule in reversed(list(enumerate(rules))):
            if is_cap(rule):
                mine = [j for j, deed in enumerate(deeds) if deed in rule.what or ANY in rule.what]
                self._of[mine] = k
        # What other forms give, and what is paid later, is not cut by a cap on the day of the deed.
        self._cut = np.zeros(NO_RULE + 1, bool)
        self._cut[0] = True
        self._cut[1 : len(rules) + 1] = [r.form.kind in PAYS and r.form.later is None for r in rules]

    def of(self, kinds: NDArray[np.uint8], rows: NDArray[np.void]) -> NDArray[np.uint8]:
        """The capping rule of each row."""
        beans = np.isin(kinds, (Kind.DEED, Kind.GRANT)) & (rows["beans"] > 0) & self._cut[rows["rule"]]
        return np.where(beans, self._of[rows["deed"]], np.uint8(NO_RULE))


def is_budgeted(scenario: Scenario) -> NDArray[np.bool_]:
    """By value of the stream's column `rule`, whether its budget is shared by whoever it pays."""
    budgeted = np.zeros(NO_RULE + 1, bool)
    budgeted[1 : len(scenario.rules) + 1] = [rule.budget is not None for rule in scenario.rules.values()]
    return budgeted
