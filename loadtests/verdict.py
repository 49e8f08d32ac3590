"""One verdict from four questions: was the money right, was the run valid, was it fast enough, was it done.

Exit codes: 0 met · 3 SLO missed · 4 audit failed · 5 run invalid; 4 outranks 5 outranks 3. An invalid run is
not slow: it says nothing about the target. A failed audit stands even then: wrong money is wrong money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Audit = Literal["passed", "failed", "not-audited"]
MET, SLO_MISSED, AUDIT_FAILED, INVALID = 0, 3, 4, 5
NAMES = {MET: "met", SLO_MISSED: "slo missed", AUDIT_FAILED: "audit failed", INVALID: "invalid"}


@dataclass(frozen=True)
class Verdict:
    """The exit code, its name, and every reason in words, the weightiest first."""

    exit_code: int
    reasons: tuple[str, ...]

    @property
    def name(self) -> str:
        """met, slo missed, audit failed or invalid."""
        return NAMES[self.exit_code]


def decide(
    audit: Audit, invalid: Sequence[str], missed: Sequence[str], audited: Sequence[str] = ()
) -> Verdict:
    """The verdict: `invalid` why the run says nothing, `missed` which thresholds, `audited` what the audit found."""
    if audit not in get_args(Audit):
        raise ValueError(f"audit {audit!r}: must be one of {', '.join(get_args(Audit))}")
    reasons: list[str] = []
    if audit == "failed":
        reasons += audited or ["the audit failed"]
    reasons += invalid or missed  # what an invalid run misses says nothing
    if audit == "not-audited":
        reasons.append("not audited: nobody checked that the ledger holds what was acknowledged")
    if audit == "failed":
        return Verdict(AUDIT_FAILED, tuple(reasons))
    return Verdict(INVALID if invalid else SLO_MISSED if missed else MET, tuple(reasons))


def why_invalid(
    counts: Mapping[str, int], recorded: int, lag_p99_ms: float | None, lag_limit_ms: float
) -> list[str]:
    """What makes a run say nothing, from its numbers. `recorded`: events in the histograms."""
    reasons = []
    scheduled, sent, shed = counts["scheduled"], counts["sent"], counts["shed"]
    if shed:
        reasons.append(f"{shed:,} events were shed: they had waited too long to be sent")
    if sent + shed < scheduled:
        reasons.append(f"{scheduled - sent - shed:,} of {scheduled:,} scheduled events were never sent")
    if sent + shed > scheduled:
        reasons.append(f"{sent + shed - scheduled:,} more events were sent than scheduled")
    if recorded != sent:
        reasons.append(f"{sent:,} events were sent but {recorded:,} recorded")
    if lag_p99_ms is None:
        reasons.append("no event was due in the measure window")
    elif lag_p99_ms > lag_limit_ms:
        reasons.append(
            f"the generator was late: dispatch lag p99 is {lag_p99_ms:,.1f} ms, the limit is {lag_limit_ms:g} ms; "
            "add workers or ask for less"
        )
    return reasons
