"""What can be read: balances, documents, projects, pools, accounts, flows. Each is the state of one commit."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import msgspec

from sim.bookkeeping import CHART, code_of
from sim.ledger.accounts import Account
from sim.ledger.entries import Document, Mode, Transfer, printed_id
from sim.ledger.reading import SqlReader
from sim.service.problems import Problem

Said = dict[str, Any]
BALANCES = ("2100", "2110", "2800")  # what a user has: growing and available beans, minutes
MONEY_MOVES = (Mode.POSTED, Mode.POST)


class Cursor(msgspec.Struct, array_like=True):
    """Where a page ended: the last line's number, and what had come in and gone out by then."""

    after: int
    came_in: int = 0
    went_out: int = 0


def printed_cursor(cursor: Cursor) -> str:
    """Opaque text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """The cursor of a page's `next`; empty = from the beginning. Raises Problem."""
    if not text:
        return Cursor(0)
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        cursor = msgspec.json.decode(raw, type=Cursor)
    except (ValueError, msgspec.MsgspecError):
        raise Problem("bad_request", "this cursor was not given out here") from None
    if not all(0 <= number < 2**62 for number in (cursor.after, cursor.came_in, cursor.went_out)):
        raise Problem("bad_request", "this cursor was not given out here")
    return cursor


def _of(account: Account) -> Said:
    return {
        "account": account.name,
        "asset": account.asset,
        "balance": account.balance,
        "available": account.available,
    }


def user(reader: SqlReader, id: str) -> Said:
    """A user's beans by stage and period, and minutes by class and year."""
    with reader.snapshot() as seq:
        found = [one for code in BALANCES for one in reader.family(f"{code}:{id}")]
    if not found:
        raise Problem("not_found", f"there is no user {id}")
    return {"as_of_seq": seq, "user": id, "balances": [_of(one) for one in found]}


def document(reader: SqlReader, kind: str, id: str) -> Said:
    """A document's state, its facts and the event that moved it last."""
    with reader.snapshot() as seq:
        found = reader.document(f"{kind}:{id}")
        holds = reader.holds(found.held) if found is not None and found.held else ()
    if found is None:
        raise Problem("not_found", f"there is no {kind} {id}")
    return {"as_of_seq": seq, **_document(found), "holds": [_hold(hold) for hold in holds]}


def _document(found: Document) -> Said:
    facts = msgspec.json.decode(found.facts) if found.facts else {}
    return {"document": found.id, "state": found.state, "facts": facts, "seq": found.seq}


def _hold(hold: Any) -> Said:
    said = {"debit": hold.debit, "credit": hold.credit, "asset": hold.asset, "amount": hold.amount}
    return said if hold.deadline is None else {**said, "until": hold.deadline}


def project(reader: SqlReader, id: str) -> Said:
    """Money raised, promised by paid orders, asked for, disbursed with fees and corrections, and available."""
    with reader.snapshot() as seq:
        fund = reader.account(f"2400:{id}")
    if fund is None:
        raise Problem("not_found", f"there is no project {id}")
    return {
        "as_of_seq": seq,
        "project": id,
        "raised": fund.cr_posted,
        "promised": fund.cr_pending,
        "pending": fund.dr_pending,
        "disbursed": fund.dr_posted,
        "available": fund.available,
    }


def pool(reader: SqlReader, id: str) -> Said:
    """A sponsor's pool: deposited, given or withdrawn, available."""
    with reader.snapshot() as seq:
        fund = reader.account(f"2600:{id}")
    if fund is None:
        raise Problem("not_found", f"there is no pool {id}")
    return {
        "as_of_seq": seq,
        "pool": id,
        "deposited": fund.cr_posted,
        "spent": fund.dr_posted,
        "available": fund.available,
    }


