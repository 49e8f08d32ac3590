"""What an audit says in the end: never passed without having looked, and every promise in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loadtests.adapters import HttpAdapter, Target
from loadtests.auditing.audit import PROMISES, audit, write_audit
from loadtests.auditing.export import pages_of_adapter
from loadtests.auditing.findings import AuditVerdict, Check, Defect, Findings, checked, not_audited
from tests.load_audit.running import Run, pages_of, wandering_run


@pytest.fixture(scope="module")
def run() -> Run:
    """A clean run."""
    return wandering_run(1, 200)


class Silent(HttpAdapter):
    """A system of a user's own that cannot say what it holds."""


class Telling(HttpAdapter):
    """One that can."""

    def __init__(self, target: Target, run: Run, postings: bool = True) -> None:
        super().__init__(target)
        self.run, self.postings = run, postings

    def audit(self) -> Iterator[tuple[Any, ...]]:
        for line in self.run.lines:
            lines = [tuple(one) for one in line["transfers"]] if self.postings else []
            yield line["id"], line["seq"], *lines


TARGET = Target("http://127.0.0.1:1", "run")


def test_an_adapter_without_export_is_not_audited(run: Run) -> None:
    """Nobody looked, so no check passed and none failed."""
    verdict = audit(run.evidence, pages_of_adapter(Silent(TARGET).audit()))
    assert verdict.status == "not-audited"
    assert {check.status for check in verdict.checks} == {"not-audited"}
    assert [check.name for check in verdict.checks] == list(PROMISES)
    assert len(verdict.reasons) == len(PROMISES)


def test_an_adapter_that_tells_its_postings_is_audited_in_full(run: Run) -> None:
    """(id, seq, postings …) are as good as an export."""
    assert audit(run.evidence, pages_of_adapter(Telling(TARGET, run).audit())).status == "passed"


def test_an_adapter_that_tells_only_ids_is_audited_in_part(run: Run) -> None:
    """What needs no transfers passes; the rest is not audited, and neither is the whole."""
    verdict = audit(run.evidence, pages_of_adapter(Telling(TARGET, run, postings=False).audit()))
    assert verdict.status == "not-audited"
    passed = [check.name for check in verdict.checks if check.status == "passed"]
    assert passed == ["kept", "asked", "resolved", "order"]


def test_an_empty_ledger_has_lost_everything(run: Run) -> None:
    """An export without events is an answer, and a bad one."""
    verdict = audit(run.evidence, pages_of([]))
    assert verdict.status == "failed"
    there = run.evidence.first + verdict.check("kept").counts["acknowledged"]
    assert [(f.defect, f.count) for f in verdict.check("kept").findings] == [(Defect.LOST, there)]


def test_without_the_simulations_books_that_equality_is_not_audited(run: Run) -> None:
    """The others are, but the whole is not passed."""
    verdict = replace(run, evidence=replace(run.evidence, closing=None)).audit()
    assert verdict.status == "not-audited"
    assert [c.name for c in verdict.checks if c.status != "passed"] == ["as-simulated"]


def test_one_failed_check_fails_the_whole() -> None:
    """Failed outranks not audited, and that outranks passed."""
    wrong = Findings()
    wrong.add(Defect.LOST, "row 1 is gone")
    passed, failed = checked("a", "p", Findings()), checked("b", "p", wrong)
    missing = not_audited("c", "p", "no export")
    for checks, status in (
        ((passed,), "passed"), ((passed, missing), "not-audited"), ((failed, missing, passed), "failed"),
        ((), "not-audited"),
    ):  # fmt: skip
        assert AuditVerdict(checks).status == status
    assert AuditVerdict((failed, missing)).reasons == [
        "b: lost: 1; first: row 1 is gone",
        "c: not audited: no export",
    ]


def test_findings_keep_the_first_and_the_worst() -> None:
    """A thousand findings of one kind are one line."""
    findings = Findings()
    for words, weight in (("one", 5), ("two", 9), ("three", 7)):
        findings.add(Defect.WRONG_BALANCE, words, weight)
    findings.add(Defect.LOST, "gone")
    lost, wrong = findings.all()
    assert str(lost) == "lost: 1; first: gone"
    assert str(wrong) == "wrong-balance: 3; first: one; worst: two"


def test_audit_json_states_every_promise(run: Run, tmp_path: Path) -> None:
    """The file says what passing means, what was counted and what was found."""
    verdict = audit(run.evidence, pages_of(run.lines))
    said = json.loads(write_audit(tmp_path, verdict).read_text(encoding="utf-8"))
    assert said["verdict"] == verdict.status
    assert said["run"] == "run"
    assert [check["promise"] for check in said["checks"]] == list(PROMISES.values())
    assert said["checks"][0]["counts"]["acknowledged"] > 0
    assert not list(tmp_path.glob("*.part"))


def test_pages_may_be_of_any_size(run: Run) -> None:
    """What is found does not depend on where pages end."""
    said = [audit(run.evidence, pages_of(run.lines, page)).checks for page in (1, 3, 1000)]
    assert said[0] == said[1] == said[2]


def test_checks_are_found_by_name(run: Run) -> None:
    """And an unknown one is an error."""
    check: Check = run.audit().check("kept")
    assert check.name == "kept"
    with pytest.raises(KeyError):
        run.audit().check("nothing")
