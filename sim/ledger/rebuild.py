"""Make the tables again from the journal, move a ledger to the other store, and say what a ledger holds in a hash.

All of it works on a ledger that nobody leads but the caller: who has a `SqlStore` is the leader.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from sim.errors import InvariantError, UsageError
from sim.ledger.fold import Fold
from sim.ledger.journal import chained
from sim.ledger.reading import SqlReader
from sim.ledger.sql import SqlStore
from sim.ledger.stores import line_id
from sim.ledger.tables import COLUMNS, account_row

CHUNK = 2_000  # rows written at once
_encode = msgspec.json.Encoder().encode


def fold_of(reader: SqlReader) -> Fold:
    """The whole journal, folded. Raises InvariantError at the first event that does not fit to the chain."""
    fold = Fold(reader.chart)
    for event in reader.events():
        if event.seq != fold.seq + 1 or event.jhash != chained(fold.jhash, event[:-1]):
            raise InvariantError(
                f"event {event.seq}: the journal is broken here, nothing can be made from it"
            )
        fold.add(event)
    return fold


def rebuild(store: SqlStore) -> int:
    """Counters, bounds, holds and documents anew from the journal, in one commit; the number of events read."""
    fold = fold_of(store)
    numbers = {account.name: account.id for account in store.accounts()}
    missing = max(numbers.values(), default=0)
    for name, account in fold.accounts.items():
        if name not in numbers:
            missing += 1
            numbers[name] = missing
        account.id = numbers[name]
    surplus = [id for name, id in numbers.items() if name not in fold.accounts]
    holds = sorted(fold.holds.values())
    with store.transaction():
        store.clear("hold")
        store.clear("document")
        if surplus:
            store.delete("account", surplus)
        for table, rows in (
            ("account", [account_row(account) for account in fold.accounts.values()]),
            (
                "hold",
                [
                    (line_id(h.seq, h.line), numbers[h.debit], numbers[h.credit], h.amount, h.deadline)
                    for h in holds
                ],
            ),
            ("document", [tuple(document) for document in fold.documents.values()]),
        ):
            for at in range(0, len(rows), CHUNK):
                store.insert(table, rows[at : at + CHUNK])
    return fold.seq


def copy(reader: SqlReader, store: SqlStore) -> int:
    """Everything of a ledger, keys of the service too, into an empty store of either kind; the number of events.

    Raises UsageError if the store is not empty, InvariantError if the copy does not hold the same.
    """
    if any(store.count(table) for table in COLUMNS):
        raise UsageError("--to: there is a ledger already, and a copy writes over none; name a new one")
    with reader.snapshot() as head:
        with store.transaction():
            for table in COLUMNS:
                for rows in reader.rows(table):
                    store.insert(table, rows)
        if state_hash(reader) != state_hash(store):
            raise InvariantError("the copy does not hold what was copied")
    return head


def state_hash(reader: SqlReader) -> str:
    """SHA-256 over everything a ledger holds but the service's keys, the same for the same ledger in either store."""
    digest = hashlib.sha256()
    parts: tuple[Callable[[], Iterator[Any]], ...] = (
        lambda: ((event, answer) for event, answer in reader.journal()),
        lambda: (account_row(account) for account in reader.accounts()),
        reader.holds_open,
        reader.documents,
        reader.refusals,
    )
    with reader.snapshot():
        for part in parts:
            for row in part():
                digest.update(_encode(row) + b"\n")
            digest.update(b"\n")
    return digest.hexdigest()
