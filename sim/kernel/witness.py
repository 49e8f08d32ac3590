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
    BEANS_GRANTED,
    CORRECTED_FEN,
    DEPOSITED_FEN,
    DISBURSED_FEN,
    FAILED_FEN,
    FEE_FEN,
    FEE_PAID_FEN,
    GRANTED_DONATED,
    GRANTED_LABOUR,
    MINUTES_REDEEMED,
    MINUTES_REVOKED,
    MOVED_FEN,
    OPENED_AVAILABLE,
    OPENED_DONATED,
    OPENED_GROWING,
    OPENED_LABOUR,
    PAID_OUT_FEN,
    PRIZE_FEN,
    RETURNED_FEN,
    SETTLED_BACK_FEN,
    SETTLED_FEN,
    UNLOCKED_FEN,
    WITHDRAWN_FEN,
)

# What rows made outside the kernel, or by a rule, add: kind → (tally, column summed).
_SUMS: dict[Kind, tuple[int, str]] = {
    Kind.OPEN_BEANS_GROWING: (OPENED_GROWING, "beans"),
    Kind.OPEN_BEANS_AVAILABLE: (OPENED_AVAILABLE, "beans"),
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
    Kind.GRANT: (BEANS_GRANTED, "beans"),
    Kind.PRIZE: (PRIZE_FEN, "fen"),
}
# Minutes, which are counted by class of time: kind → (tally of labour, tally of donated).
_TIMES: dict[Kind, tuple[int, int]] = {
    Kind.OPEN_HOURS: (OPENED_LABOUR, OPENED_DONATED),
    Kind.GRANT: (GRANTED_LABOUR, GRANTED_DONATED),
}
# What each of these gives a project, for the witness of projects' raised money.
_RAISED = (Kind.GIFT, Kind.BEAN_GIFT, Kind.ORDER_CONFIRM, Kind.TEAM_UNLOCK)

_MOVE = int(Kind.MOVE)
_GIVEN_BACK = (Kind.RECYCLE_BACK,)

# The same as plain numbers: by kind the tally, -1 = none, and its column; by kind and class of time the tally.
_INTO, _COLUMN, _TIME = np.full(256, -1), np.zeros(256, np.int64), np.full((256, 2), -1)
for _kind, (_index, _name) in _SUMS.items():
    _INTO[_kind], _COLUMN[_kind] = _index, list(AMOUNTS).index(_name)
for _kind, _classes in _TIMES.items():
    _TIME[_kind] = _classes
_GIVES = np.isin(np.arange(256), _RAISED)
_TAKES = np.isin(np.arange(256), _GIVEN_BACK)


def count_rows(tally: NDArray[np.int64], actions: NDArray[np.void]) -> None:
    """Add rows the kernel does not count: openings, hours spent, sponsors, projects, settlement, rules.

    Rows of the kernel's own kinds add nothing, so a whole stream may be given; refused rows add nothing.
    """
    _count_rows(actions, tally, _INTO, _COLUMN, _TIME)


def count_raised(raised: NDArray[np.int64], actions: NDArray[np.void]) -> None:
    """Add to each project's raised fen what a stream gives it: gifts, matches, orders, unlocks, what others left."""
    _count_by_project(actions, raised, _GIVES)
    _count_moved(actions, raised)


def count_recycled(recycled: NDArray[np.int64], actions: NDArray[np.void]) -> None:
    """Add to each project's recycled fen what went back to farmers: money that was never raised."""
    _count_by_project(actions, recycled, _TAKES)


@table_rule
def _count_rows(actions: Any, tally: Any, into: Any, column: Any, time: Any) -> None:
    for k in range(len(actions)):
        row = actions[k]
        if row.outcome != 0:
            continue
        if into[row.kind] >= 0:
            tally[into[row.kind]] += amount_of(row, column[row.kind])
        if time[row.kind, 0] >= 0:
            tally[time[row.kind, min(row.klass, 1)]] += row.minutes


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
