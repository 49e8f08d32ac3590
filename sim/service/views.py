"""What can be read: balances, documents, projects, pools, accounts, flows. Each is the state of one commit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec
from msgspec import UNSET

from sim.bookkeeping import BOUNDS, CHART, Asset, code_of
from sim.ledger.accounts import Account
from sim.ledger.entries import Mode, Transfer, printed_id
from sim.ledger.journal import Event
from sim.ledger.reading import SqlReader
from sim.ledger.stores import LINE_BITS
from sim.service import answers as a
from sim.service.messages import END
from sim.service.problems import Problem

USERS = ("2100", "2110", "2800")  # what a user has: growing and available beans, minutes
MONEY_MOVES = (Mode.POSTED, Mode.POST)
_LINE = (1 << LINE_BITS) - 1


CURSOR_PATTERN = r"^([0-9]{1,18}(\.[0-9]{1,18}){2})?" + END


class Cursor(NamedTuple):
    """Where a page ended: the last line's number, and what had come in and gone out by then."""

    after: int = 0
    came_in: int = 0
    went_out: int = 0

    def __str__(self) -> str:
        return f"{self.after}.{self.came_in}.{self.went_out}"


def read_cursor(text: str) -> Cursor:
    """The cursor of a page's `next`; empty = from the beginning. Raises Problem."""
    if not text:
        return Cursor()
    if not re.match(CURSOR_PATTERN, text):
        raise Problem("bad_request", "this cursor was not given out here")
    return Cursor(*map(int, text.split(".")))


def user(reader: SqlReader, id: str) -> a.Balances:
    """A user's beans by stage and period, and minutes by class and year."""
    with reader.snapshot() as seq:
        found = [one for code in USERS for one in reader.family(f"{code}:{id}")]
    if not found:
        raise Problem("not_found", f"there is no user {id}")
    return a.Balances(seq, id, [a.Balance(one.name, one.asset, one.balance, one.available) for one in found])


def _document(reader: SqlReader, kind: str, id: str) -> a.DocumentPage:
    with reader.snapshot() as seq:
        found = reader.document(f"{kind}:{id}")
        holds = reader.holds(found.held) if found is not None and found.held else ()
    if found is None:
        raise Problem("not_found", f"there is no {kind} {id}")
    facts = msgspec.json.decode(found.facts) if found.facts else {}
    held = [a.HeldLine(h.debit, h.credit, h.asset, h.amount, h.deadline) for h in holds]
    return a.DocumentPage(seq, found.id, found.state, facts, found.seq, held)


def order(reader: SqlReader, id: str) -> a.DocumentPage:
    """An order with its pledge."""
    return _document(reader, "order", id)


def redemption(reader: SqlReader, id: str) -> a.DocumentPage:
    """Beans held for goods."""
    return _document(reader, "redemption", id)


def disbursement(reader: SqlReader, id: str) -> a.DocumentPage:
    """A project's money asked for."""
    return _document(reader, "disbursement", id)


def _account(reader: SqlReader, name: str, what: str) -> tuple[int, Account]:
    with reader.snapshot() as seq:
        found = reader.account(name)
    if found is None:
        raise Problem("not_found", f"there is no {what}")
    return seq, found


def project(reader: SqlReader, id: str) -> a.ProjectPage:
    """A project's money: raised, promised, asked for, disbursed, available."""
    seq, fund = _account(reader, f"2400:{id}", f"project {id}")
    return a.ProjectPage(
        seq, id, fund.cr_posted, fund.cr_pending, fund.dr_pending, fund.dr_posted, fund.available
    )


def pool(reader: SqlReader, id: str) -> a.PoolPage:
    """A sponsor's pool: deposited, spent, available."""
    seq, fund = _account(reader, f"2600:{id}", f"pool {id}")
    return a.PoolPage(seq, id, fund.cr_posted, fund.dr_posted, fund.available)


def rule(reader: SqlReader, id: str) -> a.RulePage:
    """An incentive rule: its terms, what it paid of each asset, and what its budgets have left."""
    with reader.snapshot() as seq:
        found = reader.document(f"rule:{id}")
        granted = [reader.account(f"{code}:{id}") for code in (3110, 3310)]
        budgets = {asset: reader.account(f"{codes.budget}:{id}") for asset, codes in BOUNDS.items()}
    if found is None:
        raise Problem("not_found", f"there is no rule {id}")
    beans, minutes = (0 if one is None else one.balance for one in granted)
    left = {asset: UNSET if one is None else one.available for asset, one in budgets.items()}
    fen = budgets[Asset.CNY]
    spent = UNSET if fen is None else fen.dr_posted
    return a.RulePage(
        seq, id, msgspec.json.decode(found.facts), beans, minutes, spent, left[Asset.BEAN], left[Asset.CNY]
    )


