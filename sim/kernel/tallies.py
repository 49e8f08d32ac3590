"""The second witness: plain counts made while acting, apart from the books and compared with them daily.

An int64 vector; each name below is its index, usable from compiled rules as a global. The kernel counts
what users do; `count_rows` counts the rows that sponsors, projects and the daily settlement add.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import AMOUNTS, Kind
from sim.compiling import table_rule
from sim.kernel.posting import amount_of

# beans
BEANS_ISSUED = 0
BEANS_HARVESTED = 1
BEANS_FADED = 2  # growing beans gone
BEANS_EXPIRED = 3  # available beans gone
BEANS_HELD = 4  # asked for vouchers, shipped later or not
BEANS_REDEEMED = 5  # vouchers shipped
BEANS_RELEASED = 6  # vouchers cancelled
BEANS_REVOKED = 7
BEANS_DONATED = 8
BEAN_FEN = 9  # money pools gave for donated beans
# gifts
GIFTS = 10
GIFT_FEN = 11
MATCHED_FEN = 12  # pools' match of money gifts
# orders
ORDERS = 13
CHARITY_ORDERS = 14
PLEDGED_FEN = 15  # donations of paid orders
PAID_PRICE_FEN = 16
CONFIRMED = 17
CONFIRMED_FEN = 18
CONFIRMED_PRICE_FEN = 19
REFUNDED = 20
REFUNDED_FEN = 21
REFUNDED_PRICE_FEN = 22
ORDER_MATCH_FEN = 23  # pools' match of confirmed orders
# charity time; what was imported is part of the minutes of labour
MINUTES_LABOUR = 24
MINUTES_DONATED = 25
IMPORTED_MINUTES = 26
# counted, never booked
VISITS = 27
SESSIONS = 28
ACTIVE_DAYS = 29
CHOICE_SLOTS = 30
DEEDS = 31
SHARES = 32
SIGNUPS = 33
ENTRIES = 34
GENERAL = 35
REDEEM_REFUSED = 36
BEAN_GIFT_REFUSED = 37
LATE_REFUNDS = 38
CANCELLED = 39
APPLICATIONS = 40
JOINS = 41
BENEFITS = 42
BLOCKED = 43
REVOCATIONS = 44
# rows of other agents and of the system: see count_rows
OPENED_GROWING = 45
OPENED_AVAILABLE = 46
OPENED_LABOUR = 47
OPENED_DONATED = 48
MINUTES_REDEEMED = 49
MINUTES_REVOKED = 50
DEPOSITED_FEN = 51
WITHDRAWN_FEN = 52
UNLOCKED_FEN = 53
ASKED_FEN = 54  # disbursements asked for, then paid or failed
DISBURSED_FEN = 55
FAILED_FEN = 56
FEE_FEN = 57
FEE_PAID_FEN = 58
CORRECTED_FEN = 59
SETTLED_FEN = 60
SETTLED_BACK_FEN = 61
PAID_OUT_FEN = 62
# counted by the kernel
RECYCLED_FEN = 63  # farmers' gifts that went back

# The names in the order of their indices, which is the order above.
TALLIES: tuple[str, ...] = tuple(name.lower() for name, at in list(globals().items()) if type(at) is int)
COUNT = len(TALLIES)

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
    Kind.SETTLE: (SETTLED_FEN, "fen"),
    Kind.SETTLE_BACK: (SETTLED_BACK_FEN, "fen"),
    Kind.PAYOUT: (PAID_OUT_FEN, "fen"),
}
# What each of these gives a project, for the witness of projects' raised money.
_RAISED = (Kind.GIFT, Kind.BEAN_GIFT, Kind.ORDER_CONFIRM, Kind.TEAM_UNLOCK)

_GIVEN_BACK = (Kind.RECYCLE_BACK,)

# The same as plain numbers: by kind and class of time the tally, -1 = none, and by kind the column.
_INTO, _COLUMN = np.full((256, 2), -1), np.zeros(256, np.int64)
for _kind, (_index, _name) in _SUMS.items():
    _INTO[_kind], _COLUMN[_kind] = _index, list(AMOUNTS).index(_name)
_INTO[Kind.OPEN_HOURS] = OPENED_LABOUR, OPENED_DONATED
_GIVES = np.isin(np.arange(256), _RAISED)
_TAKES = np.isin(np.arange(256), _GIVEN_BACK)


def fresh() -> NDArray[np.int64]:
    """A vector of zeros."""
    return np.zeros(COUNT, np.int64)


def named(tally: NDArray[np.int64]) -> SimpleNamespace:
    """The vector's counts as Python integers under their names: `named(tally).gift_fen`."""
    return SimpleNamespace(**dict(zip(TALLIES, tally.tolist(), strict=True)))


def count_rows(tally: NDArray[np.int64], actions: NDArray[np.void]) -> None:
    """Add rows the kernel does not count: openings, hours spent, sponsors, projects, settlement.

    Rows of the kernel's own kinds add nothing, so a whole stream may be given; refused rows add nothing.
    """
    _count_rows(actions, tally, _INTO, _COLUMN)


def count_raised(raised: NDArray[np.int64], actions: NDArray[np.void]) -> None:
    """Add to each project's raised fen what the rows of a stream give it: gifts, matches, orders, unlocks."""
    _count_by_project(actions, raised, _GIVES)


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
def _count_by_project(actions: Any, sums: Any, counted: Any) -> None:
    for k in range(len(actions)):
        row = actions[k]
        if row.outcome == 0 and counted[row.kind] and 0 <= row.project < len(sums):
            sums[row.project] += row.fen + row.match
