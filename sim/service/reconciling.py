"""What reconciliation compares: the clearing account's payments, and the provider's file."""

from __future__ import annotations

import csv
from pathlib import Path

from sim.domain.reconciliation import Payment, Settled
from sim.errors import UsageError
from sim.ledger.entries import printed_id
from sim.ledger.reading import SqlReader
from sim.ledger.stores import LINE_BITS
from sim.service.commands.plan import day_of

CLEARING = "1110"
DAILY = ("SETTLE", "SETTLE_BACK", "OPENING")  # what moves clearing but is no payment
PAGE = 10_000


def payments(reader: SqlReader) -> list[Payment]:
    """Every payment that moved the clearing account: money in positive, money back negative."""
    found: dict[int, int] = {}
    after = 0
    while lines := reader.transfers_of(CLEARING, after, PAGE):
        for number, line in lines:
            fen = line.amount if line.debit == CLEARING else -line.amount
            found[number >> LINE_BITS] = found.get(number >> LINE_BITS, 0) + fen
        after = lines[-1][0]
    titles = reader.titles(found)
    return [
        Payment(printed_id(titles[seq][0]), fen, day_of(titles[seq][2]))
        for seq, fen in found.items()
        if titles[seq][1] not in DAILY
    ]


def read_file(path: Path) -> list[Settled]:
    """The rows of a provider's file. Raises UsageError with the line that cannot be read."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if not {"reference", "fen"} <= set(rows.fieldnames or ()):
                raise UsageError(f"{path}:1: needs the columns reference and fen")
            return [_row(path, rows.line_num, row) for row in rows]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error


def _row(path: Path, line: int, row: dict[str, str]) -> Settled:
    try:
        return Settled(row["reference"].strip().lower(), int(row["fen"]))
    except (ValueError, AttributeError, TypeError):
        raise UsageError(f"{path}:{line}: fen must be a whole number, reference an event's id") from None


def balance_of(reader: SqlReader, account: str) -> int:
    """An account's balance, 0 if nothing ever moved it."""
    found = reader.account(account)
    return 0 if found is None else found.balance
