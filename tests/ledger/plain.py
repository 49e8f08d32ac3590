"""The slow, obvious twin of the ledger: dictionaries, a deep copy before each request, nothing shared with it.

A request is a value; `Plain.ask` says what must be answered to it: the reason of a refusal or nothing, and the
number of its event.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import NamedTuple

DEBIT_ACCOUNTS = ("1100", "1110", "3100", "3110", "3140", "3300", "3310", "3540")
BOTTOMLESS = ("1110", "2900", "3100", "3140", "3300", "3540")


class Line(NamedTuple):
    """One line; `ends` = (event, line) of the hold that it ends."""

    mode: str
    debit: str
    credit: str
    amount: int
    ends: tuple[int, int] | None = None


class Request(NamedTuple):
    """One request. `spend` = (family, to, amount): taken from the family's accounts by name, earliest first."""

    key: str
    says: str
    lines: tuple[Line, ...] = ()
    at: int = 0
    document: tuple[str, str, bytes | None] | None = None
    deadline: int | None = None
    reverses: str | None = None
    limits: tuple[str, int | None, int | None, bool] | None = None
    opening: bool = False
    spend: tuple[str, str, int] | None = None


class Verdict(NamedTuple):
    """What must be answered: the reason of a refusal or "", and the event's number or 0."""

    code: str
    seq: int


class Refused(Exception):
    """The reason is its only argument."""


@dataclass
class Holding:
    """One account."""

    debit_normal: bool
    floor: int | None
    ceiling: int | None = None
    closed: bool = False
    paid_in: int = 0  # posted on the credit side
    paid_out: int = 0  # posted on the debit side
    coming_in: int = 0  # held on the credit side
    going_out: int = 0  # held on the debit side

    def left(self) -> int:
        if self.debit_normal:
            return self.paid_out - self.paid_in - self.coming_in
        return self.paid_in - self.paid_out - self.going_out

    def at_most(self) -> int:
        if self.debit_normal:
            return self.paid_out + self.going_out - self.paid_in
        return self.paid_in + self.coming_in - self.paid_out


class Plain:
    """The whole ledger."""

    def __init__(self) -> None:
        self.accounts: dict[str, Holding] = {}
        self.holds: dict[tuple[int, int], tuple[str, str, int, int | None]] = {}
        self.documents: dict[str, tuple[str, bytes, int, int]] = {}
        self.events: dict[str, int] = {}  # number by key
        self.reversed: set[str] = set()
        self.answered: dict[str, tuple[str, Verdict]] = {}
        self.seq = 0
        self.business = False

    def ask(self, request: Request) -> Verdict:
        """Answer one request, once per key."""
        if request.key in self.answered:
            says, verdict = self.answered[request.key]
            return verdict if says == request.says else Verdict("idempotency_mismatch", 0)
        before = deepcopy(self.__dict__)
        try:
            self._book(request)
            verdict = Verdict("", self.seq)
        except Refused as refused:
            self.__dict__ = before
            verdict = Verdict(refused.args[0], 0)
        self.answered[request.key] = (request.says, verdict)
        return verdict

    def ask_together(self, key: str, says: str, requests: list[Request]) -> list[Verdict]:
        """Answer requests all or none; the group's key keeps a refusal."""
        if key in self.answered:
            said, verdict = self.answered[key]
            return [verdict if said == says else Verdict("idempotency_mismatch", 0)]
        before = deepcopy(self.__dict__)
        verdicts = []
        for request in requests:
            verdicts.append(self.ask(request))
            if verdicts[-1].code:
                self.__dict__ = before
                self.answered[key] = (says, Verdict(verdicts[-1].code, 0))
                return [self.answered[key][1]]
        return verdicts

    def _book(self, request: Request) -> None:
        if request.opening and self.business:
            raise Refused("openings_closed")
        if request.reverses is not None:
            if request.reverses not in self.events:
                raise Refused("not_found")
            if request.reverses in self.reversed:
                raise Refused("already_reversed")
        before = deepcopy(self.accounts)
        lines = [*request.lines, *self._spent(request)]
        touched: list[str] = []
        for k, line in enumerate(lines):
            if not 1 <= line.amount <= 1_000_000_000_000:
                raise Refused("overflow")
            for name in (line.debit, line.credit):
                self._open(name)
                if name not in touched:
                    touched.append(name)
            if line.mode in ("posted", "pending", "post") and any(self.accounts[n].closed for n in line[1:3]):
                raise Refused("account_closed")
            self._move(request, k, line)
        for name in touched:
            self._check(self.accounts[name], before.get(name) or Holding(name[:4] in DEBIT_ACCOUNTS, None))
        self._note(request, lines)

    def _spent(self, request: Request) -> list[Line]:
        lines = []
        if request.spend is not None:
            family, to, rest = request.spend
            for name in sorted(self.accounts):
                part = min(rest, self.accounts[name].left())
                if name.startswith(family + ":") and part > 0:
                    lines.append(Line("posted", name, to, part))
                    rest -= part
            if rest > 0:
                raise Refused("insufficient_funds")
        return lines

    def _open(self, name: str) -> None:
        if name not in self.accounts:
            self.accounts[name] = Holding(name[:4] in DEBIT_ACCOUNTS, None if name[:4] in BOTTOMLESS else 0)

    def _move(self, request: Request, k: int, line: Line) -> None:
        debit, credit = self.accounts[line.debit], self.accounts[line.credit]
        if line.mode == "pending":
            debit.going_out += line.amount
            credit.coming_in += line.amount
            self.holds[self.seq + 1, k] = (line.debit, line.credit, line.amount, request.deadline)
        if line.mode in ("post", "void", "expire"):
            if line.ends not in self.holds:
                raise Refused("pending_already_resolved")
            _, _, held, deadline = self.holds[line.ends]
            if line.amount > held:
                raise Refused("exceeds_hold")
            if line.mode == "expire" and (deadline is None or request.at < deadline):
                raise Refused("not_due")
            debit.going_out -= held
            credit.coming_in -= held
            del self.holds[line.ends]
        if line.mode in ("posted", "post"):
            debit.paid_out += line.amount
            credit.paid_in += line.amount

    def _check(self, now: Holding, was: Holding) -> None:
        if now.floor is not None and now.left() < now.floor and now.left() < was.left():
            raise Refused("insufficient_funds")
        if now.ceiling is not None and now.at_most() > now.ceiling and now.at_most() > was.at_most():
            raise Refused("ceiling_exceeded")

    def _note(self, request: Request, lines: list[Line]) -> None:
        self.seq += 1
        self.events[request.key] = self.seq
        self.business = self.business or not request.opening
        if request.reverses is not None:
            self.reversed.add(request.reverses)
        if request.document is not None:
            id, state, facts = request.document
            _, old, _, held = self.documents.get(id, ("", b"", 0, 0))
            held = self.seq if any(line.mode == "pending" for line in lines) else held
            self.documents[id] = (state, old if facts is None else facts, self.seq, held)
        if request.limits is not None:
            name, floor, ceiling, closed = request.limits
            self._open(name)
            account = self.accounts[name]
            account.floor, account.ceiling, account.closed = floor, ceiling, closed
