"""Incentive rules: what each gave, to how many people, what that costs, and what is left of its budget.

What deeds pay by themselves stands beside them as the rule of no name, so that the rows add up to all that was given.
Which of the two gave is read off the posting: a rule's own account and a sponsor's pool name the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.bookkeeping import CHART, POSTINGS, ROLES, Kind, Line, Role
from sim.observation.cost import GIVEN, POOL
from sim.observation.seen import Seen
from sim.observation.subject import Daybook, Subject, table
from sim.observation.world import World

GROWING, HOURS = 2100, 2800  # accounts: people's beans that grow, their charity time
OWN = ""  # the name of what deeds pay by themselves
FEN_PER_YUAN = 100
# Rows of `given`: what there is to give, in how many rows, what farmers had of it; badges, and beans taken away.
BEANS, MINUTES, FEN, TIMES, FARMED_BEANS, FARMED_FEN, BADGES, GONE = range(8)
FARMED = {BEANS: FARMED_BEANS, FEN: FARMED_FEN}


def given_by(kind: Kind, line: Line) -> int | None:
    """What a line gives; None for one that gives nothing. Money for donated beans is what these are worth: no more."""
    if ROLES[kind] is Role.SYSTEM:
        return None
    if line.debit == POOL:
        return FEN if kind in GIVEN and kind is not Kind.BEAN_GIFT else None
    return {GROWING: BEANS, HOURS: MINUTES}.get(line.credit)


def names_rule(line: Line) -> bool:
    """Whether a row says which rule gives what the line moves."""
    return line.debit == POOL or CHART[line.debit].column == "rule"


# By kind what is given and the column it stands in: by deeds themselves, and by rules.
Gives = tuple[tuple[int, str], ...]
GIVES: dict[tuple[Kind, bool], Gives] = {
    (kind, ruled): found
    for kind, lines in POSTINGS.items()
    for ruled in (False, True)
    if (
        found := tuple(
            (what, line.amount)
            for line in lines
            if (what := given_by(kind, line)) is not None and names_rule(line) == ruled
        )
    )
}


class Rules(Subject):
    """What incentive rules gave."""

    def __init__(self, world: World, book: Daybook) -> None:
        super().__init__(world, book)
        self.names = (OWN, *self.scenario.rules)
        people = world.honest if self.scenario.rules else 0
        self.arrays |= {
            "given": np.zeros((8, len(self.names)), np.int64),
            "got": np.zeros(people, np.int64),  # by honest user who gave them anything, one bit a rule
        }

    def watched(self) -> dict[Kind, Callable[[Seen], None]]:
        """Everything that gives beans, minutes or sponsors' money, and what rules do besides."""
        if not self.scenario.rules:
            return {}
        kinds = dict.fromkeys(kind for kind, _ in GIVES)
        return {kind: partial(self._gave, kind) for kind in kinds} | super().watched()

    def _gave(self, kind: Kind, seen: Seen) -> None:
        for ruled in (False, True):
            if gives := GIVES.get((kind, ruled)):
                self._sum(kind, gives, ruled, seen)

    def _sum(self, kind: Kind, gives: Gives, ruled: bool, seen: Seen) -> None:
        given = self.arrays["given"]
        for what, column in gives:
            _add(given[what], seen.rows, column, ruled)
            if what in FARMED:
                _add(given[FARMED[what]], seen.farmers, column, ruled)
        some = _some(seen.rows, gives)
        np.add.at(given[TIMES], _givers(seen.rows, ruled)[some], 1)
        if ROLES[kind] is Role.USER:
            some = _some(seen.people, gives)
            bits = np.int64(1) << _givers(seen.people, ruled)[some]
            np.bitwise_or.at(self.arrays["got"], seen.people["agent"][some], bits)

    def on_badge(self, seen: Seen) -> None:
        """A tier of merit was reached."""
        np.add.at(self.arrays["given"][BADGES], seen.people["rule"], 1)

    def on_decay(self, seen: Seen) -> None:
        """A rule lets beans go."""
        _add(self.arrays["given"][GONE], seen.rows, "beans", True)

    def price_fen(self, beans: NDArray[np.int64]) -> NDArray[np.int64]:
        """What so many beans are worth at most, fen rounded down: their price when they are given."""
        return beans * FEN_PER_YUAN // self.scenario.beans.per_yuan

    def _budgets(self) -> list[int | None]:
        """By row the rule's budget at simulated size, fen."""
        world = self.scenario.scenario
        return [None] + [
            None if rule.budget is None else rule.budget * world.users // world.real_users
            for rule in self.scenario.rules.values()
        ]

    @table(
        "One row an incentive rule, and before them one of what deeds pay by themselves: together, all that was given.",
        rule='name in the scenario; "" is what deeds pay by themselves',
        why="what it is for, as the scenario says",
        grants="how often it gave something",
        people="people who got something of it, farmers left out",
        beans="beans it gave, also to farmers",
        price_fen="what these beans cost at most: their price when they are given, fen",
        minutes="charity minutes it gave",
        money_fen="sponsors' money it gave: match, cofunding, team money, prizes; for beans see their price, fen",
        cost_fen="both together, fen",
        farmer_fen="of it what went to farmers, fen",
        messages="messages it sent",
        badges="badges people earned by it",
        beans_gone="harvested beans that it let go",
        budget_fen="its budget at simulated size, fen; null without one",
        left_fen="what is left of that, fen; null without one",
    )
    def rules(self) -> pl.DataFrame | None:
        """Every rule: what it gave, what that costs, what is left of its budget."""
        if not self.scenario.rules:
            return None
        given, got = self.arrays["given"], self.arrays["got"]
        cost = self.price_fen(given[BEANS]) + given[FEN]
        budgets = self._budgets()
        sent = self.world.people.messages()[: len(self.scenario.rules)]
        columns = {
            "rule": list(self.names),
            "why": ["", *(rule.why for rule in self.scenario.rules.values())],
            "grants": given[TIMES],
            "people": [int(((got >> k) & 1).sum()) for k in range(len(self.names))],
            "beans": given[BEANS],
            "price_fen": self.price_fen(given[BEANS]),
            "minutes": given[MINUTES],
            "money_fen": given[FEN],
            "cost_fen": cost,
            "farmer_fen": self.price_fen(given[FARMED_BEANS]) + given[FARMED_FEN],
            "messages": np.array([0, *sent]),
            "badges": given[BADGES],
            "beans_gone": given[GONE],
            "budget_fen": budgets,
            "left_fen": _left(budgets, cost.tolist()),
        }
        return pl.DataFrame(columns, schema_overrides={"budget_fen": pl.Int64, "left_fen": pl.Int64})


def _left(budgets: Sequence[int | None], cost: Sequence[int]) -> list[int | None]:
    return [None if budget is None else budget - spent for budget, spent in zip(budgets, cost, strict=True)]


def _givers(rows: NDArray[np.void], ruled: bool) -> NDArray[np.int64]:
    """By row who gives, as a row of the table."""
    return rows["rule"].astype(np.int64) if ruled else np.zeros(len(rows), np.int64)


def _some(rows: NDArray[np.void], gives: Gives) -> NDArray[np.intp]:
    """The rows that give anything."""
    return np.flatnonzero(np.any([rows[column] > 0 for _, column in gives], axis=0))


def _add(sums: NDArray[np.int64], rows: NDArray[np.void], column: str, ruled: bool) -> None:
    """Add a column of rows to its givers' sums."""
    if ruled:
        np.add.at(sums, rows["rule"], rows[column].astype(np.int64))
    else:
        sums[0] += rows[column].sum(dtype=np.int64)
