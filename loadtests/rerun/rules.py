"""Incentive rules: what one may pay in all, and to one user in a period. Written out once more, as everything here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from loadtests.rerun.charity import CHINA_US, Charity, Drafted, Line
from sim.spans import DAY_US
from sim.wire import NO_RULE, Row

BEAN, CNY = "BEAN", "CNY"
MONDAY = 4  # 1970-01-05, days since the epoch
CODES = {BEAN: ("3120", "3130", "3140"), CNY: ("3520", "3530", "3540")}  # budget, allowance, reserve


class Bound(NamedTuple):
    """An account that must not fall below 0, what it has left, and what a new period gives it first."""

    code: str
    account: str
    left: int
    fresh: int


def register(charity: Charity, row: Row) -> Drafted:
    """A rule is made known once: `amount` beans and `amount2` fen are what it may pay."""
    if row.rule in charity.rules:
        return "already_done"
    lines: list[Line] = []
    for asset, budget in ((BEAN, row.amount), (CNY, row.amount2)):
        account, _, reserve = CODES[asset]
        if budget:
            lines.append(("posted", reserve, f"{account}:{charity.rule}{row.rule}", asset, budget, None))
    return lines


def bounds(charity: Charity, row: Row, user: int | None, asset: str) -> list[Bound] | str:
    """What the rules that a row names say to it; the code of a refusal if one is not known."""
    named = [rule for rule in dict.fromkeys((row.rule, row.under)) if rule != NO_RULE]
    if any(rule not in charity.rules for rule in named):
        return "not_found"
    return [bound for rule in named for bound in _bounds(charity, row, rule, user, asset)]


def _bounds(charity: Charity, row: Row, rule: int, user: int | None, asset: str) -> list[Bound]:
    terms, found = charity.rules[rule], []
    account, allowance, _ = CODES[asset]
    budget, cap = (terms.amount, terms.minutes) if asset == BEAN else (terms.amount2, terms.period)
    if budget:
        name = f"{account}:{charity.rule}{rule}"
        found.append(Bound("rule_spent", name, charity.accounts.available(name), 0))
    if cap and user is not None:
        name = f"{allowance}:{charity.rule}{rule}:{charity.user}{user}:{_period(charity, row, terms.channel)}"
        fresh = 0 if charity.accounts.cr_posted.get(name) else cap
        found.append(Bound("rule_cap", name, charity.accounts.available(name) + fresh, fresh))
    return found


def _period(charity: Charity, row: Row, days: int) -> str:
    """The first day of the period a row lies in; periods are counted from a Monday."""
    if not days:
        return "ever"
    now = (charity.start_us + row.due_us + CHINA_US) // DAY_US
    first = now - (now - MONDAY) % days
    return datetime.fromtimestamp(first * DAY_US // 1_000_000, UTC).strftime("%Y%m%d")


def refused(limits: list[Bound], amount: int) -> str:
    """The code of the first bound that an amount passes, "" = none."""
    return next((bound.code for bound in limits if bound.left < amount), "")


def used(limits: list[Bound], asset: str, amount: int) -> list[Line]:
    """Every bound goes down by what was paid."""
    lines: list[Line] = []
    reserve = CODES[asset][2]
    for bound in limits if amount else ():
        if bound.fresh:
            lines.append(("posted", reserve, bound.account, asset, bound.fresh, None))
        lines.append(("posted", bound.account, reserve, asset, amount, None))
    return lines


def within(charity: Charity, row: Row, user: int | None, asset: str, amount: int) -> Drafted:
    """The lines of all bounds for an amount, or why it is refused."""
    limits = bounds(charity, row, user, asset)
    if isinstance(limits, str):
        return limits
    return refused(limits, amount) or used(limits, asset, amount)
