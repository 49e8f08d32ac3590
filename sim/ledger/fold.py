"""What the journal alone says: the slow and obvious twin of `decide`, one event at a time, nothing refused.

It is what the tables are audited against and rebuilt from, so it shares no rule with the writer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sim.ledger.accounts import Account, Chart, Opener
from sim.ledger.entries import OPENING, Document, Hold, Mode, Transfer
from sim.ledger.journal import GENESIS, Event


@dataclass(slots=True)
class Step:
    """What one event did: where the journal ended before it, the accounts as they were, the holds it ended."""

    seq: int
    ts_us: int
    jhash: bytes
    before: dict[str, Account] = field(default_factory=dict)
    ended: list[tuple[Transfer, Hold | None]] = field(default_factory=list)  # None: there was no such hold
    late: bool = False  # something other than openings came before
    again: bool = False  # what it corrects was corrected before


class Fold:
    """Accounts in the order in which they appear, open holds and documents after the events added so far."""

    def __init__(self, chart: Chart) -> None:
        self.accounts: dict[str, Account] = {}
        self.holds: dict[tuple[int, int], Hold] = {}
        self.documents: dict[str, Document] = {}
        self.reversed: set[bytes] = set()
        self.lines = 0
        self.in_business = False
        self.step = Step(0, 0, GENESIS)
        self.seq, self.ts_us, self.jhash = 0, 0, GENESIS
        self._opened = Opener(chart)

    def add(self, event: Event) -> None:
        """Take in the next event. What it did stands in `step`."""
        self.step = Step(self.seq, self.ts_us, self.jhash, late=self.in_business)
        for index, line in enumerate(event.transfers):
            self._line(event, index, line)
        if event.document is not None and event.state is not None:
            self._move(event, event.document, event.state)
        if event.reverses is not None:
            self.step.again = event.reverses in self.reversed
            self.reversed.add(event.reverses)
        if event.limits is not None:
            account = self._account(event.limits.account)
            _, account.floor, account.ceiling, account.closed = event.limits
        self.lines += len(event.transfers)
        self.in_business = self.in_business or event.kind != OPENING
        self.seq, self.ts_us, self.jhash = event.seq, event.ts_us, event.jhash

    def _account(self, name: str) -> Account:
        account = self.accounts.get(name)
        if account is None:
            account = self.accounts[name] = self._opened(len(self.accounts) + 1, name)
        if name not in self.step.before:
            self.step.before[name] = account.copy()
        return account

    def _line(self, event: Event, index: int, line: Transfer) -> None:
        debit, credit, amount = self._account(line.debit), self._account(line.credit), line.amount
        if line.mode is Mode.PENDING:
            debit.dr_pending += amount
            credit.cr_pending += amount
            hold = Hold(event.seq, index, line.debit, line.credit, line.asset, amount, event.deadline)
            self.holds[event.seq, index] = hold
        if line.mode in (Mode.POST, Mode.VOID, Mode.EXPIRE):
            ended = self.holds.pop(line.hold, None) if line.hold is not None else None
            self.step.ended.append((line, ended))
            released = 0 if ended is None else ended.amount
            debit.dr_pending -= released
            credit.cr_pending -= released
        if line.mode in (Mode.POSTED, Mode.POST):
            debit.dr_posted += amount
            credit.cr_posted += amount

    def _move(self, event: Event, id: str, state: str) -> None:
        known = self.documents.get(id)
        facts = event.facts if event.facts is not None else known.facts if known else b""
        holds = any(line.mode is Mode.PENDING for line in event.transfers)
        held = event.seq if holds else known.held if known else 0
        self.documents[id] = Document(id, state, facts, event.seq, held)
