"""What reconciliation compares: the clearing account's payments, and the provider's file."""

from __future__ import annotations

import re
from pathlib import Path

from sim.domain.reconciliation import Payment, Settled
from sim.doors import read_csv, told
from sim.errors import Mistake
from sim.ledger.entries import printed_id
from sim.ledger.reading import SqlReader
from sim.ledger.stores import LINE_BITS
from sim.service.commands.plan import day_of

CLEARING = "1110"
DAILY = ("SETTLE", "SETTLE_BACK", "OPENING")  # what moves clearing but is no payment
PAGE = 10_000
COLUMNS = ("reference", "fen")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


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
    """The rows of a provider's file. Raises ScenarioError with every line that cannot be read."""
    settled, mistakes = [], []
    for line, cells in read_csv(path, COLUMNS):
        reference, fen = (cells[name].strip() for name in COLUMNS)
        if not reference:
            mistakes.append(Mistake(str(path), line, "reference", "is empty; give the id of the event"))
        if not _WHOLE.fullmatch(fen):
            mistakes.append(
                Mistake(str(path), line, "fen", f"{fen!r} is no whole number; 1.50 yuan are 150 fen")
            )
        else:
            settled.append(Settled(reference.lower(), int(fen)))
    told(mistakes)
    return settled


def balance_of(reader: SqlReader, account: str) -> int:
    """An account's balance, 0 if nothing ever moved it."""
    found = reader.account(account)
    return 0 if found is None else found.balance
