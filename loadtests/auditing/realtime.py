"""Check 6, and between which events of the ledger a refusal was decided: both follow from real time alone.

If A was acknowledged before B was first sent, the ledger decided A before B. All in n log n: sort by the end of
sending, take the running maximum of seq, and look up each start.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from loadtests.adapters import Ending
from loadtests.auditing.acknowledged import Matched
from loadtests.auditing.evidence import FAR, UNSENT, Evidence, Ints
from loadtests.auditing.findings import Check, Defect, Findings, checked

PROMISE = "If one event was acknowledged before another was first sent, its seq is the smaller one."


class Clock:
    """What real time says of events and their seqs: ends of the acknowledged, starts of all that are booked."""

    def __init__(
        self, log: NDArray[np.void], acked: NDArray[np.bool_], booked: NDArray[np.bool_], seq: Ints
    ) -> None:
        sent = booked & ~np.isin(log["outcome"], (UNSENT, Ending.SHED))
        ends = np.flatnonzero(acked & sent)
        order = ends[np.argsort(log["ended"][ends], kind="stable")]
        self.ended, self.latest = log["ended"][order], _running_latest(seq, order)
        self.sent = np.flatnonzero(sent)
        begun = self.sent[np.argsort(log["started"][self.sent], kind="stable")]
        self.started = log["started"][begun]
        self.earliest = np.append(np.minimum.accumulate(seq[begun][::-1])[::-1], FAR)

    def before(self, started: Ints) -> Ints:
        """By instant, the place of the event with the greatest seq that was acknowledged before it; -1: none."""
        count = np.searchsorted(self.ended, started, side="left")
        return np.append(self.latest, -1)[count - 1]

    def after(self, ended: Ints) -> Ints:
        """By instant, the smallest seq of an event first sent after it."""
        return np.asarray(self.earliest[np.searchsorted(self.started, ended, side="right")])


def _running_latest(seq: Ints, order: Ints) -> Ints:
    """For each prefix of places, the one with the greatest seq."""
    seqs = seq[order]
    record = seqs == np.maximum.accumulate(seqs)
    return order[np.maximum.accumulate(np.where(record, np.arange(len(order)), 0))]


def check_order(evidence: Evidence, matched: Matched) -> Check:
    """Check 6: acknowledged before sent ⇒ smaller seq."""
    findings, seq = Findings(), matched.seq
    clock = Clock(evidence.log, matched.acked, matched.booked, seq)
    earlier = clock.before(evidence.log["started"][clock.sent] - evidence.clock_error_us)
    wrong = np.flatnonzero((earlier >= 0) & (seq[earlier] > seq[clock.sent]))

    def words(i: int) -> str:
        a, b = int(earlier[i]), int(clock.sent[i])
        said = f"{evidence.say(a)} was acknowledged before {evidence.say(b)} was sent"
        return f"{said}, but is seq {seq[a]} after {seq[b]}"

    findings.add_places(Defect.WRONG_ORDER, wrong, words, (seq[earlier] - seq[clock.sent])[wrong])
    return checked("order", PROMISE, findings, compared=len(clock.sent))


def windows(evidence: Evidence) -> tuple[Ints, Ints, Ints]:
    """Places of the refused rows, and the seqs after which, at the earliest and latest, each was decided.

    By what was acknowledged: known before the export is read, and all of it that a refusal's time can be held to.
    """
    log, error = evidence.log, evidence.clock_error_us
    acked = np.isin(log["outcome"], (Ending.ACCEPTED, Ending.DUPLICATE)) & evidence.in_trace
    seq = log["seq"].astype(np.int64)
    clock = Clock(log, acked, acked, seq)
    places = np.flatnonzero(log["outcome"] == Ending.REJECTED)
    earlier = clock.before(log["started"][places] - error)
    first = np.where(earlier >= 0, np.append(seq, 0)[earlier], 0)
    last = clock.after(log["ended"][places] + error) - 1
    return places, first, np.maximum(first, last)
