"""The audit: a ledger's whole export against what was asked, what was acknowledged, and the model.

    kept          1  acknowledged ⇒ in the ledger exactly once, with its seq
    asked         2  in the ledger ⇒ opened, prepared or sent
    resolved      3  events without an answer: there or not, counted
    balanced      4  debits = credits, floors, holds
    as-simulated  5a accounts not downstream of a row that depends on the order = the simulation's books
    as-rerun      5b every event and every account = the re-run in the ledger's order
    pools         5c spent ≤ deposited
    order         6  acknowledged before sent ⇒ smaller seq
    outcomes      7  refusals follow from the rules; what is certain ended as expected

The export is read once, page by page; beside it only accounts, ids and one entry an event are kept. n log n.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadtests.adapters import Ending
from loadtests.auditing import acknowledged, balanced, balances, outcomes, realtime
from loadtests.auditing.acknowledged import Matched
from loadtests.auditing.balanced import folded
from loadtests.auditing.compared import Compared
from loadtests.auditing.downstream import downstream
from loadtests.auditing.evidence import Evidence
from loadtests.auditing.export import Pages
from loadtests.auditing.findings import AuditVerdict, Check, not_audited
from loadtests.auditing.journal import Reading
from loadtests.quick.asked import asked

FILE = "audit.json"
PROMISES = {
    "kept": acknowledged.KEPT,
    "asked": acknowledged.ASKED,
    "resolved": acknowledged.RESOLVED,
    "balanced": balanced.PROMISE,
    "as-simulated": balances.AS_SIMULATED,
    "as-rerun": balances.AS_RERUN,
    "pools": balances.POOLS,
    "order": realtime.PROMISE,
    "outcomes": outcomes.PROMISE,
}
NEEDS_TRANSFERS = ("balanced", "as-simulated", "as-rerun", "pools", "outcomes")
NO_EXPORT = "the target has no export of what it holds"
NO_TRANSFERS = "the target's export tells ids and no transfers"


def audit(evidence: Evidence, pages: Pages | None) -> AuditVerdict:
    """Every check, on one pass over the export; without an export nothing is audited. Raises UsageError."""
    if pages is None:
        return AuditVerdict(
            tuple(not_audited(name, promise, NO_EXPORT) for name, promise in PROMISES.items())
        )
    began = time.perf_counter()
    with _without_collector():
        checks = _audit(evidence, pages)
    facts = {**evidence.facts, "run": evidence.wire.run, "seconds": round(time.perf_counter() - began, 3)}
    return AuditVerdict(checks, facts)


def _audit(evidence: Evidence, pages: Pages) -> tuple[Check, ...]:
    wanted = asked(evidence)
    reading = Reading(evidence.ids, wanted.accounts)
    for page in pages:
        reading.see(page)
    journal = reading.journal()
    matched, ledger = Matched.of(evidence, journal), folded(journal)
    compared = Compared.of(evidence, wanted, journal)
    unanswered = ~matched.booked & (matched.outcome != Ending.REJECTED)
    spread = downstream(evidence, wanted.accounts, unanswered[: len(evidence.rows)])
    checks = {
        "kept": acknowledged.check_kept(evidence, journal, matched),
        "asked": acknowledged.check_asked(evidence, journal, matched),
        "resolved": acknowledged.check_resolved(matched),
        "balanced": balanced.check_balanced(journal, ledger),
        "as-simulated": balances.check_as_simulated(evidence, wanted.accounts, journal, ledger, spread),
        "as-rerun": balances.check_as_rerun(journal, ledger, compared),
        "pools": balances.check_pools(journal, ledger, compared),
        "order": realtime.check_order(evidence, matched),
        "outcomes": outcomes.check_outcomes(evidence, matched, compared, spread),
    }
    if len(journal.seq) and not len(journal.lines):
        checks |= {name: not_audited(name, PROMISES[name], NO_TRANSFERS) for name in NEEDS_TRANSFERS}
    return tuple(checks.values())


@contextmanager
def _without_collector() -> Iterator[None]:
    """Pages hold many tuples and no cycles: looking for those would take longer than the audit."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def write_audit(folder: Path, verdict: AuditVerdict) -> Path:
    """Write `audit.json` into a folder, whole or not at all; where it is."""
    file = folder / FILE
    part = file.with_name(file.name + ".part")
    part.write_text(json.dumps(verdict.as_dict(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    part.replace(file)
    return file