def account(reader: SqlReader, name: str) -> Said:
    """An account with its four counters and its bounds."""
    with reader.snapshot() as seq:
        found = reader.account(name)
    if found is None:
        raise Problem("not_found", f"there is no account {name}")
    counters = dict(zip(("dr_pending", "dr_posted", "cr_pending", "cr_posted"), found.counters, strict=True))
    bounds = {"floor": found.floor, "ceiling": found.ceiling, "closed": found.closed}
    return {"as_of_seq": seq, **_of(found), "name": CHART[code_of(name)].name, **counters, **bounds}


def transfers(reader: SqlReader, name: str, cursor: Cursor, limit: int) -> Said:
    """An account's lines, ascending."""
    with reader.snapshot() as seq:
        if reader.account(name) is None:
            raise Problem("not_found", f"there is no account {name}")
        lines = reader.transfers_of(name, cursor.after, limit)
        titles = reader.titles(id >> 4 for id, _ in lines)
    items = [{**_line(id, line), **_title(titles[id >> 4])} for id, line in lines]
    return _page(seq, items, Cursor(lines[-1][0]) if len(lines) == limit else None)


def _line(id: int, line: Transfer) -> Said:
    said: Said = {
        "seq": id >> 4,
        "line": id & 15,
        "mode": line.mode.value,
        "debit": line.debit,
        "credit": line.credit,
        "asset": line.asset,
        "amount": line.amount,
    }
    return said if line.hold is None else {**said, "resolves": list(line.hold)}


def _title(title: tuple[bytes, str, int]) -> Said:
    eid, kind, effective_at = title
    return {"id": printed_id(eid), "kind": kind, "effective_at": effective_at}


def _page(seq: int, items: list[Said], end: Cursor | None) -> Said:
    return {"as_of_seq": seq, "items": items, "next": None if end is None else printed_cursor(end)}


def flow(reader: SqlReader, id: str, cursor: Cursor, limit: int) -> Said:
    """A project's money in and out in its order; `upto` is the running sum of its direction.

    A gift covers [upto - amount, upto) of what came in, a disbursement the same of what went out: where the
    two overlap, first in, first out, the one paid for the other.
    """
    name = f"2400:{id}"
    with reader.snapshot() as seq:
        if reader.account(name) is None:
            raise Problem("not_found", f"there is no project {id}")
        lines = reader.transfers_of(name, cursor.after, limit)
        titles = reader.titles(id >> 4 for id, _ in lines)
    items, end = [], Cursor(cursor.after, cursor.came_in, cursor.went_out)
    for number, line in lines:
        end.after = number
        if line.mode in MONEY_MOVES:
            items.append({**_moved(end, name, number, line), **_title(titles[number >> 4])})
    return _page(seq, items, end if len(lines) == limit else None)


def _moved(sums: Cursor, name: str, number: int, line: Transfer) -> Said:
    if line.credit == name:
        sums.came_in += line.amount
        direction, upto = "in", sums.came_in
    else:
        sums.went_out += line.amount
        direction, upto = "out", sums.went_out
    return {
        "seq": number >> 4,
        "line": number & 15,
        "direction": direction,
        "amount": line.amount,
        "upto": upto,
    }


def event(reader: SqlReader, id: str) -> bytes:
    """One event, as the export writes it."""
    posted = reader.event(bytes.fromhex(id))
    found = list(reader.events(posted.seq - 1, 1)) if posted is not None else []
    if not found:
        raise Problem("not_found", f"there is no event {id}")
    return exported(found[0])


def exported(event: Any) -> bytes:
    """An event as one line of the export, without its line break."""
    document = event.document
    return msgspec.json.encode(
        {
            "seq": event.seq,
            "id": printed_id(event.eid),
            "kind": event.kind,
            "actor": event.actor,
            "ts_us": event.ts_us,
            "effective_at": event.effective_at,
            "document": document,
            "state": event.state,
            "facts": msgspec.Raw(event.facts) if event.facts else None,
            "reverse_of": None if event.reverses is None else printed_id(event.reverses),
            "transfers": event.transfers,
            "jhash": event.jhash.hex(),
        }
    )


def export(events: Iterable[Any]) -> bytes:
    """Lines of the export."""
    return b"".join([exported(event) + b"\n" for event in events])
