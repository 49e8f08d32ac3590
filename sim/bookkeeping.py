"""The one dictionary between charity and ledger: chart of accounts and posting table, as data.

Each kind of action that moves beans (1), money (fen) or charity time (minutes) is a tuple of lines, each
one debit and one credit of one amount. Two short readers serve the same table: `read_columns` for the
engine and the auditor, `read_action` for one request of the ledger. Neither knows what an action means.

Accounts carry TigerBeetle's four counters (debits and credits, pending and posted); `EFFECTS` says which of
them a line's mode moves. A hold is a pending line; a later action posts or voids it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.ledger.accounts import Side
from sim.ledger.entries import EFFECTS as EFFECTS
from sim.ledger.entries import RESOLVES, Hold, Mode, Transfer


class Asset(StrEnum):
    """What is counted: beans, fen of yuan, minutes of charity time."""

    BEAN = "BEAN"
    CNY = "CNY"
    HOUR = "HOUR"


class Role(IntEnum):
    """Who acts. At one instant the roles act in this order: settlement comes before payouts."""

    SYSTEM = 0
    SPONSOR = 1
    USER = 2
    MERCHANT = 3
    NGO = 4
    PROJECT = 5


class Kind(IntEnum):
    """What an action is. The numbers stand in every stored stream: never renumber, only add."""

    # booked: some balance moves
    OPEN_BEANS_GROWING = 1
    OPEN_BEANS_AVAILABLE = 2
    OPEN_HOURS = 3
    DEED = 10
    HARVEST = 11
    FADE = 12
    EXPIRE = 13
    REDEEM_HOLD = 14
    REDEEM_SHIP = 15
    REDEEM_CANCEL = 16
    REVOKE = 17
    BEAN_GIFT = 18
    GIFT = 19
    IMPORT = 20
    HOUR_REDEEM = 21
    HOUR_REVOKE = 22
    DECAY = 24  # what a rule lets go of harvested beans at midnight
    RECYCLE_BACK = 23  # a farmer's gift goes back; the ledger corrects that donation
    ORDER_PAY = 30
    ORDER_CONFIRM = 31
    ORDER_REFUND = 32
    POOL_DEPOSIT = 40
    POOL_WITHDRAW = 41
    TEAM_UNLOCK = 42
    DISBURSE_ASK = 50
    DISBURSE_PAID = 51
    DISBURSE_FAILED = 52
    FEE = 53
    CORRECTION = 54
    DISBURSE_APPROVE = 55  # not booked: a request of the ledger, never an action of the simulation
    MOVE = 56  # what an ended project did not use goes to another of its cause
    RETURN = 57  # a gift to a project that ended unfunded goes back; the ledger corrects that donation
    GRANT = 58  # what an incentive rule adds to a deed's pay, or gives by itself
    PRIZE = 59  # money that a rule pays to a person, from a pool
    SETTLE = 60
    SETTLE_BACK = 61
    PAYOUT = 62
    FEE_PAYOUT = 63
    RULE = 64  # not booked: an incentive rule is made known to the ledger, never an action of the simulation
    # not booked: no balance moves
    VISIT = 100
    ORDER = 101
    ORDER_CREATE = 102
    ORDER_CANCEL = 103
    ORDER_SHIP = 104
    REFUND_LATE = 105
    ENTER = 110
    SESSION = 111
    SHARE = 112
    SIGN_UP = 113
    ACCOUNT_APPLY = 114
    TEAM_JOIN = 115
    BENEFIT = 116
    BLOCK = 117
    GENERAL = 118
    BADGE = 119
    PLEDGE = 130
    UNPLEDGE = 131
    NOTICE = 132
    PUBLISH = 140
    REPORT = 141


# Everybody not named here is a user. Openings are the administrator's, before the first user acts.
ROLES: dict[Kind, Role] = dict.fromkeys(Kind, Role.USER) | {
    Kind.OPEN_BEANS_GROWING: Role.SYSTEM,
    Kind.OPEN_BEANS_AVAILABLE: Role.SYSTEM,
    Kind.OPEN_HOURS: Role.SYSTEM,
    Kind.SETTLE: Role.SYSTEM,
    Kind.SETTLE_BACK: Role.SYSTEM,
    Kind.RULE: Role.SYSTEM,
    Kind.POOL_DEPOSIT: Role.SPONSOR,
    Kind.POOL_WITHDRAW: Role.SPONSOR,
    Kind.TEAM_UNLOCK: Role.SPONSOR,
    Kind.PAYOUT: Role.MERCHANT,
    Kind.PLEDGE: Role.MERCHANT,
    Kind.UNPLEDGE: Role.MERCHANT,
    Kind.NOTICE: Role.MERCHANT,
    Kind.FEE_PAYOUT: Role.NGO,
    Kind.PUBLISH: Role.NGO,
    Kind.REPORT: Role.NGO,
    Kind.DISBURSE_ASK: Role.PROJECT,
    Kind.DISBURSE_APPROVE: Role.PROJECT,
    Kind.DISBURSE_PAID: Role.PROJECT,
    Kind.DISBURSE_FAILED: Role.PROJECT,
    Kind.FEE: Role.PROJECT,
    Kind.CORRECTION: Role.PROJECT,
    Kind.MOVE: Role.PROJECT,
    Kind.RETURN: Role.PROJECT,
}


class Account(NamedTuple):
    """One row of the chart. `floor`: least available balance, None = none.

    `column` is the action column that picks the owner in the simulation (None = one control account);
    `owner` are the fields of a request that pick it in the ledger, where beans and hours are kept by user.
    """

    code: int
    name: str
    asset: Asset
    normal: Side
    floor: int | None
    column: str | None = None
    owner: tuple[str, ...] = ()


BEAN, CNY, HOUR = Asset
DEBIT, CREDIT = Side

# `fades` and `expires` name the period at whose end growing and available beans are gone. What a rule may still
# pay (its budget) and what a user may still have of it (an allowance) are accounts of the ledger alone, memoranda
# beside what is paid: given out of a reserve, and back into it as it is used, so that their floors bound a rule.
CHART: dict[int, Account] = {
    row.code: row
    for row in (
        Account(1100, "cash.custody", CNY, DEBIT, 0),
        Account(1110, "cash.clearing", CNY, DEBIT, None),
        Account(2100, "user.bean.growing", BEAN, CREDIT, 0, None, ("user", "fades")),
        Account(2110, "user.bean.available", BEAN, CREDIT, 0, None, ("user", "expires")),
        Account(2200, "order.escrow", CNY, CREDIT, 0, "party", ("merchant",)),
        Account(2300, "merchant.payable", CNY, CREDIT, 0, "party", ("merchant",)),
        Account(2400, "project.fund", CNY, CREDIT, 0, "project", ("project",)),
        Account(2450, "ngo.payable", CNY, CREDIT, 0, "party", ("ngo",)),
        Account(2600, "sponsor.pool", CNY, CREDIT, 0, "pool", ("pool",)),
        Account(2800, "user.hour", HOUR, CREDIT, 0, "klass", ("user", "klass", "year")),
        Account(2900, "suspense", CNY, CREDIT, None),
        Account(3100, "bean.issuance", BEAN, DEBIT, None),
        Account(3110, "rule.bean", BEAN, DEBIT, 0, "rule", ("rule",)),
        Account(3120, "rule.bean.budget", BEAN, CREDIT, 0, None, ("rule",)),
        Account(3130, "rule.bean.allowance", BEAN, CREDIT, 0, None, ("rule", "user", "period")),
        Account(3140, "rule.bean.reserve", BEAN, DEBIT, None),
        Account(3160, "bean.revoked", BEAN, CREDIT, 0),
        Account(3170, "bean.expired", BEAN, CREDIT, 0),
        Account(3180, "bean.redeemed", BEAN, CREDIT, 0),
        Account(3190, "bean.donated", BEAN, CREDIT, 0),
        Account(3300, "hour.issuance", HOUR, DEBIT, None),
        Account(3310, "rule.hour", HOUR, DEBIT, 0, "rule", ("rule",)),
        Account(3380, "hour.revoked", HOUR, CREDIT, 0),
        Account(3390, "hour.redeemed", HOUR, CREDIT, 0),
        Account(3520, "rule.money.budget", CNY, CREDIT, 0, None, ("rule",)),
        Account(3530, "rule.money.allowance", CNY, CREDIT, 0, None, ("rule", "user", "period")),
        Account(3540, "rule.money.reserve", CNY, DEBIT, None),
    )
}


POSTED, PENDING, POST, VOID, EXPIRE = Mode

# The four counters of an account, in this order wherever they stand together.
DR_PENDING, DR_POSTED, CR_PENDING, CR_POSTED = range(4)

# The amounts a line may name; `rest` is what a sale leaves the merchant, price - fen.
AMOUNTS: dict[str, Asset] = {
    "beans": BEAN,
    "minutes": HOUR,
    "fen": CNY,
    "match": CNY,
    "price": CNY,
    "rest": CNY,
}


class Owner(NamedTuple):
    """Who owns an account: the column of the stream that says it, and the fields of a request."""

    column: str | None
    fields: tuple[str, ...]


HEIR = Owner("party", ("to",))  # of money that goes from one project to another


class Line(NamedTuple):
    """One debit and one credit of one amount; `debit` and `credit` are codes of the chart.

    `to` owns the credit where that is not whom the chart names: money that stays on one kind of account.
    """

    mode: Mode
    debit: int
    credit: int
    asset: Asset
    amount: str
    to: Owner | None = None

    @property
    def owners(self) -> tuple[Owner, Owner]:
        """Who is debited and who is credited."""
        debit, credit = (Owner(CHART[code].column, CHART[code].owner) for code in (self.debit, self.credit))
        return debit, self.to or credit


_TIME = Line(POSTED, 3300, 2800, HOUR, "minutes")
_MATCH = Line(POSTED, 2600, 2400, CNY, "match")
_BACK = Line(POSTED, 2400, 1110, CNY, "fen")  # a donation's own money, through the provider; its match stays

POSTINGS: dict[Kind, tuple[Line, ...]] = {
    Kind.OPEN_BEANS_GROWING: (Line(POSTED, 3100, 2100, BEAN, "beans"),),
    Kind.OPEN_BEANS_AVAILABLE: (Line(POSTED, 3100, 2110, BEAN, "beans"),),
    Kind.OPEN_HOURS: (_TIME,),
    Kind.DEED: (Line(POSTED, 3100, 2100, BEAN, "beans"), _TIME),
    Kind.GRANT: (Line(POSTED, 3110, 2100, BEAN, "beans"), Line(POSTED, 3310, 2800, HOUR, "minutes")),
    Kind.PRIZE: (Line(POSTED, 2600, 1100, CNY, "fen"),),
    Kind.IMPORT: (_TIME,),
    Kind.HARVEST: (Line(POSTED, 2100, 2110, BEAN, "beans"),),
    Kind.FADE: (Line(POSTED, 2100, 3170, BEAN, "beans"),),
    Kind.EXPIRE: (Line(POSTED, 2110, 3170, BEAN, "beans"),),
    Kind.DECAY: (Line(POSTED, 2110, 3170, BEAN, "beans"),),
    Kind.REDEEM_HOLD: (Line(PENDING, 2110, 3180, BEAN, "beans"),),
    Kind.REDEEM_SHIP: (Line(POST, 2110, 3180, BEAN, "beans"),),
    Kind.REDEEM_CANCEL: (Line(VOID, 2110, 3180, BEAN, "beans"),),
    Kind.REVOKE: (Line(POSTED, 2110, 3160, BEAN, "beans"),),
    Kind.BEAN_GIFT: (
        Line(POSTED, 2110, 3190, BEAN, "beans"),
        Line(POSTED, 2600, 2400, CNY, "fen"),
        _TIME,
    ),
    Kind.GIFT: (Line(POSTED, 1110, 2400, CNY, "fen"), _MATCH, _TIME),
    Kind.RECYCLE_BACK: (_BACK,),
    Kind.ORDER_PAY: (
        Line(POSTED, 1110, 2200, CNY, "price"),
        Line(PENDING, 2200, 2400, CNY, "fen"),
        Line(PENDING, 2200, 2300, CNY, "rest"),
    ),
    Kind.ORDER_CONFIRM: (
        Line(POST, 2200, 2400, CNY, "fen"),
        Line(POST, 2200, 2300, CNY, "rest"),
        _MATCH,
        _TIME,
    ),
    Kind.ORDER_REFUND: (
        Line(VOID, 2200, 2400, CNY, "fen"),
        Line(VOID, 2200, 2300, CNY, "rest"),
        Line(POSTED, 2200, 1110, CNY, "price"),
    ),
    Kind.POOL_DEPOSIT: (Line(POSTED, 1100, 2600, CNY, "fen"),),
    Kind.POOL_WITHDRAW: (Line(POSTED, 2600, 1100, CNY, "fen"),),
    Kind.TEAM_UNLOCK: (Line(POSTED, 2600, 2400, CNY, "fen"),),
    Kind.DISBURSE_ASK: (Line(PENDING, 2400, 1100, CNY, "fen"),),
    Kind.DISBURSE_PAID: (Line(POST, 2400, 1100, CNY, "fen"),),
    Kind.DISBURSE_FAILED: (Line(VOID, 2400, 1100, CNY, "fen"),),
    Kind.FEE: (Line(POSTED, 2400, 2450, CNY, "fen"),),
    Kind.FEE_PAYOUT: (Line(POSTED, 2450, 1100, CNY, "fen"),),
    Kind.CORRECTION: (_BACK,),
    Kind.RETURN: (_BACK,),
    Kind.MOVE: (Line(POSTED, 2400, 2400, CNY, "fen", HEIR),),
    Kind.SETTLE: (Line(POSTED, 1100, 1110, CNY, "fen"),),
    Kind.SETTLE_BACK: (Line(POSTED, 1110, 1100, CNY, "fen"),),
    Kind.PAYOUT: (Line(POSTED, 2300, 1100, CNY, "fen"),),
    Kind.HOUR_REDEEM: (Line(POSTED, 2800, 3390, HOUR, "minutes"),),
    Kind.HOUR_REVOKE: (Line(POSTED, 2800, 3380, HOUR, "minutes"),),
}


class Bounds(NamedTuple):
    """The accounts that bound what a rule pays of one asset."""

    budget: int
    allowance: int
    reserve: int

    @property
    def moves(self) -> tuple[tuple[int, int], ...]:
        """(debit, credit) of every line there is: given, and used."""
        return tuple(way for code in self[:2] for way in ((self.reserve, code), (code, self.reserve)))


BOUNDS: dict[Asset, Bounds] = {BEAN: Bounds(3120, 3130, 3140), CNY: Bounds(3520, 3530, 3540)}


def balance(code: int, counters: Any) -> Any:
    """The posted balance on the account's normal side, from its four counters (integers or arrays)."""
    net = counters[CR_POSTED] - counters[DR_POSTED]
    return net if CHART[code].normal is CREDIT else -net


