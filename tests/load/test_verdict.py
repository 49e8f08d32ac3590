"""One exit code from audit, validity and thresholds."""

from __future__ import annotations

import pytest

from loadtests.verdict import Audit, decide, why_invalid

COUNTS = {"scheduled": 100, "sent": 100, "shed": 0}


@pytest.mark.parametrize(
    ("audit", "invalid", "missed", "code"),
    [
        ("passed", [], [], 0),
        ("not-audited", [], [], 0),
        ("passed", [], ["slow"], 3),
        ("passed", ["late"], [], 5),
        ("passed", ["late"], ["slow"], 5),
        ("failed", [], [], 4),
        ("failed", ["late"], ["slow"], 4),
        ("failed", [], ["slow"], 4),
    ],
)
def test_precedence(audit: Audit, invalid: list[str], missed: list[str], code: int) -> None:
    """4 outranks 5 outranks 3: wrong money stands whatever else happened, an invalid run is never called slow."""
    assert decide(audit, invalid, missed).exit_code == code


def test_not_audited_is_never_called_passed() -> None:
    """The reasons say so even when everything else was met."""
    verdict = decide("not-audited", [], [])
    assert verdict.name == "met"
    assert any("not audited" in reason for reason in verdict.reasons)
    assert decide("passed", [], []).reasons == ()


def test_reasons_begin_with_the_weightiest() -> None:
    """What the audit found, then why the run says nothing; thresholds of such a run are not mentioned."""
    assert decide("failed", ["late"], ["slow"], ["a fen is missing"]).reasons == ("a fen is missing", "late")


def test_a_word_that_is_no_audit_is_refused() -> None:
    """A typing error must not pass as an audit."""
    with pytest.raises(ValueError, match="not-audited"):
        decide("pass", [], [])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("counts", "recorded", "lag", "said"),
    [
        ({"shed": 1, "sent": 99}, 99, 1.0, "1 events were shed"),
        ({"sent": 98}, 98, 1.0, "2 of 100 scheduled events were never sent"),
        ({"sent": 101}, 101, 1.0, "1 more events were sent than scheduled"),
        ({}, 99, 1.0, "100 events were sent but 99 recorded"),
        ({}, 100, 10.1, "dispatch lag p99 is 10.1 ms"),
        ({}, 100, None, "no event was due in the measure window"),
    ],
)
def test_what_makes_a_run_invalid(
    counts: dict[str, int], recorded: int, lag: float | None, said: str
) -> None:
    """Each cause in words, with its numbers."""
    (reason,) = why_invalid({**COUNTS, **counts}, recorded, lag, 10.0)
    assert said in reason


def test_a_run_within_all_limits_is_valid() -> None:
    """The limit itself is allowed."""
    assert why_invalid(COUNTS, 100, 10.0, 10.0) == []
