"""The chart of accounts and the posting table: every row by known numbers, and one table for two readers."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.bookkeeping import (
    AMOUNTS,
    CHART,
    EFFECTS,
    POSTINGS,
    ROLES,
    Asset,
    Kind,
    Mode,
    Role,
    Side,
    available,
    balance,
    read_action,
    read_columns,
)

USER = {"user": "u7", "fades": 3, "expires": 12, "klass": 1, "year": 2022}
ORDER = {"fen": 20, "price": 990, "merchant": "m4", "project": "p2"}
MONEY = {"fen": 500, "project": "p2", "ngo": "n1", "merchant": "m4", "pool": "s1"}

# Kind, request, what the journal must say: (mode, debit, credit, asset, amount).
ROWS: list[tuple[Kind, dict[str, Any], list[tuple[str, str, str, str, int]]]] = [
    (Kind.OPEN_BEANS_GROWING, USER | {"beans": 70}, [("posted", "3100", "2100:u7:3", "BEAN", 70)]),
    (Kind.OPEN_BEANS_AVAILABLE, USER | {"beans": 70}, [("posted", "3100", "2110:u7:12", "BEAN", 70)]),
    (Kind.OPEN_HOURS, USER | {"minutes": 60}, [("posted", "3300", "2800:u7:1:2022", "HOUR", 60)]),
    (
        Kind.DEED,
        USER | {"beans": 20, "minutes": 6},
        [("posted", "3100", "2100:u7:3", "BEAN", 20), ("posted", "3300", "2800:u7:1:2022", "HOUR", 6)],
    ),
    (
        Kind.GRANT,
        USER | {"beans": 20, "minutes": 6, "rule": "teams"},
        [
            ("posted", "3110:teams", "2100:u7:3", "BEAN", 20),
            ("posted", "3310:teams", "2800:u7:1:2022", "HOUR", 6),
        ],
    ),
    (Kind.PRIZE, MONEY | {"rule": "night"}, [("posted", "2600:s1", "1100", "CNY", 500)]),
    (Kind.IMPORT, USER | {"minutes": 120}, [("posted", "3300", "2800:u7:1:2022", "HOUR", 120)]),
    (Kind.HARVEST, USER | {"beans": 40}, [("posted", "2100:u7:3", "2110:u7:12", "BEAN", 40)]),
    (Kind.FADE, USER | {"beans": 13}, [("posted", "2100:u7:3", "3170", "BEAN", 13)]),
    (Kind.EXPIRE, USER | {"beans": 14}, [("posted", "2110:u7:12", "3170", "BEAN", 14)]),
    (Kind.DECAY, USER | {"beans": 15}, [("posted", "2110:u7:12", "3170", "BEAN", 15)]),
    (Kind.REDEEM_HOLD, USER | {"beans": 150}, [("pending", "2110:u7:12", "3180", "BEAN", 150)]),
    (Kind.REDEEM_SHIP, USER | {"beans": 150}, [("post", "2110:u7:12", "3180", "BEAN", 150)]),
    (Kind.REDEEM_CANCEL, USER | {"beans": 150}, [("void", "2110:u7:12", "3180", "BEAN", 150)]),
    (Kind.REVOKE, USER | {"beans": 35}, [("posted", "2110:u7:12", "3160", "BEAN", 35)]),
    (
        Kind.BEAN_GIFT,
        USER | MONEY | {"beans": 300, "fen": 300, "minutes": 6},
        [
            ("posted", "2110:u7:12", "3190", "BEAN", 300),
            ("posted", "2600:s1", "2400:p2", "CNY", 300),
            ("posted", "3300", "2800:u7:1:2022", "HOUR", 6),
        ],
    ),
    (
        Kind.GIFT,
        USER | MONEY | {"match": 250, "minutes": 6},
        [
            ("posted", "1110", "2400:p2", "CNY", 500),
            ("posted", "2600:s1", "2400:p2", "CNY", 250),
            ("posted", "3300", "2800:u7:1:2022", "HOUR", 6),
        ],
    ),
    (Kind.HOUR_REDEEM, USER | {"minutes": 30}, [("posted", "2800:u7:1:2022", "3390", "HOUR", 30)]),
    (Kind.HOUR_REVOKE, USER | {"minutes": 30}, [("posted", "2800:u7:1:2022", "3380", "HOUR", 30)]),
    (
        Kind.ORDER_PAY,
        ORDER,
        [
            ("posted", "1110", "2200:m4", "CNY", 990),
            ("pending", "2200:m4", "2400:p2", "CNY", 20),
            ("pending", "2200:m4", "2300:m4", "CNY", 970),
        ],
    ),
    (
        Kind.ORDER_CONFIRM,
        USER | ORDER | {"match": 5, "minutes": 6, "pool": "s1"},
        [
            ("post", "2200:m4", "2400:p2", "CNY", 20),
            ("post", "2200:m4", "2300:m4", "CNY", 970),
            ("posted", "2600:s1", "2400:p2", "CNY", 5),
            ("posted", "3300", "2800:u7:1:2022", "HOUR", 6),
        ],
    ),
    (
        Kind.ORDER_REFUND,
        ORDER,
        [
            ("void", "2200:m4", "2400:p2", "CNY", 20),
            ("void", "2200:m4", "2300:m4", "CNY", 970),
            ("posted", "2200:m4", "1110", "CNY", 990),
        ],
    ),
    (Kind.POOL_DEPOSIT, MONEY, [("posted", "1100", "2600:s1", "CNY", 500)]),
    (Kind.POOL_WITHDRAW, MONEY, [("posted", "2600:s1", "1100", "CNY", 500)]),
    (Kind.TEAM_UNLOCK, MONEY, [("posted", "2600:s1", "2400:p2", "CNY", 500)]),
    (Kind.DISBURSE_ASK, MONEY, [("pending", "2400:p2", "1100", "CNY", 500)]),
    (Kind.DISBURSE_PAID, MONEY, [("post", "2400:p2", "1100", "CNY", 500)]),
    (Kind.DISBURSE_FAILED, MONEY, [("void", "2400:p2", "1100", "CNY", 500)]),
    (Kind.FEE, MONEY, [("posted", "2400:p2", "2450:n1", "CNY", 500)]),
    (Kind.FEE_PAYOUT, MONEY, [("posted", "2450:n1", "1100", "CNY", 500)]),
    (Kind.CORRECTION, MONEY, [("posted", "2400:p2", "1110", "CNY", 500)]),
    (Kind.RETURN, MONEY, [("posted", "2400:p2", "1110", "CNY", 500)]),
    (Kind.RECYCLE_BACK, MONEY, [("posted", "2400:p2", "1110", "CNY", 500)]),
    (Kind.MOVE, MONEY | {"to": "p5"}, [("posted", "2400:p2", "2400:p5", "CNY", 500)]),
    (Kind.SETTLE, MONEY, [("posted", "1100", "1110", "CNY", 500)]),
    (Kind.SETTLE_BACK, MONEY, [("posted", "1110", "1100", "CNY", 500)]),
    (Kind.PAYOUT, MONEY, [("posted", "2300:m4", "1100", "CNY", 500)]),
]

# What stands in stored streams, for ever.
NUMBERS = """
1 OPEN_BEANS_GROWING, 2 OPEN_BEANS_AVAILABLE, 3 OPEN_HOURS, 10 DEED, 11 HARVEST, 12 FADE, 13 EXPIRE,
14 REDEEM_HOLD, 15 REDEEM_SHIP, 16 REDEEM_CANCEL, 17 REVOKE, 18 BEAN_GIFT, 19 GIFT, 20 IMPORT, 21 HOUR_REDEEM,
22 HOUR_REVOKE, 23 RECYCLE_BACK, 24 DECAY, 30 ORDER_PAY, 31 ORDER_CONFIRM, 32 ORDER_REFUND, 40 POOL_DEPOSIT,
41 POOL_WITHDRAW,
42 TEAM_UNLOCK, 50 DISBURSE_ASK, 51 DISBURSE_PAID, 52 DISBURSE_FAILED, 53 FEE, 54 CORRECTION,
55 DISBURSE_APPROVE, 56 MOVE, 57 RETURN, 58 GRANT, 59 PRIZE, 60 SETTLE, 61 SETTLE_BACK, 62 PAYOUT, 63
FEE_PAYOUT, 64 RULE, 100 VISIT, 101 ORDER, 102 ORDER_CREATE, 103 ORDER_CANCEL, 104 ORDER_SHIP, 105 REFUND_LATE, 110
ENTER, 111 SESSION, 112 SHARE, 113 SIGN_UP, 114 ACCOUNT_APPLY, 115 TEAM_JOIN, 116 BENEFIT, 117 BLOCK, 118
GENERAL, 119 BADGE, 130 PLEDGE, 131 UNPLEDGE, 132 NOTICE, 140 PUBLISH, 141 REPORT
"""


@pytest.mark.parametrize(("kind", "action", "journal"), ROWS, ids=[kind.name for kind, _, _ in ROWS])
def test_each_kind_posts_exactly_its_lines(
    kind: Kind, action: dict[str, Any], journal: list[tuple[str, str, str, str, int]]
) -> None:
    """Known numbers: one action becomes the transfers that the ledger's posting table says."""
    assert [
        tuple(map(str, transfer[:4])) + transfer[4:5] for transfer in read_action(kind, action)
    ] == journal


