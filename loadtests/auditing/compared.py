"""The ledger beside the re-run, event by event: for checks 5b and 7.

Whatever stands in the export is drafted by the rules from its row of the trace and booked in the re-run; what the
ledger says it booked is only compared with that. A refused row has no seq, but real time says between which two seqs
it was decided: it is reproduced if the rules refuse it, with the same code, at any place between them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loadtests.auditing import realtime
from loadtests.auditing.evidence import Evidence
from loadtests.auditing.findings import Defect, Findings
from loadtests.auditing.journal import Journal
from loadtests.quick import numbers as N
from loadtests.quick.accounts import Ints
from loadtests.quick.asked import Asked
from loadtests.quick.fold import mark_different
from loadtests.quick.rerun import SKIPPED, Refused, Rerun, rerun

Lines = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Compared:
    """A journal, the re-run in its order, and the refusals that were tried in it."""

    evidence: Evidence
    journal: Journal
    refused: Refused
    rules: Rerun

    @classmethod
    def of(cls, evidence: Evidence, asked: Asked, journal: Journal) -> Compared:
        """Run the rules over everything in the journal."""
        places, first, last = realtime.windows(evidence)
        codes = [evidence.codes[code] for code in evidence.log["code"][places].tolist()]
        refused = Refused.of(places, first, last, codes)
        rules = rerun(asked, journal.seq, journal.place, refused, evidence.first, evidence.fee_cap_ppm)
        return cls(evidence, journal, refused, rules)

    def note_amounts(self, findings: Findings) -> None:
        """Events whose lines are not those of the rules, in whatever order."""
        ours, theirs = self.rules, self.journal
        different = np.zeros(len(theirs.seq), np.bool_)
        mark_different(ours.lines, ours.offsets, theirs.lines, theirs.offsets, different)
        for i in np.flatnonzero(different & (ours.ends >= 0)).tolist():
            rules = ours.lines[ours.offsets[i] : ours.offsets[i + 1]].tolist()
            ledger = theirs.lines[theirs.offsets[i] : theirs.offsets[i + 1]].tolist()
            if Counter(map(tuple, rules)) != Counter(map(tuple, ledger)):
                other = abs(_sum(rules) - _sum(ledger))
                words = f"{self._event(i)} books {self._say(ledger)}; by the rules {self._say(rules)}"
                findings.add(Defect.WRONG_AMOUNT, words, other)

    def note_outcomes(self, findings: Findings) -> None:
        """Events that the rules refuse, and refusals that they do not have."""
        ends = self.rules.ends
        findings.add_places(
            Defect.WRONG_ACCEPTANCE,
            np.flatnonzero((ends < 0) & (ends != SKIPPED)),
            lambda i: f"{self._event(i)} was accepted; by the rules it is refused as {_code(int(ends[i]))}",
        )
        findings.add_places(Defect.WRONG_REJECTION, np.flatnonzero(~self.rules.reproduced), self._refusal)

    def _refusal(self, r: int) -> str:
        place, said = int(self.refused.places[r]), int(self.rules.said[r])
        code = self.evidence.codes[self.evidence.log["code"][place]] or "nothing"
        rules = f"refused as {_code(said)}" if said else "accepted"
        return f"{self.evidence.say(place)} was refused as {code}; by the rules it is {rules}"

    def _event(self, i: int) -> str:
        return f"seq {self.journal.seq[i]}, {self.evidence.say(int(self.journal.place[i]))},"

    def _say(self, lines: Lines) -> str:
        names = self.journal.names
        said = [
            f"{N.MODES[line[N.MODE]]} {names[line[N.DEBIT]]} → {names[line[N.CREDIT]]} {line[N.AMOUNT]:,}"
            for line in lines
        ]
        return ", ".join(said) or "nothing"


def _sum(lines: Lines) -> int:
    return sum(line[N.AMOUNT] for line in lines)


def _code(end: int) -> str:
    return N.REFUSALS[-1 - end]


def padded(counters: Ints, accounts: int) -> Ints:
    """Counters with rows of zeros for accounts that only the other side knows."""
    return np.concatenate([counters, np.zeros((accounts - len(counters), 4), np.int64)])
