"""What the charity promises of its books, beside what every ledger promises; `audit` asks these rules too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sim.bookkeeping import POSTINGS, code_of
from sim.ledger.audit import OfEvents, OfTables
from sim.ledger.entries import OPENING, Mode
from sim.ledger.fold import Fold
from sim.ledger.journal import Event
from sim.ledger.reading import SqlReader

GROWN = (2100, 2110)  # beans that are still there
SPENT = (3160, 3170, 3180, 3190)  # and beans that are gone: revoked, expired, redeemed, donated
MOVES = {
    kind.name: {(line.mode, line.debit, line.credit) for line in lines} for kind, lines in POSTINGS.items()
}
BY_STATE = {"confirmed": "ORDER_CONFIRM", "refunded": "ORDER_REFUND", "paid": "ORDER_PAY"}


def lines_are_those_of_the_posting_table(fold: Fold, event: Event, answer: bytes) -> Iterator[str]:
    """I11: each kind moves what the posting table says, so projects get gifts and matches and nothing else."""
    for line in event.transfers:
        mode = Mode.VOID if line.mode is Mode.EXPIRE else line.mode
        moved = (mode, code_of(line.debit), code_of(line.credit))
        if event.kind != OPENING and moved not in MOVES.get(event.kind, ()):
            yield f"event {event.seq}: {event.kind} moves {line.amount} from {line.debit} to {line.credit}"


def a_pledge_is_given_when_its_order_is_confirmed(fold: Fold, event: Event, answer: bytes) -> Iterator[str]:
    """I7: money leaves an order's escrow for a project when the order becomes confirmed, and only then."""
    if event.document is None or not event.document.startswith("order:"):
        return
    given = any(line.mode is Mode.POST and code_of(line.credit) == 2400 for line in event.transfers)
    if given != (event.state == "confirmed") or event.kind != BY_STATE.get(str(event.state), event.kind):
        yield f"event {event.seq}: {event.document} is {event.state} by {event.kind}"


def a_disbursement_has_two_principals(fold: Fold, event: Event, answer: bytes) -> Iterator[str]:
    """No disbursement is approved by the key that asked for it."""
    if event.kind == "DISBURSE_APPROVE" and event.document is not None:
        facts = fold.documents[event.document].facts
        if f'"maker":"{event.actor}"'.encode() in facts:
            yield f"event {event.seq}: {event.document} was asked for and approved by {event.actor}"


def beans_issued_are_somewhere(reader: SqlReader, fold: Fold) -> Iterator[str]:
    """I8: beans issued = growing + available + donated + redeemed + expired + revoked."""
    balances: Counter[int] = Counter()
    for account in reader.accounts():
        balances[code_of(account.name)] += account.balance
    here = sum(balances[code] for code in GROWN + SPENT)
    if balances[3100] != here:
        yield f"{balances[3100]} beans were issued, {here} are accounted for"


def a_project_has_what_it_was_given(reader: SqlReader, fold: Fold) -> Iterator[str]:
    """I11: a project never spends more than it was given, holds included."""
    for account in reader.accounts():
        if code_of(account.name) == 2400 and account.dr_posted + account.dr_pending > account.cr_posted:
            yield f"{account.name} was given {account.cr_posted} and spends {account.dr_posted}"


OF_EVENTS: tuple[OfEvents, ...] = (
    lines_are_those_of_the_posting_table,
    a_pledge_is_given_when_its_order_is_confirmed,
    a_disbursement_has_two_principals,
)
OF_TABLES: tuple[OfTables, ...] = (beans_issued_are_somewhere, a_project_has_what_it_was_given)
