"""The second witness: plain counts made while acting, apart from the books and compared with them daily.

An int64 vector; each name below is its index, usable from compiled rules as a global. The kernel counts
what users do; `sim.kernel.witness` counts the rows that sponsors, projects and the daily settlement add.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

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
# rows of other agents and of the system: see sim.kernel.witness
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
# rows of projects: see sim.kernel.witness
MOVED_FEN = 64  # what ended projects left to others
RETURNED_FEN = 65  # gifts to ended projects that went back
# rows of incentive rules, whoever wrote them: see sim.kernel.witness
BEANS_GRANTED = 66  # beside those of deeds, which are BEANS_ISSUED
GRANTED_LABOUR = 67  # minutes, beside MINUTES_LABOUR and MINUTES_DONATED
GRANTED_DONATED = 68
PRIZE_FEN = 69
MESSAGES = 70
BADGES = 71
BEANS_PROMISED = 72  # for later, and not due yet

# The names in the order of their indices, which is the order above.
TALLIES: tuple[str, ...] = tuple(name.lower() for name, at in list(globals().items()) if type(at) is int)
COUNT = len(TALLIES)


def fresh() -> NDArray[np.int64]:
    """A vector of zeros."""
    return np.zeros(COUNT, np.int64)


def named(tally: NDArray[np.int64]) -> SimpleNamespace:
    """The vector's counts as Python integers under their names: `named(tally).gift_fen`."""
    return SimpleNamespace(**dict(zip(TALLIES, tally.tolist(), strict=True)))
