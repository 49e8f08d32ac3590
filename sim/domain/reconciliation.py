"""The payment provider's daily file against what was booked: every payment must be in both, once, the same.

Amounts are fen, positive for money that came in and negative for money that went back. A payment is named by
its reference, which is the id of its event.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

Flaw = Literal["missing", "duplicate", "late", "early", "wrong_amount", "unknown"]


class Payment(NamedTuple):
    """One payment; `day` (YYYYMMDD) is the one on which it was made."""

    reference: str
    fen: int
    day: int


class Settled(NamedTuple):
    """One row of the provider's file."""

    reference: str
    fen: int


class Defect(NamedTuple):
    """One thing that does not agree. `booked_fen` None = not booked, `settled_fen` None = not in the file."""

    flaw: Flaw
    reference: str
    booked_fen: int | None
    settled_fen: int | None


def reconcile(booked: Iterable[Payment], file: Iterable[Settled], day: int) -> list[Defect]:
    """Every defect of a day's file, by reference: each row is compared, and each payment of the day is sought.

    A row may have several defects. A row of an earlier day's payment is late, of a later one early; a
    second row of one reference is a duplicate whatever it says.
    """
    known = {payment.reference: payment for payment in booked}
    seen: set[str] = set()
    defects: list[Defect] = []
    for row in file:
        payment = known.get(row.reference)
        fen = None if payment is None else payment.fen
        flaws: list[Flaw] = ["duplicate"] if row.reference in seen else _flaws(row, payment, day)
        defects += [Defect(flaw, row.reference, fen, row.fen) for flaw in flaws]
        seen.add(row.reference)
    for payment in known.values():
        if payment.day == day and payment.reference not in seen:
            defects.append(Defect("missing", payment.reference, payment.fen, None))
    return sorted(defects, key=lambda defect: (defect.reference, defect.flaw))


def _flaws(row: Settled, payment: Payment | None, day: int) -> list[Flaw]:
    """What is wrong with the first row of a reference."""
    if payment is None:
        return ["unknown"]
    flaws: list[Flaw] = []
    if payment.fen != row.fen:
        flaws.append("wrong_amount")
    if payment.day < day:
        flaws.append("late")
    if payment.day > day:
        flaws.append("early")
    return flaws
