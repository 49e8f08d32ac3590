"""What may be asked of the ledger, and what it answers. A refusal is a value, never an error.

A *command* carries its idempotency key and a `draft`: a pure function from what the ledger holds at its turn
to an *entry* (all lines or none) or a *refusal*. An accepted entry becomes an *event* of the journal.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from sim.ledger.accounts import Account

MOST_LINES = 16
OPENING = "OPENING"  # the kind of opening balances, which come before any other event


class Mode(StrEnum):
    """How a line moves the counters: at once, held, or the end of a hold."""

    POSTED = "posted"
    PENDING = "pending"
    POST = "post"
    VOID = "void"
    EXPIRE = "expire"


# What a line of 1 adds to (pending, posted), on its debit and on its credit account alike.
EFFECTS: dict[Mode, tuple[int, int]] = {
    Mode.POSTED: (0, 1),
    Mode.PENDING: (1, 0),
    Mode.POST: (-1, 1),
    Mode.VOID: (-1, 0),
    Mode.EXPIRE: (-1, 0),
}
RESOLVES = (Mode.POST, Mode.VOID, Mode.EXPIRE)


class Transfer(NamedTuple):
    """One debit and one credit of one amount. `hold` = (seq, line) of the hold that a resolving line ends."""

    mode: Mode
    debit: str
    credit: str
    asset: str
    amount: int
    hold: tuple[int, int] | None = None


class Hold(NamedTuple):
    """An open pending line; `deadline` (µs, campaign time) is when it may lapse, None = never."""

    seq: int
    line: int
    debit: str
    credit: str
    asset: str
    amount: int
    deadline: int | None


class Document(NamedTuple):
    """What events refer to and what has a state: an order, a voucher, a disbursement (单据).

    `facts` are frozen bytes of the domain; `seq` is the event that moved it last, `held` the one whose open
    holds belong to it, 0 = none.
    """

    id: str
    state: str
    facts: bytes
    seq: int
    held: int


class Move(NamedTuple):
    """A document's next state. `facts` None keeps what it has."""

    id: str
    state: str
    facts: bytes | None = None


class Limits(NamedTuple):
    """New bounds of an account, journalled like anything else."""

    account: str
    floor: int | None
    ceiling: int | None
    closed: bool


@dataclass(slots=True)
class Entry:
    """What an accepted command books: 1–16 lines, or none if it only moves a document or sets limits.

    `deadline` belongs to the holds it opens; `reverses` is the event it corrects, at most once for ever;
    `opening` marks opening balances (their kind is `OPENING`), refused once anything else is in the journal;
    `facts` are the domain's words about an entry that moves no document; `notes` go into the answer.
    """

    kind: str
    transfers: list[Transfer]
    move: Move | None = None
    deadline: int | None = None
    reverses: bytes | None = None
    limits: Limits | None = None
    opening: bool = False
    facts: bytes | None = None
    notes: dict[str, int | str] = field(default_factory=dict)


@dataclass(slots=True)
class Refusal:
    """A named reason and its numbers (available, required, …). It stays the answer to its key."""

    code: str
    detail: str
    numbers: dict[str, int | str] = field(default_factory=dict)


class Posted(NamedTuple):
    """An event of the past, as a correction needs it."""

    seq: int
    kind: str
    transfers: tuple[Transfer, ...]
    reversed: bool = False  # it was corrected before


class View(Protocol):
    """What a draft may look at: the ledger as it stands when its turn comes."""

    def account(self, name: str) -> Account | None: ...
    def available(self, name: str) -> int: ...
    def family(self, prefix: str) -> list[tuple[str, int]]: ...
    def document(self, id: str) -> Document | None: ...
    def holds(self, seq: int) -> tuple[Hold, ...]: ...
    def event(self, eid: bytes) -> Posted | None: ...


Draft = Callable[[View], Entry | Refusal]


@dataclass(slots=True)
class Command:
    """One thing asked for, once. `touches`, `families` and `documents` name what one look-up should fetch.

    A family is a code and its first owner, as `2110:u1`.
    """

    principal: str
    eid: bytes
    fingerprint: bytes
    effective_at: int
    draft: Draft
    touches: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()


class Answer(NamedTuple):
    """The answer to a command: `code` is empty when accepted; `body` is kept and repeated byte for byte."""

    code: str
    body: bytes
    seq: int
    replayed: bool = False

    @property
    def accepted(self) -> bool:
        return not self.code


@dataclass(slots=True)
class Kept:
    """An answer that was given, found again by its event id."""

    fingerprint: bytes
    answer: Answer


_COUNTED = re.compile(r"[1-9][0-9]{0,13}\Z")
NUMBER_BYTES = 6


def event_id(principal: str, key: str) -> bytes:
    """The event id of an idempotency key: 16 bytes that the client can compute before it asks.

    SHA-256 of principal and key, cut. Of a key that ends in a number, as `run:1234`, only what stands before it is
    hashed, and the number fills the last six bytes: events that come one after the other then stand beside each
    other in the index, and a commit writes half as many pages.
    """
    counted = _COUNTED.search(key)
    if counted is None:
        return hashlib.sha256(f"{principal}\0{key}".encode()).digest()[:16]
    before = hashlib.sha256(f"{principal}\0{key[: counted.start()]}".encode()).digest()
    return before[: 16 - NUMBER_BYTES] + int(counted[0]).to_bytes(NUMBER_BYTES, "big")


def printed_id(eid: bytes) -> str:
    """32 hexadecimal digits."""
    return eid.hex()
