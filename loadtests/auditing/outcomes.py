"""Check 7: every refusal follows from the rules, and what cannot depend on the order ended as it had to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from loadtests.adapters import Ending
from loadtests.auditing.acknowledged import Matched
from loadtests.auditing.compared import Compared
from loadtests.auditing.downstream import Downstream
from loadtests.auditing.evidence import Evidence
from loadtests.auditing.findings import Check, Defect, Findings, checked
from sim.wire import Expected

ACCEPTED, UNSEEN, NAMELESS = 0, -1, -2  # beside the numbers of codes in a send log
PROMISE = (
    "Every refused event is refused by the rules with the same code at a place between the events that surround it in "
    "real time, every event in the ledger is accepted by the rules at its place, and every row that is not downstream "
    "of one that depends on the order ended as the trace expects."
)


def check_outcomes(evidence: Evidence, matched: Matched, compared: Compared, downstream: Downstream) -> Check:
    """Check 7."""
    findings, say = Findings(), evidence.say
    compared.note_outcomes(findings)
    trace, refused = evidence.in_trace, matched.outcome == Ending.REJECTED
    certain, expected = np.zeros(evidence.places, bool), np.zeros(evidence.places, np.int64)
    certain[: len(evidence.rows)] = ~downstream.rows
    expected[: len(evidence.rows)] = evidence.rows["expected"]
    codes, foreseen = evidence.log["code"], foreseen_codes(evidence)[expected]
    ended = np.where(matched.booked, ACCEPTED, np.where(codes == ACCEPTED, NAMELESS, codes.astype(np.int64)))
    settled = certain & trace & (refused | matched.booked) & (expected != Expected.DEPENDS)
    other = settled & (ended != foreseen)
    for defect, accepted in ((Defect.WRONG_REJECTION, False), (Defect.WRONG_ACCEPTANCE, True)):
        findings.add_places(
            defect,
            np.flatnonzero(other & (matched.booked == accepted)),
            lambda k: (
                f"{say(k)} was {_said('' if matched.booked[k] else evidence.codes[codes[k]] or 'nothing')}; "
                f"the trace expects {_said(_code(evidence, int(expected[k])))}"
            ),
        )
    return checked(
        "outcomes",
        PROMISE,
        findings,
        refused=int(refused.sum()),
        reproduced=int(compared.rules.reproduced.sum()),
        as_expected=int((settled & ~other).sum()),
        downstream=int((trace & ~certain).sum()),
    )


def foreseen_codes(evidence: Evidence) -> NDArray[np.int64]:
    """By value of `expected`, the send log's number of the code it stands for; UNSEEN if nothing was refused so."""
    numbers = {name: number for number, name in enumerate(evidence.codes)}
    return np.array([numbers.get(_code(evidence, value), UNSEEN) for value in range(256)])


def _code(evidence: Evidence, expected: int) -> str:
    """The code that a value of `expected` stands for, "" = accepted."""
    named = expected - len(Expected)
    return evidence.refusals[named] if 0 <= named < len(evidence.refusals) else ""


def _said(code: str) -> str:
    return f"refused as {code}" if code else "accepted"
