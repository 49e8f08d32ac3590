"""Commands for the tests, in a few words: lines, entries, keys."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import msgspec

from sim.bookkeeping import CHART
from sim.ledger.accounts import Account
from sim.ledger.decide import Decision, Group, decide
from sim.ledger.entries import (
    Answer,
    Command,
    Document,
    Entry,
    Hold,
    Kept,
    Limits,
    Mode,
    Move,
    Refusal,
    Transfer,
    View,
    event_id,
)
from sim.ledger.ledger import Ledger
from sim.ledger.state import Nothing, Overlay, State

Draft = Callable[[View], Entry | Refusal]
POSTED, PENDING, POST, VOID, EXPIRE = Mode
_numbers = count(1)

CASH = "1110"  # money may come from here without limit
POOL, FUND, NGO = "2600:s0", "2400:p1", "2450:n0"


def line(
    debit: str, credit: str, amount: int, mode: Mode = POSTED, hold: tuple[int, int] | None = None
) -> Transfer:
    """A line of the debited account's asset."""
    return Transfer(mode, debit, credit, str(CHART[int(debit.partition(":")[0])].asset), amount, hold)


def ends(hold: Hold, mode: Mode, amount: int | None = None) -> Transfer:
    """The line that ends a hold."""
    return Transfer(mode, hold.debit, hold.credit, hold.asset, amount or hold.amount, (hold.seq, hold.line))


def ask(
    *lines: Transfer,
    key: str | None = None,
    by: str = "platform",
    says: str = "",
    at: int = 1_000,
    kind: str = "TEST",
    draft: Draft | None = None,
    move: tuple[str, str] | tuple[str, str, bytes] | None = None,
    families: tuple[str, ...] = (),
    **more: Any,
) -> Command:
    """A command that books these lines, or what its draft says; `says` stands for the request's content."""
    entry = Entry(kind, list(lines), None if move is None else Move(*move), **more)
    eid = event_id(by, key or f"k{next(_numbers)}")
    touches = tuple({name for one in lines for name in (one.debit, one.credit)})
    documents = (move[0],) if move is not None else ()
    fingerprint = hashlib.sha256(says.encode()).digest()
    return Command(by, eid, fingerprint, at, draft or (lambda view: entry), touches, families, documents)


def ending(document: str, mode: Mode, state: str, amount: int | None = None, **more: Any) -> Command:
    """A command that ends every open hold of a document, if there is one left."""

    def draft(view: View) -> Entry | Refusal:
        known = view.document(document)
        holds = view.holds(known.held) if known is not None else ()
        if not holds:
            return Refusal("invalid_transition", "nothing is held")
        return Entry("END", [ends(hold, mode, amount) for hold in holds], Move(document, state))

    return ask(draft=draft, move=(document, state), **more)


def said(answer: Answer) -> dict[str, Any]:
    """What an answer says."""
    decoded: dict[str, Any] = msgspec.json.decode(answer.body)
    return decoded


class Remembered(Nothing):
    """Knows the accounts and answers of what was merged, as a store would."""

    def __init__(self) -> None:
        self.given: dict[bytes, Kept] = {}
        self.accounts: dict[str, Account] = {}

    def answer(self, eid: bytes) -> Kept | None:
        return self.given.get(eid)

    def family(self, prefix: str) -> list[Account]:
        return [account for name, account in self.accounts.items() if name.startswith(f"{prefix}:")]


class Memory:
    """A ledger without a store: `decide` on a state, merged."""

    def __init__(self, *opening: Transfer) -> None:
        self.source = Remembered()
        self.state = State(CHART, self.source)
        self.decision = Decision(Overlay(self.state))
        if opening:
            self.ask(ask(*opening))

    def groups(self, *groups: Group, now_us: int = 1) -> list[list[Answer]]:
        """Decide groups as one batch."""
        self.decision = decide(self.state, groups, now_us)
        self.source.given.update(self.decision.overlay.answers)
        self.source.accounts.update(self.decision.overlay.accounts)
        self.decision.overlay.merge()
        return self.decision.answers

    def ask(self, *commands: Command, now_us: int = 1) -> list[Answer]:
        """Decide commands as one batch."""
        return self.groups(Group(commands), now_us=now_us)[0]

    def one(self, *lines: Transfer, **more: Any) -> Answer:
        """Decide one command of these lines."""
        return self.ask(ask(*lines, **more))[0]

    def counters(self, name: str) -> tuple[int, int, int, int] | None:
        """An account's counters, None if there is no such account."""
        account = self.state.account(name)
        return None if account is None else account.counters

    def document(self, id: str) -> Document | None:
        """A document as it stands."""
        return self.state.document(id)


def atomic(commands: Sequence[Command], key: str = "group", says: str = "") -> Group:
    """Commands that are accepted all or not at all."""
    return Group(commands, True, event_id("platform", key), hashlib.sha256(says.encode()).digest())


def busy(ledger: Ledger) -> None:
    """A few events of every kind: postings, holds opened and ended, documents, bounds, a correction, refusals."""
    ledger.ask(ask(line(CASH, POOL, 900), kind="OPENING", opening=True))
    gift = ask(line(POOL, FUND, 50), key="gift", move=("gift:1", "given", b'{"a":1}'))
    ledger.ask(gift, ask(line(POOL, FUND, 5_000), key="too much"))
    ledger.ask(
        ask(
            line(POOL, FUND, 30, PENDING),
            line(POOL, NGO, 2, PENDING),
            move=("order:1", "paid", b"x"),
            deadline=9,
        ),
        ask(line(POOL, FUND, 40, PENDING), move=("order:2", "paid", b"y")),
        ask(line(POOL, FUND, 7, PENDING), move=("order:3", "paid", b"z")),
    )
    ledger.ask(ending("order:1", POST, "confirmed"), ending("order:2", VOID, "refunded"))
    ledger.ask(ask(line(FUND, CASH, 10), reverses=gift.eid), ask(limits=Limits(NGO, 0, 500, False)))
