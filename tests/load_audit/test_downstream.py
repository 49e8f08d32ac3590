"""What depends on the order, and what follows from that: doubt spreads so far and no further."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from loadtests.auditing.downstream import Downstream, downstream
from loadtests.auditing.evidence import Evidence
from loadtests.quick.asked import asked
from loadtests.sendlog import RECORD
from sim.bookkeeping import Kind
from sim.trace import empty_columns
from sim.wire import Expected, Row, Wire
from tests.load_audit.running import columns_of, wandering_run
from tests.load_audit.wandering import START_US

PERIOD = 20220912
DEPENDS = int(Expected.DEPENDS)


def row(n: int, kind: Kind, user: int = 0, **values: Any) -> Row:
    """Row n of a user."""
    defaults: dict[str, Any] = {
        "amount": 100,
        "amount2": 100,
        "object": 0,
        "party": 0,
        "pool": 0,
        "period": PERIOD,
    }
    return Row(n, n, user, int(kind), subject=user, **(defaults | values))


def spread(rows: list[Row], unanswered: tuple[int, ...] = ()) -> tuple[list[int], set[str]]:
    """Which rows, and which accounts, are downstream."""
    evidence = Evidence(Wire("run", START_US), columns_of(rows), empty_columns(), np.empty(0, RECORD), [""])
    accounts = asked(evidence).accounts
    missing = np.zeros(len(rows), np.bool_)
    missing[list(unanswered)] = True
    found: Downstream = downstream(evidence, accounts, missing)
    names = accounts.names()
    return np.flatnonzero(found.rows).tolist(), {names[a] for a in np.flatnonzero(found.accounts)}


def test_nothing_is_downstream_where_no_row_depends() -> None:
    """A trace without limited accounts is certain all through."""
    assert spread([row(0, Kind.DEED, minutes=6), row(1, Kind.HARVEST), row(2, Kind.REDEEM_HOLD)]) == (
        [],
        set(),
    )


def test_a_gift_of_beans_puts_its_user_in_doubt_from_then_on() -> None:
    """What the same user spends later is downstream; what was before it, and every other user, is not."""
    rows = [
        row(0, Kind.HARVEST), row(1, Kind.REDEEM_HOLD), row(2, Kind.BEAN_GIFT, minutes=6, expected=DEPENDS),
        row(3, Kind.EXPIRE), row(4, Kind.HARVEST), row(5, Kind.HARVEST, user=1), row(6, Kind.EXPIRE, user=1),
    ]  # fmt: skip
    certain, accounts = spread(rows)
    assert certain == [2, 3]
    time = {"2800:u0:donated:2022", "3300"}
    assert accounts == {"2110:u0:20220912", "2400:p0", "2600:s0", "3170", "3190"} | time


def test_the_end_of_a_doubtful_redemption_is_doubtful() -> None:
    """Documents carry doubt on: the voucher that may not have been held may not be shipped."""
    rows = [
        row(0, Kind.BEAN_GIFT, expected=DEPENDS), row(1, Kind.REDEEM_HOLD), row(2, Kind.REDEEM_SHIP, ref=1),
        row(3, Kind.REDEEM_HOLD, user=1), row(4, Kind.REDEEM_SHIP, user=1, ref=3),
    ]  # fmt: skip
    certain, accounts = spread(rows)
    assert certain == [0, 1, 2]
    assert "3180" in accounts


def test_a_match_puts_pool_and_project_in_doubt_and_nothing_else() -> None:
    """How much a pool adds to a gift says nothing of the gift itself, its giver's time, or the merchant's money."""
    rows = [
        row(0, Kind.GIFT, minutes=6, expected=DEPENDS),
        row(1, Kind.ORDER_CREATE, object=1, party=1),
        row(2, Kind.ORDER_PAY, ref=1),
        row(3, Kind.ORDER_CONFIRM, ref=1, minutes=6, pool=1, expected=DEPENDS),
    ]
    certain, accounts = spread(rows)
    assert certain == [0, 3]
    assert accounts == {"2400:p0", "2400:p1", "2600:s0", "2600:s1"}


def test_an_order_that_was_never_answered_takes_its_money_along() -> None:
    """A payment nobody answered and the ledger does not have: confirming cannot work, and its accounts differ."""
    rows = [
        row(0, Kind.ORDER_CREATE, object=1, party=1), row(1, Kind.ORDER_PAY, ref=0),
        row(2, Kind.ORDER_CONFIRM, ref=0, amount2=0, minutes=6), row(3, Kind.DEED, user=1),
    ]  # fmt: skip
    certain, accounts = spread(rows, unanswered=(1,))
    assert certain == [1, 2]
    assert {"2200:m1", "2300:m1", "2400:p1", "1110", "2800:u0:donated:2022"} <= accounts
    assert not {name for name in accounts if name.startswith("2100:")}


def test_a_record_that_was_never_answered_may_be_brought_again() -> None:
    """Two rows bring the same partner's record: the second is refused only if the first got through."""
    rows = [
        row(0, Kind.IMPORT, amount=0, amount2=7, minutes=6), row(1, Kind.IMPORT, amount=0, amount2=8, minutes=6),
        row(2, Kind.IMPORT, user=1, amount=0, amount2=7, minutes=6),
    ]  # fmt: skip
    assert spread(rows, unanswered=(0,))[0] == [0, 2]


def test_payouts_follow_doubt_whenever_it_arose() -> None:
    """What a merchant is owed comes from buyers' chains: a later row's doubt reaches an earlier payout."""
    rows = [
        row(0, Kind.ORDER_CREATE, party=1), row(1, Kind.ORDER_PAY, ref=0), row(2, Kind.PAYOUT, party=1),
        row(3, Kind.PAYOUT, party=0), row(4, Kind.ORDER_CONFIRM, ref=0, amount2=0),
    ]  # fmt: skip
    assert spread(rows, unanswered=(4,))[0] == [2, 4]


def test_a_correction_is_as_certain_as_its_donation() -> None:
    """It touches the project of the donation it takes back, whatever its own row says."""
    rows = [
        row(0, Kind.GIFT, object=1, amount2=0), row(1, Kind.CORRECTION, ref=0, object=0, expected=DEPENDS),
        row(2, Kind.GIFT, object=0, amount2=0),
    ]  # fmt: skip
    certain, accounts = spread(rows)
    assert certain == [1]
    assert accounts == {"1110", "2400:p1"}


@pytest.mark.parametrize("seed", range(100, 110))
def test_accounts_outside_it_equal_the_simulation_in_any_order(seed: int) -> None:
    """With six in flight and answers lost, what is not downstream closes as when all was played one by one."""
    verdict = wandering_run(seed, 250, lost=0.03).audit()
    check = verdict.check("as-simulated")
    assert check.status == "passed", check
    assert min(check.counts["compared"], check.counts["downstream"]) > 0
