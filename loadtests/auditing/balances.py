"""Checks 5a to 5c: where the accounts stand, against the simulation's books and against the re-run."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from loadtests.auditing.compared import Compared, padded
from loadtests.auditing.downstream import Downstream
from loadtests.auditing.evidence import Evidence
from loadtests.auditing.findings import Check, Defect, Findings, checked, not_audited
from loadtests.auditing.journal import Journal
from loadtests.quick import numbers as N
from loadtests.quick.accounts import Accounts, Ints
from loadtests.quick.fold import Folded
from sim.bookkeeping import BOUNDS, CHART
from sim.ledger.accounts import Side

AS_SIMULATED = (
    "Every account that is not downstream of a row whose end depends on the order holds at the end what it holds in "
    "the simulation's own books."
)
AS_RERUN = (
    "Every event books line by line what the charity's rules make of its row of the trace, re-run in the ledger's own "
    "order, and all four counters of every account are those of the re-run."
)
POOLS = (
    "No pool gave more than it was given, no incentive rule more than its budget and to no user more than its "
    "allowance, neither in the ledger nor in the re-run."
)
AVAILABLE_BEANS = 2110
LEDGERS_OWN = [
    code for bounds in BOUNDS.values() for code in bounds
]  # what bounds rules: no books of the simulation
POOL = 2600
RULES_BOUNDS = [code for bounds in BOUNDS.values() for code in (bounds.budget, bounds.allowance)]
GIVES_WHAT_IT_HAS = (POOL, *RULES_BOUNDS)
DEBIT_CODES = [code for code, account in CHART.items() if account.normal is Side.DEBIT]
COUNTERS = {
    "dr_pending": N.DR_PENDING,
    "dr_posted": N.DR_POSTED,
    "cr_pending": N.CR_PENDING,
    "cr_posted": N.CR_POSTED,
}


def check_as_simulated(
    evidence: Evidence, accounts: Accounts, journal: Journal, ledger: Folded, downstream: Downstream
) -> Check:
    """Check 5a: accounts that no order can change equal the simulation's closing books."""
    if evidence.closing is None:
        return not_audited("as-simulated", AS_SIMULATED, "the simulation's closing books are not known")
    findings = Findings()
    held, names = balances(journal, ledger), journal.names
    closing, nowhere = _closing(evidence, accounts, len(names))
    certain = np.ones(len(names), np.bool_)
    certain[: len(downstream.accounts)] = ~downstream.accounts
    certain &= ~np.isin(journal.codes, LEDGERS_OWN)
    known = ledger.counters.any(axis=1) | (closing != 0)
    counts = {
        "compared": int((known & certain).sum()) + len(nowhere),
        "downstream": int((known & ~certain).sum()),
    }
    if not evidence.by_period:
        summed = journal.codes == AVAILABLE_BEANS
        _compare_sums(evidence, journal, held, certain & summed, findings)
        certain &= ~summed
    wrong = np.flatnonzero(certain & (held != closing))
    findings.add_places(
        Defect.WRONG_BALANCE,
        wrong,
        lambda a: f"{names[a]} holds {held[a]:,}; in the simulation {closing[a]:,}",
        np.abs(held - closing)[wrong],
    )
    for name, balance in nowhere:
        findings.add(Defect.WRONG_BALANCE, f"{name} holds 0; in the simulation {balance:,}", abs(balance))
    return checked("as-simulated", AS_SIMULATED, findings, **counts)


def balances(journal: Journal, ledger: Folded) -> Ints:
    """By account, the posted balance on its normal side."""
    net = ledger.counters[:, N.CR_POSTED] - ledger.counters[:, N.DR_POSTED]
    return np.where(np.isin(journal.codes, DEBIT_CODES), -net, net)


def _closing(evidence: Evidence, accounts: Accounts, size: int) -> tuple[Ints, list[tuple[str, int]]]:
    """The simulation's balance by account, and those of accounts that nothing else knows."""
    closing, nowhere = np.zeros(size, np.int64), []
    get, plain = accounts.numbers.get, not evidence.wire.namespace
    for name, balance in (evidence.closing or {}).items():
        number = get(name if plain else evidence.wire.account(name))
        if number is not None:
            closing[number] = balance
        elif balance and (evidence.by_period or not name.startswith(f"{AVAILABLE_BEANS}:")):
            nowhere.append((name, balance))
    return closing, nowhere


def _compare_sums(
    evidence: Evidence, journal: Journal, held: Ints, mine: NDArray[np.bool_], findings: Findings
) -> None:
    """Where the simulation knows a user's available beans only as one sum, compare the sums of users."""
    sums, closing = Counter[str](), Counter[str]()
    for account in np.flatnonzero(mine).tolist():
        sums[_without_period(journal.names[account])] += int(held[account])
    for name, balance in (evidence.closing or {}).items():
        if name.startswith(f"{AVAILABLE_BEANS}:"):
            closing[_without_period(evidence.wire.account(name))] += balance
    for name in sorted(sums):
        if sums[name] != closing[name]:
            words = f"{name} holds {sums[name]:,}; in the simulation {closing[name]:,}"
            findings.add(Defect.WRONG_BALANCE, words, abs(sums[name] - closing[name]))


def _without_period(name: str) -> str:
    return ":".join(name.split(":")[:2])


def check_as_rerun(journal: Journal, ledger: Folded, compared: Compared) -> Check:
    """Check 5b: every event and every account equals the re-run."""
    findings, names = Findings(), journal.names
    compared.note_amounts(findings)
    rules = padded(compared.rules.counters, len(names))
    for counter, column in COUNTERS.items():
        is_, should = ledger.counters[:, column], rules[:, column]
        for a in np.flatnonzero(is_ != should).tolist():
            words = f"{names[a]}: {counter} is {is_[a]:,}; in the re-run {should[a]:,}"
            findings.add(Defect.WRONG_BALANCE, words, abs(int(is_[a] - should[a])))
    events = int(np.count_nonzero(compared.rules.ends >= 0))
    accounts = int(np.count_nonzero((ledger.counters | rules).any(axis=1)))
    return checked("as-rerun", AS_RERUN, findings, events=events, accounts=accounts)


def check_pools(journal: Journal, ledger: Folded, compared: Compared) -> Check:
    """Check 5c: spent and withdrawn ≤ opened and deposited, per pool, and per bound of a rule."""
    findings, names = Findings(), journal.names
    pools = np.flatnonzero(np.isin(journal.codes, GIVES_WHAT_IT_HAS))
    counts = {
        "pools": int((journal.codes == POOL).sum()), "bounds": int(np.isin(journal.codes, RULES_BOUNDS).sum()),
    }  # fmt: skip
    rules = padded(compared.rules.counters, len(names))
    for where, counters in (("the ledger", ledger.counters), ("the re-run", rules)):
        for pool in pools.tolist():
            spent, given = int(counters[pool, N.DR_POSTED]), int(counters[pool, N.CR_POSTED])
            if spent > given:
                words = f"{names[pool]} gave {spent:,} of {given:,} in {where}"
                findings.add(Defect.OVERSPENT, words, spent - given)
    return checked("pools", POOLS, findings, **counts)
