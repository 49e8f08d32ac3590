"""Check 4: the ledger's own transfers, added up as they stand, event by event in the ledger's order.

Nothing here knows what an event was for. Floors are those of the chart; a floor that an administrator changed is not
in the export.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from loadtests.auditing.findings import Check, Defect, Findings, checked
from loadtests.auditing.journal import ASSETS, UNKNOWN_CODE, Journal
from loadtests.quick import numbers as N
from loadtests.quick.accounts import Ints
from loadtests.quick.fold import CREDIT_FLOOR, DEBIT_FLOOR, GOOD, NO_FLOOR, Folded, fold
from sim.bookkeeping import CHART
from sim.ledger.accounts import Side

PROMISE = (
    "Debits equal credits of every asset, posted and pending; every hold ends at most once and within its amount; no "
    "account is below its floor after any event, in the ledger's own order."
)
NO_ASSET = len(ASSETS)
MOST_CODE = max(CHART) + 1


def folded(journal: Journal) -> Folded:
    """The accounts as the ledger's transfers make them."""
    floors = np.full(MOST_CODE, NO_FLOOR, np.uint8)
    for code, account in CHART.items():
        if account.floor is not None:
            floors[code] = CREDIT_FLOOR if account.normal is Side.CREDIT else DEBIT_FLOOR
    return fold(journal.lines, journal.offsets, journal.targets(), floors[journal.codes])


def assets(journal: Journal) -> NDArray[np.uint8]:
    """By account, the number of its asset; NO_ASSET for an account that the chart does not have."""
    by_code = np.full(MOST_CODE, NO_ASSET, np.uint8)
    for code, account in CHART.items():
        by_code[code] = ASSETS.index(str(account.asset))
    return np.asarray(by_code[journal.codes])


def check_balanced(journal: Journal, ledger: Folded) -> Check:
    """Check 4."""
    findings, lines, event = Findings(), journal.lines, Events(journal)
    unknown = np.flatnonzero(journal.codes == UNKNOWN_CODE)
    findings.add_places(
        Defect.UNBALANCED, unknown, lambda a: f"{journal.names[a]!r} is no account of the chart"
    )
    for asset, what, debits, credits in sums(journal, ledger):
        if debits != credits:
            words = f"{asset}: {what} debits are {debits:,}, credits {credits:,}"
            findings.add(Defect.UNBALANCED, words, abs(debits - credits))
    of_account = assets(journal)
    foreign = (of_account[lines[:, N.DEBIT]] != journal.asset) | (
        of_account[lines[:, N.CREDIT]] != journal.asset
    )
    findings.add_places(Defect.UNBALANCED, np.flatnonzero(foreign), event.mixes_assets)
    findings.add_places(Defect.UNBALANCED, np.flatnonzero(lines[:, N.AMOUNT] <= 0), event.moves_nothing)
    wrong = np.flatnonzero(ledger.ending != GOOD)
    findings.add_places(Defect.UNBALANCED, wrong, event.ends_wrongly, lines[wrong, N.AMOUNT])
    below = np.flatnonzero(ledger.below > 0)
    findings.add_places(
        Defect.OVERDRAWN,
        below,
        lambda i: (
            f"{journal.names[ledger.account[i]]} is {ledger.below[i]:,} below its floor after seq {journal.seq[i]}"
        ),
        ledger.below[below],
    )
    counts = {"transfers": len(lines), "accounts": touched(ledger), "open_holds": ledger.open}
    return checked("balanced", PROMISE, findings, **counts)


def touched(ledger: Folded) -> int:
    """How many accounts any transfer moved."""
    return int(np.count_nonzero(ledger.counters.any(axis=1)))


def sums(journal: Journal, ledger: Folded) -> Iterator[tuple[str, str, int, int]]:
    """Debits and credits by asset, posted and pending; the asset is that of the account, not of the line."""
    of_account = assets(journal)
    for number, asset in enumerate(ASSETS):
        of_asset: Ints = ledger.counters[of_account == number].sum(axis=0)
        yield asset, "posted", int(of_asset[N.DR_POSTED]), int(of_asset[N.CR_POSTED])
        yield asset, "pending", int(of_asset[N.DR_PENDING]), int(of_asset[N.CR_PENDING])


class Events:
    """Lines in words."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def _seq(self, line: int) -> int:
        return int(self.journal.seq[np.searchsorted(self.journal.offsets, line, side="right") - 1])

    def mixes_assets(self, line: int) -> str:
        """A line whose accounts do not both hold what it moves."""
        j = self.journal
        debit, credit = j.names[j.lines[line, N.DEBIT]], j.names[j.lines[line, N.CREDIT]]
        return f"seq {self._seq(line)} moves {ASSETS[j.asset[line]]} from {debit} to {credit}"

    def moves_nothing(self, line: int) -> str:
        """A line without a positive amount."""
        return f"seq {self._seq(line)} moves {self.journal.lines[line, N.AMOUNT]}"

    def ends_wrongly(self, line: int) -> str:
        """A line that ends a hold which is not open, or takes more than it held."""
        j = self.journal
        hold = f"the hold {j.lines[line, N.HOLD]}.{j.hold_line[line]}"
        return f"seq {self._seq(line)} ends {hold} with {j.lines[line, N.AMOUNT]:,}, but it is not open with so much"