def account(reader: SqlReader, name: str) -> a.AccountPage:
    """An account with its four counters and its bounds."""
    seq, found = _account(reader, name, f"account {name}")
    return a.AccountPage(
        seq,
        name,
        CHART[code_of(name)].name,
        found.asset,
        found.balance,
        found.available,
        *found.counters,
        found.floor,
        found.ceiling,
        found.closed,
    )


def _lines(reader: SqlReader, name: str, what: str, after: int, limit: int) -> tuple[int, list[a.Line]]:
    with reader.snapshot() as seq:
        if reader.account(name) is None:
            raise Problem("not_found", f"there is no {what}")
        lines = reader.transfers_of(name, after, limit)
        titles = reader.titles(number >> LINE_BITS for number, _ in lines)
    return seq, [_line(number, line, titles[number >> LINE_BITS]) for number, line in lines]


def _line(number: int, line: Transfer, title: tuple[bytes, str, int]) -> a.Line:
    eid, kind, effective_at = title
    return a.Line(
        number >> LINE_BITS, number & _LINE, printed_id(eid), kind, effective_at, line.mode.value,
        line.debit, line.credit, line.asset, line.amount, line.hold,
    )  # fmt: skip


def transfers(reader: SqlReader, name: str, cursor: Cursor, limit: int) -> a.Lines:
    """An account's lines, ascending, a page at a time."""
    seq, lines = _lines(reader, name, f"account {name}", cursor.after, limit)
    return a.Lines(seq, lines, _next(lines, limit))


def _next(lines: list[a.Line], limit: int, came_in: int = 0, went_out: int = 0) -> str | None:
    """The cursor behind a full page."""
    if len(lines) < limit:
        return None
    return str(Cursor(lines[-1].seq << LINE_BITS | lines[-1].line, came_in, went_out))


def flow(reader: SqlReader, id: str, cursor: Cursor, limit: int) -> a.Flow:
    """A project's money in and out, a page at a time; `upto` is the running sum of its direction.

    A gift covers [upto - amount, upto) of what came in, a disbursement the same of what went out: where the
    two overlap, first in, first out, the one paid for the other.
    """
    name = f"2400:{id}"
    seq, lines = _lines(reader, name, f"project {id}", cursor.after, limit)
    sums: dict[Literal["in", "out"], int] = {"in": cursor.came_in, "out": cursor.went_out}
    items = []
    for line in lines:
        if line.mode in MONEY_MOVES:
            way: Literal["in", "out"] = "in" if line.credit == name else "out"
            sums[way] += line.amount
            items.append(
                a.Moved(
                    line.seq, line.line, line.id, line.kind, line.effective_at, way, line.amount, sums[way]
                )
            )
    return a.Flow(seq, items, _next(lines, limit, sums["in"], sums["out"]))


def event(reader: SqlReader, id: str) -> msgspec.Raw:
    """One event, as the export writes it."""
    posted = reader.event(bytes.fromhex(id))
    found = list(reader.events(posted.seq - 1, 1)) if posted is not None else []
    if not found:
        raise Problem("not_found", f"there is no event {id}")
    return msgspec.Raw(exported(found[0]))


def exported(event: Event) -> bytes:
    """An event as one line of the export, without its line break."""
    return msgspec.json.encode(
        {
            "seq": event.seq,
            "id": printed_id(event.eid),
            "kind": event.kind,
            "actor": event.actor,
            "ts_us": event.ts_us,
            "effective_at": event.effective_at,
            "document": event.document,
            "state": event.state,
            "facts": msgspec.Raw(event.facts) if event.facts else None,
            "reverse_of": None if event.reverses is None else printed_id(event.reverses),
            "transfers": event.transfers,
            "jhash": event.jhash.hex(),
        }
    )


def export(events: Iterable[Event]) -> bytes:
    """Lines of the export."""
    return b"".join([exported(event) + b"\n" for event in events])
