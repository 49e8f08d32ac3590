"""The ledger's own transfers added up, compiled: four counters an account, open holds, floors after each event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadtests.quick import numbers as N
from loadtests.quick.accounts import Ints
from loadtests.quick.compiling import making_rule, rule

NO_FLOOR, CREDIT_FLOOR, DEBIT_FLOOR = range(
    3
)  # whether an account may not go below 0, and the side it grows on
GOOD, NOT_OPEN, TOO_MUCH = range(3)  # how a line ends a hold


@dataclass(frozen=True)
class Folded:
    """counters: by account. ending: by line, what is wrong with the hold it ends. below, account: by event, how far the
    lowest account it lowered is below its floor, and which that is. open: how many holds are open at the end."""

    counters: Ints
    ending: NDArray[np.uint8]
    below: Ints
    account: Ints
    open: int


@rule
def left(c: Ints, a: int, floor: int) -> int:
    """What may leave an account."""
    if floor == DEBIT_FLOOR:
        return int(c[a, N.DR_POSTED] - c[a, N.CR_POSTED] - c[a, N.CR_PENDING])
    return int(c[a, N.CR_POSTED] - c[a, N.DR_POSTED] - c[a, N.DR_PENDING])


@rule
def book_line(c: Ints, line: Ints, held: int) -> None:
    """Move the counters by one line; `held` is what the hold it ends was for."""
    debit, credit = line[N.DEBIT], line[N.CREDIT]
    if line[N.MODE] == N.PENDING:
        c[debit, N.DR_PENDING] += line[N.AMOUNT]
        c[credit, N.CR_PENDING] += line[N.AMOUNT]
    elif line[N.MODE] != N.POSTED:
        c[debit, N.DR_PENDING] -= held
        c[credit, N.CR_PENDING] -= held
    if line[N.MODE] == N.POSTED or line[N.MODE] == N.POST:
        c[debit, N.DR_POSTED] += line[N.AMOUNT]
        c[credit, N.CR_POSTED] += line[N.AMOUNT]


@rule
def end_hold(lines: Ints, j: int, target: int, is_open: NDArray[np.bool_]) -> int:
    """What is wrong with how line j ends the hold opened by line `target`. It is not open any more."""
    if target < 0 or not is_open[target]:
        return NOT_OPEN
    hold, line = lines[target], lines[j]
    if hold[N.DEBIT] != line[N.DEBIT] or hold[N.CREDIT] != line[N.CREDIT]:
        return NOT_OPEN
    is_open[target] = False
    return TOO_MUCH if line[N.AMOUNT] > hold[N.AMOUNT] else GOOD


@making_rule
def add_up(
    lines: Ints, offsets: Ints, targets: Ints, floors: NDArray[np.uint8], c: Ints, ending: NDArray[np.uint8],
    below: Ints, account: Ints,
) -> int:  # fmt: skip
    """Fill counters, endings and what is below a floor; how many holds stay open."""
    is_open = np.zeros(len(lines), np.bool_)
    for i in range(len(offsets) - 1):
        for j in range(offsets[i], offsets[i + 1]):
            line, held = lines[j], 0
            if line[N.MODE] == N.PENDING:
                is_open[j] = True
            elif line[N.MODE] != N.POSTED:
                ending[j] = end_hold(lines, j, targets[j], is_open)
                if ending[j] == NOT_OPEN:
                    continue
                held = lines[targets[j], N.AMOUNT]
            book_line(c, line, held)
        for j in range(offsets[i], offsets[i + 1]):
            for a in (lines[j, N.DEBIT], lines[j, N.CREDIT]):
                short = -left(c, a, floors[a]) if floors[a] != NO_FLOOR else 0
                if short > below[i]:
                    below[i], account[i] = short, a
    return int(np.count_nonzero(is_open))


def fold(lines: Ints, offsets: Ints, targets: Ints, floors: NDArray[np.uint8]) -> Folded:
    """Add up lines (as the rules have them) event by event; targets: by line, the line that opened the hold it ends."""
    counters, ending = np.zeros((len(floors), 4), np.int64), np.zeros(len(lines), np.uint8)
    below, account = np.zeros(len(offsets) - 1, np.int64), np.zeros(len(offsets) - 1, np.int64)
    still_open = add_up(lines, offsets, targets, floors, counters, ending, below, account)
    return Folded(counters, ending, below, account, still_open)


@rule
def mark_different(
    ours: Ints, our_offsets: Ints, theirs: Ints, their_offsets: Ints, different: NDArray[np.bool_]
) -> None:
    """Mark the events whose lines are not the same, in the same order."""
    for i in range(len(different)):
        a, b, count = our_offsets[i], their_offsets[i], our_offsets[i + 1] - our_offsets[i]
        if their_offsets[i + 1] - b != count:
            different[i] = True
            continue
        for j in range(count):
            for column in range(5):
                if ours[a + j, column] != theirs[b + j, column]:
                    different[i] = True
