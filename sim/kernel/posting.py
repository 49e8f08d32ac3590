"""Posting a part of the stream in one compiled pass, from the posting table as plain numbers.

`sim.bookkeeping` alone says what is posted; a `Plan` is that table laid out for one set of counters. The pass
stops at the first row that cannot be posted and leaves it to the caller to say why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import AMOUNTS, CR_PENDING, DR_PENDING, EFFECTS, POSTINGS, ROLES, Line, Owner
from sim.compiling import rule, table_rule

LIMIT = 2**62  # a counter beyond it could wrap on the next addition
ALL = -1  # every row was posted
BEANS, MINUTES, FEN, MATCH, PRICE, REST = (
    list(AMOUNTS).index(name) for name in ("beans", "minutes", "fen", "match", "price", "rest")
)
OWNERS = (None, "party", "project", "pool", "klass", "rule")  # the columns that pick an owner
ONE, PARTY, PROJECT, POOL, KLASS, RULE = range(len(OWNERS))

SIDE = np.dtype([("at", "i8"), ("owner", "i8"), ("owners", "i8")])  # of `at`: where its four counters begin
LINE = np.dtype(
    [("amount", "i8"), ("pending", "i8"), ("posted", "i8"), ("debit", SIDE), ("credit", SIDE)], align=True
)


class Plan(NamedTuple):
    """The lines of all kinds, one after the other: those of a kind are first[kind] … first[kind + 1] (exclusive)."""

    lines: NDArray[np.void]
    first: NDArray[np.int64]
    exists: NDArray[np.bool_]  # by number of a kind


def plan(at: Mapping[int, int], owners: Mapping[int, int]) -> Plan:
    """The posting table over counters of which each account's begin at `at` and go over so many `owners`."""

    def side(code: int, owner: Owner) -> tuple[int, int, int]:
        return at[code], OWNERS.index(owner.column), owners[code]

    def laid_out(line: Line) -> tuple[Any, ...]:
        amount = list(AMOUNTS).index(line.amount)
        debit, credit = map(side, (line.debit, line.credit), line.owners)
        return (amount, *EFFECTS[line.mode], debit, credit)

    by_kind: list[tuple[Line, ...]] = [()] * 256
    for kind, lines in POSTINGS.items():
        by_kind[kind] = lines
    first = np.cumsum([0, *map(len, by_kind)])
    rows = [laid_out(line) for lines in by_kind for line in lines]
    return Plan(np.array(rows, LINE), first, np.isin(np.arange(256), list(ROLES)))


@rule
def amount_of(row: Any, amount: int) -> int:
    """The column that a line moves; `rest` is what a sale leaves the merchant."""
    if amount == BEANS:
        return int(row.beans)
    if amount == MINUTES:
        return int(row.minutes)
    if amount == FEN:
        return int(row.fen)
    if amount == MATCH:
        return int(row.match)
    if amount == PRICE:
        return int(row.price)
    return int(row.price - row.fen)


@rule
def owner_of(row: Any, column: int) -> int:
    """The owner whose counters a side moves."""
    if column == PARTY:
        return int(row.party)
    if column == PROJECT:
        return int(row.project)
    if column == POOL:
        return int(row.pool)
    if column == KLASS:
        return int(row.klass)
    if column == RULE:
        return int(row.rule)
    return 0


@rule
def add(counters: Any, at: int, change: int) -> bool:
    """Add to a counter; False, and nothing added, where that would go beyond the limit (or far below 0)."""
    held = counters[at]
    if (change > 0 and change > LIMIT - held) or (change < 0 and -change > LIMIT - 1 + held):
        return False
    counters[at] = held + change
    return True


@rule
def post_side(
    row: Any, side: Any, counter: int, amount: int, pending: int, posted: int, counters: Any
) -> bool:
    """Move one side of a line: its pending counter, and the posted one that follows it. False: it cannot be moved."""
    owner = owner_of(row, side.owner)
    if owner < 0 or owner >= side.owners:
        return False
    at = side.at + counter * side.owners + owner
    return add(counters, at, pending * amount) and add(counters, at + side.owners, posted * amount)


@table_rule
def post_rows(actions: Any, lines: Any, first: Any, exists: Any, counters: Any) -> int:
    """Post every accepted row; returns ALL, or the index of the first row that cannot be posted.

    Amounts of 0 are left out and their owners not looked at.
    """
    for k in range(len(actions)):
        row = actions[k]
        if not exists[row.kind]:
            return k
        if row.outcome != 0:
            continue
        for j in range(first[row.kind], first[row.kind + 1]):
            line = lines[j]
            amount = amount_of(row, line.amount)
            if amount == 0:
                continue
            if amount < 0 or amount > LIMIT:
                return k
            if not post_side(row, line.debit, DR_PENDING, amount, line.pending, line.posted, counters):
                return k
            if not post_side(row, line.credit, CR_PENDING, amount, line.pending, line.posted, counters):
                return k
    return ALL
