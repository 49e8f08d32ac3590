"""What the service answers, as types: reads return them, and OpenAPI shows them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from sim.service.messages import AccountName, EventId, Id, Instant
from sim.service.problems import CODES

Seq = Annotated[int, Meta(ge=0, description="number of an event in the journal")]
Money = Annotated[int, Meta(description="fen of yuan")]
AsOf = Annotated[int, Meta(ge=0, description="number of the last event that this answer knows of")]
Mode = Literal["posted", "pending", "post", "void", "expire"]


class Booked(msgspec.Struct):
    """What was booked: the event, its document, and what is available now on every account it touched."""

    seq: Seq
    id: EventId
    balances: dict[str, int]
    document: str | UnsetType = UNSET
    state: str | UnsetType = UNSET
    matched: Money | UnsetType = UNSET
    revoked: int | UnsetType = UNSET


class Problem(msgspec.Struct):
    """A problem as of RFC 9457; beside `code` stand the numbers behind it, as `available` and `required`."""

    type: str
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    instance: str
    code: Annotated[str, Meta(extra_json_schema={"enum": list(CODES)})]
    retryable: bool


class Result(msgspec.Struct):
    """How one item of a batch ended."""

    status: Annotated[int, Meta(ge=200, le=599)]
    replayed: bool
    body: dict[str, Any]  # Booked or Problem


class Results(msgspec.Struct):
    """How the items of a batch ended, in their order."""

    results: list[Result]


# --- reads -------------------------------------------------------------------------------------------------


class Balance(msgspec.Struct):
    """One account; `available` is the balance less what is held to leave."""

    account: AccountName
    asset: str
    balance: int
    available: int


class Balances(msgspec.Struct):
    """A user's beans by stage and period, and minutes by class and year."""

    as_of_seq: AsOf
    user: Id
    balances: list[Balance]


class HeldLine(msgspec.Struct):
    """An open hold; `until` is when it may lapse."""

    debit: AccountName
    credit: AccountName
    asset: str
    amount: int
    until: Instant | None = None


class DocumentPage(msgspec.Struct):
    """A document: its state, what was frozen when it was opened, its open holds, the event that moved it last."""

    as_of_seq: AsOf
    document: str
    state: str
    facts: dict[str, Any]
    seq: Seq
    holds: list[HeldLine]


class ProjectPage(msgspec.Struct):
    """A project's money: raised, promised by paid orders, asked for, disbursed with fees and corrections, left."""

    as_of_seq: AsOf
    project: Id
    raised: Money
    promised: Money
    pending: Money
    disbursed: Money
    available: Money


class PoolPage(msgspec.Struct):
    """A sponsor's pool: deposited, given or withdrawn, left."""

    as_of_seq: AsOf
    pool: Id
    deposited: Money
    spent: Money
    available: Money


class RulePage(msgspec.Struct):
    """An incentive rule: its terms, what it granted; of its budgets, where it has them, what is spent and left."""

    as_of_seq: AsOf
    rule: Id
    terms: dict[str, Any]
    beans: Annotated[int, Meta(description="granted")]
    minutes: Annotated[int, Meta(description="granted")]
    fen: Annotated[int, Meta(description="paid, of a rule with a budget in money")] | UnsetType = UNSET
    beans_left: int | UnsetType = UNSET
    fen_left: int | UnsetType = UNSET


class AccountPage(msgspec.Struct):
    """An account with its four counters and its bounds; null = none."""

    as_of_seq: AsOf
    account: AccountName
    name: str
    asset: str
    balance: int
    available: int
    dr_pending: int
    dr_posted: int
    cr_pending: int
    cr_posted: int
    floor: int | None
    ceiling: int | None
    closed: bool


class Line(msgspec.Struct, omit_defaults=True):
    """A line of an account; `resolves` are event and line of the hold that it ends."""

    seq: Seq
    line: Annotated[int, Meta(ge=0, le=15)]
    id: EventId
    kind: str
    effective_at: Instant
    mode: Mode
    debit: AccountName
    credit: AccountName
    asset: str
    amount: int
    resolves: tuple[int, int] | None = None


class Lines(msgspec.Struct):
    """A page of lines, ascending; `next` is the cursor of the page after it, null = the end."""

    as_of_seq: AsOf
    items: list[Line]
    next: str | None


class Moved(msgspec.Struct):
    """Money into or out of a project; `upto` is the running sum of its direction."""

    seq: Seq
    line: Annotated[int, Meta(ge=0, le=15)]
    id: EventId
    kind: str
    effective_at: Instant
    direction: Literal["in", "out"]
    amount: Money
    upto: Money


class Flow(msgspec.Struct):
    """A page of a project's money in its order; `next` as of every page."""

    as_of_seq: AsOf
    items: list[Moved]
    next: str | None


class EventLine(msgspec.Struct):
    """An event as the export writes it; a transfer is [mode, debit, credit, asset, amount, hold it ends or null]."""

    seq: Seq
    id: EventId
    kind: str
    actor: str
    ts_us: Instant
    effective_at: Instant
    document: str | None
    state: str | None
    facts: dict[str, Any] | None
    reverse_of: EventId | None
    transfers: list[tuple[Mode, AccountName, AccountName, str, int, tuple[int, int] | None]]
    jhash: Annotated[
        str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 of the head before and this event")
    ]


# --- auditors and administrators -----------------------------------------------------------------------------


class Verdict(msgspec.Struct):
    """One invariant and whether it holds."""

    name: str
    passed: bool
    detail: str


class Verdicts(msgspec.Struct):
    """All invariants."""

    as_of_seq: AsOf
    checks: list[Verdict]


class KeyPage(msgspec.Struct):
    """A secret of a principal, without the secret; `token` only in the answer that makes it."""

    id: Id
    secret: str
    scopes: list[str]
    owners: list[str]
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None
    token: str | UnsetType = UNSET


class KeyPages(msgspec.Struct):
    """Keys, without secrets."""

    keys: list[KeyPage]


class Readiness(msgspec.Struct, omit_defaults=True):
    """Whether requests are taken, and what the server promises."""

    status: Literal["ready", "draining", "read-only"]
    seq: Seq
    durability: str
    campaign_clock: bool
    trouble: str | UnsetType = UNSET


class Health(msgspec.Struct):
    """The process answers."""

    status: Literal["ok"]
