"""What rows made outside the kernel add to the second witness: the tallies, and each project's raised money."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import AMOUNTS, Kind
from sim.compiling import table_rule
from sim.kernel.posting import amount_of
from sim.kernel.tallies import (
    ASKED_FEN,
    CORRECTED_FEN,
    DEPOSITED_FEN,
    DISBURSED_FEN,
    FAILED_FEN,
    FEE_FEN,
    FEE_PAID_FEN,
    MINUTES_REDEEMED,
    MINUTES_REVOKED,
    MOVED_FEN,
    OPENED_AVAILABLE,
    OPENED_DONATED,
    OPENED_GROWING,
    OPENED_LABOUR,
    PAID_OUT_FEN,
    RETURNED_FEN,
    SETTLED_BACK_FEN,
    SETTLED_FEN,
    UNLOCKED_FEN,
    WITHDRAWN_FEN,
)

# What rows made outside the kernel add: kind → (tally, column summed).
_SUMS: dict[Kind, tuple[int, str]] = {
    Kind.OPEN_BEANS_GROWING: (OPENED_GROWING, "beans"),
    Kind.OPEN_BEANS_AVAILABLE: (OPENED_AVAILABLE, "beans"),
    Kind.OPEN_HOURS: (OPENED_LABOUR, "minutes"),  # or OPENED_DONATED, by class
    Kind.HOUR_REDEEM: (MINUTES_REDEEMED, "minutes"),
    Kind.HOUR_REVOKE: (MINUTES_REVOKED, "minutes"),
    Kind.POOL_DEPOSIT: (DEPOSITED_FEN, "fen"),
    Kind.POOL_WITHDRAW: (WITHDRAWN_FEN, "fen"),
    Kind.TEAM_UNLOCK: (UNLOCKED_FEN, "fen"),
    Kind.DISBURSE_ASK: (ASKED_FEN, "fen"),
    Kind.DISBURSE_PAID: (DISBURSED_FEN, "fen"),
    Kind.DISBURSE_FAILED: (FAILED_FEN, "fen"),
    Kind.FEE: (FEE_FEN, "fen"),
    Kind.FEE_PAYOUT: (FEE_PAID_FEN, "fen"),
    Kind.CORRECTION: (CORRECTED_FEN, "fen"),
    Kind.MOVE: (MOVED_FEN, "fen"),
    Kind.RETURN: (RETURNED_FEN, "fen"),
    Kind.SETTLE: (SETTLED_FEN, "fen"),
    Kind.SETTLE_BACK: (SETTLED_BACK_FEN, "fen"),
    Kind.PAYOUT: (PAID_OUT_FEN, "fen"),
}
# What each of these gives a project, for the witness of projects' raised money.
_RAISED = (Kind.GIFT, Kind.BEAN_GIFT, Kind.ORDER_CONFIRM, Kind.TEAM_UNLOCK)

_MOVE = int(Kind.MOVE)
_GIVEN_BACK = (Kind.RECYCLE_BACK,)

# The same as plain numbers: by kind and class of time the tally, -1 = none, and by kind the column.
_INTO, _COLUMN = np.full((256, 2), -1), np.zeros(256, np.int64)
for _kind, (_index, _name) in _SUMS.items():
    _INTO[_kind], _COLUMN[_kind] = _index, list(AMOUNTS).index(_name)
_INTO[Kind.OPEN_HOURS] = OPENED_LABOUR, OPENED_DONATED
_GIVES = np.isin(np.arange(256), _RAISED)
_TAKES = np.isin(np.arange(256), _GIVEN_BACK)


def count_rows(tally: NDArray[np.int64], actions: NDArray[np.void]) -> None:
    """Add rows the kernel does not count: openings, hours spent, sponsors, projects, settlement.

    Rows of the kernel's own kinds add nothing, so a whole stream may be given; refused rows add nothing.
    """
    _count_rows(actions, tally, _INTO, _COLUMN)


def count_raised(raised: NDArray[np.int64], actions: NDArray[np.void]) -> None:
    """Add to each project's raised fen what a stream gives it: gifts, matches, orders, unlocks, what others left."""
    _count_by_project(actions, raised, _GIVES)
    _count_moved(actions, raised)


def count_recycled(recycled: NDArray[np.int64], actions: NDArray[np.void]) -> None:
    """Add to each project's recycled fen what went back to farmers: money that was never raised."""
    _count_by_project(actions, recycled, _TAKES)


@table_rule
def _count_rows(actions: Any, tally: Any, into: Any, column: Any) -> None:
    for k in range(len(actions)):
        row = actions[k]
        index = into[row.kind, min(row.klass, 1)]
        if index >= 0 and row.outcome == 0:
            tally[index] += amount_of(row, column[row.kind])


@table_rule
def _count_moved(actions: Any, sums: Any) -> None:
    for k in range(len(actions)):
        row = actions[k]
        if row.kind == _MOVE and row.outcome == 0 and 0 <= row.party < len(sums):
            sums[row.party] += row.fen


@table_rule
def _count_by_project(actions: Any, sums: Any, counted: Any) -> None:
    for k in range(len(actions)):
        row = actions[k]
        if row.outcome == 0 and counted[row.kind] and 0 <= row.project < len(sums):
            sums[row.project] += row.fen + row.match
