"""The numbers that the compiled rules know: modes, columns, refusals, accounts without owner, kinds, documents."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from loadtests.quick.accounts import RANK, Ints
from loadtests.rerun.beans import ALWAYS as ALWAYS
from loadtests.rerun.beans import MOST_PERIODS as MOST_PERIODS
from loadtests.rerun.money import MILLION as MILLION
from loadtests.rerun.rerun import OPENS, STEPS
from sim.bookkeeping import Kind

MODES = ("posted", "pending", "post", "void", "expire")
POSTED, PENDING, POST, VOID, _ = range(5)
MODE, DEBIT, CREDIT, AMOUNT, HOLD = range(5)  # of a line; HOLD 0: it ends none
DR_PENDING, DR_POSTED, CR_PENDING, CR_POSTED, PERIOD = range(5)  # of an account
# Of what a row left behind: its document's state, first and last line of what that holds and their event's seq; the
# fen that its donation brought; whether it is booked, and corrected.
STATE, FIRST_LINE, LAST_LINE, SEQ, BROUGHT, BOOKED, CORRECTED = range(7)
MOST_LINES = MOST_PERIODS + 2 + 6  # those of two rules
FEE_CAP_PPM, IN_BUSINESS = range(2)  # of `facts`

REFUSALS = (
    "insufficient_funds", "too_many_periods", "period_ended", "already_done", "pool_exhausted", "not_found",
    "not_a_donation", "exceeds_donation", "already_reversed", "exceeds_price", "invalid_transition",
    "fee_cap_exceeded", "openings_closed", "rule_spent", "rule_cap",
)  # fmt: skip
(
    TOO_LITTLE, TOO_MANY_PERIODS, PERIOD_ENDED, DONE, EXHAUSTED, MISSING, NO_GIFT, EXCEEDS_GIFT, REVERSED,
    EXCEEDS_PRICE, TRANSITION, EXCEEDS_CAP, CLOSED, SPENT, CAPPED,
) = range(-1, -1 - len(REFUSALS), -1)  # fmt: skip

CUSTODY, CLEARING, ISSUANCE, EXPIRED, REVOKED, REDEEMED, GIVEN, TIME, TIME_SPENT, TIME_REVOKED = (
    RANK[code] for code in (1100, 1110, 3100, 3170, 3160, 3180, 3190, 3300, 3390, 3380)
)
UNNAMED = -1  # no rule, see `asked`
BEAN_RESERVE, MONEY_RESERVE = RANK[3140], RANK[3540]
OPENING = 0  # the kind of an opening balance
GRANT, PRIZE, RULE, DECAY = map(int, (Kind.GRANT, Kind.PRIZE, Kind.RULE, Kind.DECAY))
DEED, IMPORT, HARVEST, FADE, EXPIRE, REVOKE, HOUR_REDEEM, HOUR_REVOKE = map(
    int,
    (
        Kind.DEED, Kind.IMPORT, Kind.HARVEST, Kind.FADE, Kind.EXPIRE, Kind.REVOKE, Kind.HOUR_REDEEM, Kind.HOUR_REVOKE,
    ),
)  # fmt: skip
REDEEM_HOLD, REDEEM_SHIP, REDEEM_CANCEL = map(int, (Kind.REDEEM_HOLD, Kind.REDEEM_SHIP, Kind.REDEEM_CANCEL))
GIFT, BEAN_GIFT, CORRECTION = map(int, (Kind.GIFT, Kind.BEAN_GIFT, Kind.CORRECTION))
ORDER_CREATE, ORDER_PAY, ORDER_CONFIRM, ORDER_REFUND = map(
    int, (Kind.ORDER_CREATE, Kind.ORDER_PAY, Kind.ORDER_CONFIRM, Kind.ORDER_REFUND)
)
POOL_DEPOSIT, POOL_WITHDRAW, TEAM_UNLOCK = map(int, (Kind.POOL_DEPOSIT, Kind.POOL_WITHDRAW, Kind.TEAM_UNLOCK))
DISBURSE_ASK, DISBURSE_PAID, DISBURSE_FAILED, FEE = map(
    int, (Kind.DISBURSE_ASK, Kind.DISBURSE_PAID, Kind.DISBURSE_FAILED, Kind.FEE)
)
MOVE = int(Kind.MOVE)
SETTLE, SETTLE_BACK = map(int, (Kind.SETTLE, Kind.SETTLE_BACK))

# Documents by kind: what opened it, the states it may be in, the state afterwards; 0 = none.
STATES = ["", *dict.fromkeys([*OPENS.values(), *(state for step in STEPS.values() for state in step.states)])]
STATES += [step.state for step in STEPS.values() if step.state not in STATES]
OPENER, FROM, OR_FROM, TO = range(4)
STEP = np.zeros((256, 4), np.int64)
for _kind, _step in STEPS.items():
    _froms = [STATES.index(state) for state in _step.states]
    STEP[_kind] = [_step.opener, _froms[0], _froms[-1], STATES.index(_step.state)]
for _kind, _state in OPENS.items():
    STEP[_kind, TO] = STATES.index(_state)


class Books(NamedTuple):
    """The state of the re-run, all arrays. Few of them, for each is passed on with every call."""

    rows: Any  # by place, asked.ASKED
    left: Ints  # by place, what a row left behind
    accounts: Ints  # by number, four counters and the period
    lines: Ints
    once: Ints  # by number of what is done once
    facts: Ints