def test_every_booked_kind_has_known_numbers() -> None:
    """No row of the posting table is left untested."""
    assert {kind for kind, _, _ in ROWS} == set(POSTINGS)


def test_kinds_keep_their_numbers() -> None:
    """A stored stream can be read for ever: no kind is renumbered."""
    pinned = {int(n): name for n, name in (pair.split() for pair in NUMBERS.split(","))}
    assert {number: Kind(number).name for number in pinned} == pinned


def test_every_kind_has_a_role() -> None:
    """Who acts: the system opens and settles, everybody not named here is a user."""
    acting = {role: {kind.name for kind in Kind if ROLES[kind] is role} for role in Role}
    assert acting.pop(Role.USER) == {kind.name for kind in Kind}.difference(*acting.values())
    assert acting == {
        Role.SYSTEM: {
            "OPEN_BEANS_GROWING", "OPEN_BEANS_AVAILABLE", "OPEN_HOURS", "SETTLE", "SETTLE_BACK", "RULE",
        },
        Role.SPONSOR: {"POOL_DEPOSIT", "POOL_WITHDRAW", "TEAM_UNLOCK"},
        Role.MERCHANT: {"PAYOUT", "PLEDGE", "UNPLEDGE", "NOTICE"},
        Role.NGO: {"FEE_PAYOUT", "PUBLISH", "REPORT"},
        Role.PROJECT: {
            "DISBURSE_ASK", "DISBURSE_APPROVE", "DISBURSE_PAID", "DISBURSE_FAILED", "FEE", "CORRECTION",
            "MOVE", "RETURN",
        },
    }  # fmt: skip