def available(code: int, counters: Any) -> Any:
    """The balance less what is held to leave the account: this is what a floor bounds."""
    outgoing = DR_PENDING if CHART[code].normal is CREDIT else CR_PENDING
    return balance(code, counters) - counters[outgoing]


Columns = Mapping[str, NDArray[Any]] | NDArray[np.void]  # equally long arrays by name


class Leg(NamedTuple):
    """A line over many actions: owners are index arrays, or 0 for an account without owners."""

    line: Line
    debit_owner: NDArray[np.integer[Any]] | int
    credit_owner: NDArray[np.integer[Any]] | int
    amounts: NDArray[np.int64]


def read_columns(kind: Kind, columns: Columns) -> Iterator[Leg]:
    """The lines of many actions of one kind, each with owners and amounts per action.

    Amounts keep the length of the columns: a refused action (outcome other than 0) moves 0.
    """
    refused = np.asarray(columns["outcome"]) != 0
    for line in POSTINGS.get(kind, ()):
        amounts = _amount(line.amount, lambda name: np.asarray(columns[name], dtype=np.int64))
        if refused.any():
            amounts = np.where(refused, 0, amounts)
        debit, credit = (_owners(owner, columns) for owner in line.owners)
        yield Leg(line, debit, credit, amounts)


Taken = Mapping[int, Sequence[tuple[str, int]]]


