"""What an audit says: findings typed and in words, checks with their promise, and one verdict over all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loadtests.verdict import Audit

Weights = NDArray[np.int64]


class Defect(StrEnum):
    """What can be wrong with a ledger, the gravest first."""

    LOST = "lost"  # acknowledged or prepared, and not there
    DUPLICATED = "duplicated"  # one id, more than one event
    INVENTED = "invented"  # there, and nobody asked for it or was told so
    MISNUMBERED = "misnumbered"  # there, under another seq than acknowledged
    WRONG_AMOUNT = "wrong-amount"  # an event books something else than the rules say
    WRONG_ORDER = "wrong-order"  # acknowledged before another was sent, and numbered after it
    WRONG_REJECTION = "wrong-rejection"  # refused, and the rules would not, or not so
    WRONG_ACCEPTANCE = "wrong-acceptance"  # accepted, and the rules would not
    UNBALANCED = "unbalanced"  # debits and credits of an asset differ, or a hold ends that is not open
    OVERDRAWN = "overdrawn"  # an account went below its floor
    OVERSPENT = "overspent"  # a pool gave more than it was given
    WRONG_BALANCE = "wrong-balance"  # an account stands elsewhere than it should


@dataclass(frozen=True)
class Finding:
    """All findings of one defect in one check: how many, the first and the worst of them in words."""

    defect: Defect
    count: int
    first: str
    worst: str

    def __str__(self) -> str:
        worst = f"; worst: {self.worst}" if self.worst != self.first else ""
        return f"{self.defect}: {self.count:,}; first: {self.first}{worst}"


class Findings:
    """Collects findings one by one; of each defect only the first and the worst are kept."""

    def __init__(self) -> None:
        self._found: dict[Defect, tuple[int, str, int, str]] = {}

    def add(self, defect: Defect, words: str, weight: int = 0, count: int = 1) -> None:
        """One finding, or `count` of which this is an example; the worst has the greatest weight."""
        before = self._found.get(defect)
        if before is None:
            self._found[defect] = (count, words, weight, words)
            return
        number, first, heaviest, worst = before
        if weight > heaviest:
            heaviest, worst = weight, words
        self._found[defect] = (number + count, first, heaviest, worst)

    def add_places(
        self,
        defect: Defect,
        places: NDArray[np.intp],
        words: Callable[[int], str],
        weights: Weights | None = None,
    ) -> None:
        """One finding for each place; only the first and the worst are put in words."""
        if not len(places):
            return
        worst = int(places[0] if weights is None else places[np.argmax(weights)])
        self.add(defect, words(int(places[0])), count=len(places))
        self.add(defect, words(worst), weight=1, count=0)

    def all(self) -> tuple[Finding, ...]:
        """By defect, the gravest first."""
        found = self._found
        return tuple(Finding(d, found[d][0], found[d][1], found[d][3]) for d in Defect if d in found)


@dataclass(frozen=True)
class Check:
    """One check: what it promises when it passes, what it counted, what it found."""

    name: str
    promise: str
    status: Audit
    counts: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    why: str = ""  # of a check that was not done


def checked(name: str, promise: str, findings: Findings, **counts: int) -> Check:
    """A check that was done."""
    found = findings.all()
    return Check(name, promise, "failed" if found else "passed", counts, found)


def not_audited(name: str, promise: str, why: str) -> Check:
    """A check that could not be done. That is never a pass."""
    return Check(name, promise, "not-audited", why=why)


@dataclass(frozen=True)
class AuditVerdict:
    """Failed if any check failed, else not audited if any was not done, else passed."""

    checks: tuple[Check, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> Audit:
        said = {check.status for check in self.checks}
        for status in ("failed", "not-audited"):
            if status in said or not said:
                return status if said else "not-audited"
        return "passed"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Of all checks, in their order."""
        return tuple(finding for check in self.checks for finding in check.findings)

    @property
    def reasons(self) -> list[str]:
        """What is wrong, or was not looked at, one line each."""
        found = [f"{check.name}: {finding}" for check in self.checks for finding in check.findings]
        return found + [f"{check.name}: not audited: {check.why}" for check in self.checks if check.why]

    def check(self, name: str) -> Check:
        """A check by its name. Raises KeyError."""
        return {check.name: check for check in self.checks}[name]

    def as_dict(self) -> dict[str, Any]:
        """What `audit.json` holds."""
        return {"verdict": self.status, **self.facts, "checks": [asdict(check) for check in self.checks]}
