"""Checks 1 to 3: what was acknowledged is there once, nothing else is there, and every doubt is resolved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadtests.adapters import Ending
from loadtests.auditing.evidence import UNSENT, Evidence, Ints
from loadtests.auditing.findings import Check, Defect, Findings, checked
from loadtests.auditing.journal import Journal

KEPT = (
    "Every event that was acknowledged, opened or prepared stands in the ledger exactly once, under the seq that was "
    "acknowledged, and the ledger's seq runs from 1 without a gap."
)
ASKED = "Nothing stands in the ledger but what the run opened, prepared or sent, and nothing that it refused."
RESOLVED = "Every event that ended without an answer stands in the ledger or does not, and is counted."
DOUBTFUL = (Ending.OPEN, Ending.RETRYABLE, Ending.UNKNOWN)


@dataclass(frozen=True)
class Matched:
    """By place: how sending ended, the seq that was acknowledged, the ledger's first seq (0 = none), how often."""

    outcome: NDArray[np.uint8]
    acked_seq: Ints
    seq: Ints
    times: Ints

    @classmethod
    def of(cls, evidence: Evidence, journal: Journal) -> Matched:
        """Every place with its events."""
        log = evidence.log
        return cls(log["outcome"], log["seq"].astype(np.int64), *journal.by_place(evidence.places))

    @property
    def acked(self) -> NDArray[np.bool_]:
        """What was acknowledged."""
        return np.isin(self.outcome, (Ending.ACCEPTED, Ending.DUPLICATE))

    @property
    def booked(self) -> NDArray[np.bool_]:
        """What stands in the ledger."""
        return np.asarray(self.times > 0)


def check_kept(evidence: Evidence, journal: Journal, matched: Matched) -> Check:
    """Check 1: acknowledged ⇒ in the ledger exactly once, with that seq."""
    findings, say = Findings(), evidence.say
    acked, seq, acked_seq = matched.acked, matched.seq, matched.acked_seq
    findings.add_places(
        Defect.LOST,
        np.flatnonzero(acked & ~matched.booked),
        lambda k: f"{say(k)} was acknowledged{_as(acked_seq[k])} and is not in the ledger",
    )
    missing, after = gaps(journal.seq) if evidence.gapless else (0, 0)
    if missing:
        findings.add(
            Defect.LOST, f"the ledger has no event after seq {after}: its seq has a gap", count=missing
        )
    twice = np.flatnonzero(matched.times > 1)
    findings.add_places(
        Defect.DUPLICATED,
        twice,
        lambda k: f"{say(k)} stands {matched.times[k]} times in the ledger, first as seq {seq[k]}",
        matched.times[twice],
    )
    other = np.flatnonzero(acked & matched.booked & evidence.in_trace & (seq != acked_seq))
    findings.add_places(
        Defect.MISNUMBERED,
        other,
        lambda k: f"{say(k)} was acknowledged as seq {acked_seq[k]} and stands at {seq[k]}",
        np.abs(seq - acked_seq)[other],
    )
    sent = acked & evidence.in_trace
    return checked(
        "kept", KEPT, findings, acknowledged=int(sent.sum()), prepared=int(acked.sum() - sent.sum())
    )


def _as(seq: int) -> str:
    return f" as seq {seq}" if seq else ""


def gaps(seq: Ints) -> tuple[int, int]:
    """How many numbers from 1 to the last are missing, and after which the first of them would stand."""
    if np.array_equal(seq, np.arange(1, len(seq) + 1)):
        return 0, 0
    there = np.unique(seq[seq > 0])
    behind = np.flatnonzero(there != np.arange(1, len(there) + 1))
    return (int(there[-1]) - len(there), int(behind[0])) if len(behind) else (0, 0)


def check_asked(evidence: Evidence, journal: Journal, matched: Matched) -> Check:
    """Check 2: in the ledger ⇒ opened, prepared or sent, and not refused."""
    findings, say, seq = Findings(), evidence.say, matched.seq
    unknown = int(np.count_nonzero(journal.place < 0))
    for number, id in journal.strange[:1]:
        findings.add(Defect.INVENTED, f"seq {number} is event {id}, which nobody asked for", count=unknown)
    findings.add_places(
        Defect.INVENTED,
        np.flatnonzero(matched.booked & (matched.outcome == Ending.REJECTED)),
        lambda k: f"{say(k)} was refused and stands in the ledger as seq {seq[k]}",
    )
    findings.add_places(
        Defect.INVENTED,
        np.flatnonzero(matched.booked & np.isin(matched.outcome, (UNSENT, Ending.SHED))),
        lambda k: f"{say(k)} was never sent and stands in the ledger as seq {seq[k]}",
    )
    return checked("asked", ASKED, findings, events=len(journal.seq))


def check_resolved(matched: Matched) -> Check:
    """Check 3: what ended without an answer is counted, there or not there. (Twice there is check 1's.)"""
    doubtful = np.isin(matched.outcome, DOUBTFUL)
    there = int(np.count_nonzero(doubtful & matched.booked))
    counts = {"unanswered": int(doubtful.sum()), "in_the_ledger": there}
    counts["not_in_the_ledger"] = counts["unanswered"] - there
    return checked("resolved", RESOLVED, Findings(), **counts)