def test_roles_act_in_an_order_that_money_can_follow() -> None:
    """At one instant settlement and deposits come before whoever spends them."""
    assert ROLES[Kind.SETTLE] < ROLES[Kind.PAYOUT]
    assert ROLES[Kind.POOL_DEPOSIT] < ROLES[Kind.GIFT]
    assert min(Role) == Role.SYSTEM


def test_lines_move_one_asset_between_two_accounts() -> None:
    """Both accounts of a line and its amount are of the line's asset."""
    for lines in POSTINGS.values():
        for line in lines:
            assert line.debit != line.credit or line.to is not None
            assert {CHART[line.debit].asset, CHART[line.credit].asset, AMOUNTS[line.amount]} == {line.asset}


def test_every_hold_can_be_posted_and_voided() -> None:
    """A pending line has a post and a void of the same accounts and amount, and nothing else resolves."""
    lines = [line for rows in POSTINGS.values() for line in rows]
    held = {line[1:] for line in lines if line.mode is Mode.PENDING}
    assert held == {line[1:] for line in lines if line.mode is Mode.POST}
    assert held == {line[1:] for line in lines if line.mode is Mode.VOID}
    released = {"void": (-1, 0), "expire": (-1, 0)}
    assert {"posted": (0, 1), "pending": (1, 0), "post": (-1, 1)} | released == EFFECTS


def test_the_chart_is_the_ledgers() -> None:
    """Asset, normal side and floor of every account; only issuance, clearing and suspense may go below 0."""
    for code, account in CHART.items():
        assert account.asset is (
            Asset.CNY if code < 2100 or 2200 <= code < 2800 or code == 2900 or code >= 3500
            else Asset.HOUR if code in (2800, 3300, 3310, 3380, 3390)
            else Asset.BEAN
        )  # fmt: skip
        assert account.normal is (
            Side.DEBIT if code in (1100, 1110, 3100, 3110, 3140, 3300, 3310, 3540) else Side.CREDIT
        )
        assert account.floor == (None if code in (1110, 2900, 3100, 3140, 3300, 3540) else 0)
    assert len(CHART) == 27


def test_balances_count_on_the_normal_side_less_what_is_held() -> None:
    """Counters (dr_pending, dr_posted, cr_pending, cr_posted) = (30, 200, 7, 1000) on either side."""
    assert (balance(2400, (30, 200, 7, 1000)), available(2400, (30, 200, 7, 1000))) == (800, 770)
    assert (balance(1100, (30, 1000, 7, 200)), available(1100, (30, 1000, 7, 200))) == (800, 793)


