"""Check 7: every refusal follows from the rules, and what cannot depend on the order ended as it had to."""

from __future__ import annotations

import numpy as np

from loadtests.adapters import Ending
from loadtests.auditing.acknowledged import Matched
from loadtests.auditing.compared import Compared
from loadtests.auditing.downstream import Downstream
from loadtests.auditing.evidence import Evidence
from loadtests.auditing.findings import Check, Defect, Findings, checked
from sim.wire import Expected

PROMISE = (
    "Every refused event is refused by the rules with the same code at a place between the events that surround it in "
    "real time, every event in the ledger is accepted by the rules at its place, and every row that is not downstream "
    "of one that depends on the order ended as the trace expects."
)


def check_outcomes(evidence: Evidence, matched: Matched, compared: Compared, downstream: Downstream) -> Check:
    """Check 7."""
    findings, say = Findings(), evidence.say
    compared.note_outcomes(findings)
    expected = np.full(evidence.places, int(Expected.ACCEPTED))
    expected[: len(evidence.rows)] = evidence.rows["expected"]
    certain = np.zeros(evidence.places, bool)
    certain[: len(evidence.rows)] = ~downstream.rows
    refused = matched.outcome == Ending.REJECTED
    codes = evidence.log["code"]
    foreseen = np.array([_code(evidence, value) for value in range(256)])[expected]
    ended = np.where(matched.booked, "", np.array([*evidence.codes, "?"])[codes])
    settled = certain & evidence.in_trace & (refused | matched.booked) & (expected != Expected.DEPENDS)
    other = settled & (ended != foreseen)
    for defect, accepted in ((Defect.WRONG_REJECTION, False), (Defect.WRONG_ACCEPTANCE, True)):
        findings.add_places(
            defect,
            np.flatnonzero(other & (matched.booked == accepted)),
            lambda k: f"{say(k)} was {_said(str(ended[k]))}; the trace expects {_said(str(foreseen[k]))}",
        )
    return checked(
        "outcomes",
        PROMISE,
        findings,
        refused=int(refused.sum()),
        reproduced=int(compared.rules.reproduced.sum()),
        as_expected=int((settled & ~other).sum()),
        downstream=int((downstream.rows & evidence.in_trace[: len(evidence.rows)]).sum()),
    )


def _code(evidence: Evidence, expected: int) -> str:
    """The code that a value of `expected` stands for, "" = accepted."""
    named = expected - len(Expected)
    return evidence.refusals[named] if 0 <= named < len(evidence.refusals) else ""


def _said(code: str) -> str:
    return f"refused as {code}" if code else "accepted"