def read_action(
    kind: Kind, action: Mapping[str, Any], *, taken: Taken | None = None, holds: Sequence[Hold] = ()
) -> list[Transfer]:
    """The transfers of one action: lines of amount 0 are left out, a refused action has none.

    `action` maps the amounts its kind uses, and the owner fields of the accounts touched, by name. `taken`:
    by code, the accounts that what is debited there comes from, each with its part (beans by period,
    hours by year). `holds`: the open holds that this action ends; its own amount may be a part of one.
    Raises KeyError for a field that is missing and ValueError for an amount below 0.
    """
    if action.get("outcome", 0) != 0:
        return []
    transfers: list[Transfer] = []
    for line in POSTINGS.get(kind, ()):
        if holds and line.mode in RESOLVES:
            transfers += _ends(line, action, holds)
            continue
        amount = _amount(line.amount, action.__getitem__)
        if amount < 0:
            raise ValueError(f"{kind.name}: {line.amount} is {amount}, below 0")
        if amount > 0:
            from_whom, to_whom = line.owners
            credit = _account_id(line.credit, to_whom, action)
            if taken is not None and line.debit in taken:
                parts = taken[line.debit]
                transfers += [Transfer(line.mode, name, credit, line.asset, part) for name, part in parts]
            else:
                debit = _account_id(line.debit, from_whom, action)
                transfers.append(Transfer(line.mode, debit, credit, line.asset, amount))
    return transfers


def _ends(line: Line, action: Mapping[str, Any], holds: Sequence[Hold]) -> Iterator[Transfer]:
    """The end of every hold that lies between the line's two accounts."""
    for hold in holds:
        if (code_of(hold.debit), code_of(hold.credit)) == (line.debit, line.credit):
            amount = min(action.get(line.amount, hold.amount), hold.amount)
            yield Transfer(line.mode, hold.debit, hold.credit, line.asset, amount, (hold.seq, hold.line))


def code_of(account: str) -> int:
    """The code of a ledger account's name, `code` or `code:owner:owner`."""
    return int(account.partition(":")[0])


def _amount(name: str, value: Any) -> Any:
    return value("price") - value("fen") if name == "rest" else value(name)


def _owners(owner: Owner, columns: Columns) -> Any:
    return 0 if owner.column is None else np.asarray(columns[owner.column])


def _account_id(code: int, owner: Owner, action: Mapping[str, Any]) -> str:
    return ":".join([str(code), *[str(action[field]) for field in owner.fields]])