def test_a_price_that_is_all_donation_leaves_no_rest() -> None:
    """A line of amount 0 is left out."""
    paid = read_action(Kind.ORDER_PAY, ORDER | {"fen": 990})
    assert [(t.debit, t.credit, t.amount) for t in paid] == [
        ("1110", "2200:m4", 990),
        ("2200:m4", "2400:p2", 990),
    ]


@pytest.mark.parametrize("kind", list(Kind))
def test_refused_actions_post_nothing(kind: Kind) -> None:
    """Whatever an action asks for, an outcome other than 0 moves no balance, by either reader."""
    amounts = dict.fromkeys(("beans", "fen", "match", "minutes", "price"), 7)
    assert read_action(kind, amounts | {"outcome": 1}) == []
    columns = {name: np.array([value]) for name, value in amounts.items()}
    owners = {name: np.array([0]) for name in ("party", "project", "pool", "klass", "rule")}
    for leg in read_columns(kind, columns | owners | {"outcome": np.array([1])}):
        assert leg.amounts.tolist() == [0]


def test_kinds_that_move_no_balance_have_no_transfers() -> None:
    """A visit, a share or a pledge is an action, not an entry."""
    for kind in set(Kind) - set(POSTINGS):
        assert read_action(kind, {}) == []
        assert list(read_columns(kind, {"outcome": np.zeros(3)})) == []


def test_a_missing_field_is_an_error_and_not_a_zero() -> None:
    """The reader of a single action never guesses an amount or an owner."""
    with pytest.raises(KeyError, match="price"):
        read_action(Kind.ORDER_PAY, {"fen": 20, "merchant": "m4", "project": "p2"})
    with pytest.raises(KeyError, match="merchant"):
        read_action(Kind.ORDER_PAY, {"fen": 20, "price": 990, "project": "p2"})


def test_an_amount_below_zero_is_refused() -> None:
    """A donation above the price would leave the merchant less than nothing."""
    with pytest.raises(ValueError, match="rest is -10, below 0"):
        read_action(Kind.ORDER_PAY, ORDER | {"fen": 1000})


amount = st.integers(0, 10**6)
an_action = st.fixed_dictionaries(
    {
        "fen": amount, "rest": amount, "match": amount, "beans": amount, "minutes": amount,
        "party": st.integers(0, 3), "project": st.integers(0, 3), "pool": st.integers(0, 3),
        "klass": st.integers(0, 1), "rule": st.integers(0, 3), "outcome": st.sampled_from([0, 0, 0, 1, 255]),
    }
)  # fmt: skip


@given(st.sampled_from(sorted(POSTINGS)), st.lists(an_action, max_size=12))
def test_both_readers_read_the_same_table(kind: Kind, actions: list[dict[str, int]]) -> None:
    """Account by account, mode by mode: columns of many actions sum to the actions one by one."""
    for action in actions:
        action["price"] = action["fen"] + action.pop("rest")
    singly: dict[tuple[Mode, str, str], int] = defaultdict(int)
    for action in actions:
        named = {"merchant": action["party"], "ngo": action["party"]} | USER | action
        for transfer in read_action(kind, named):
            singly[transfer.mode, transfer.debit, transfer.credit] += transfer.amount
    together: dict[tuple[Mode, str, str], int] = defaultdict(int)
    columns = {name: np.array([a[name] for a in actions], np.int64) for name in actions[0]} if actions else {}
    for leg in read_columns(kind, columns) if actions else ():
        debits = np.broadcast_to(leg.debit_owner, leg.amounts.shape).tolist()
        credits = np.broadcast_to(leg.credit_owner, leg.amounts.shape).tolist()
        for debit, credit, moved in zip(debits, credits, leg.amounts.tolist(), strict=True):
            if moved:
                ids = tuple(_ledger_id(c, o) for c, o in ((leg.line.debit, debit), (leg.line.credit, credit)))
                together[leg.line.mode, ids[0], ids[1]] += moved
    assert together == singly


def _ledger_id(code: int, owner: int) -> str:
    """The ledger's account of an owner index; beans and hours are all of user u7."""
    whole = {2100: "2100:u7:3", 2110: "2110:u7:12", 2800: f"2800:u7:{owner}:2022"}
    return whole.get(code) or (str(code) if CHART[code].column is None else f"{code}:{owner}")


def test_the_dictionary_needs_neither_numba_nor_the_engine() -> None:
    """The HTTP ledger can read the table and start fast."""
    heavy = "{'numba', 'simpy', 'polars', 'sim.engine', 'sim.domain'}"
    code = f"import sys, sim.bookkeeping; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
