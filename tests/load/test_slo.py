"""Thresholds: read with every mistake's line, judged in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtests.slo import Measured, Slo, judge, load_slo, slo_dict, slo_from
from sim.errors import ScenarioError, UsageError

FAST = {"p50": 1.0, "p90": 2.0, "p99": 5.0, "p999": 9.0, "max": 20.0}
GOOD = Measured(FAST, scheduled=1000, sent=1000, errors=0, in_time=1000)


def written(folder: Path, text: str) -> Slo:
    """The thresholds of a text."""
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return load_slo(str(file))


def test_the_files_that_come_along_are_right() -> None:
    """Default limits the generator to 10 ms, relaxed to 250 ms; both accept a fast run."""
    default, relaxed = load_slo("default"), load_slo("relaxed")
    assert (default.dispatch_lag_p99_ms, relaxed.dispatch_lag_p99_ms) == (10, 250)
    for slo in (default, relaxed):
        assert judge(slo, {"measure": GOOD}, recovery_s=1.0) == []


@pytest.mark.parametrize(
    ("text", "found", "said"),
    [
        ("intended.p99_ms = 4", GOOD, "intended p99 is 5.0 ms, the limit is 4 ms"),
        ("intended.p999_ms = 8", GOOD, "intended p999 is 9.0 ms"),
        ("error_ratio = 0", Measured(FAST, 1000, 1000, 1, 1000), "1 of 1,000 events had no clear answer"),
        ("min_throughput_ratio = 0.995", Measured(FAST, 1000, 1000, 0, 990), "99.00% were answered in time"),
        ("intended.p99_ms = 4", Measured(dict.fromkeys(FAST), 1000, 0, 0, 0), "intended p99 is unknown"),
    ],
)
def test_each_threshold_is_judged(tmp_path: Path, text: str, found: Measured, said: str) -> None:
    """A missed one is named with what was found and what was asked."""
    (missed,) = judge(written(tmp_path, text), {"measure": found})
    assert said in missed


def test_a_threshold_that_is_just_met_is_met(tmp_path: Path) -> None:
    """Limits are inclusive."""
    slo = written(
        tmp_path, "intended.p99_ms = 5\nerror_ratio = 0.01\nmin_throughput_ratio = 0.99\nrecovery_s = 2"
    )
    assert judge(slo, {"measure": Measured(FAST, 1000, 1000, 10, 990)}, recovery_s=2.0) == []


def test_kinds_and_phases_have_limits_of_their_own(tmp_path: Path) -> None:
    """A slow minute at midnight is seen even if the whole is fast."""
    slo = written(tmp_path, "[kind.GIFT]\nintended.p50_ms = 3\n[phase.midnight]\nintended.p50_ms = 0.5\n")
    found = {"measure": GOOD, "kind:GIFT": GOOD, "phase:midnight": GOOD}
    (missed,) = judge(slo, found)
    assert missed.startswith("phase:midnight: ")


def test_a_scope_that_nobody_measured_is_missed(tmp_path: Path) -> None:
    """A misspelt phase must not pass unnoticed."""
    slo = written(tmp_path, "[phase.midnite]\nintended.p50_ms = 3\n")
    (missed,) = judge(slo, {"measure": GOOD})
    assert "phase:midnite: no event was due there" in missed


def test_recovery_is_judged_only_where_there_was_a_fault(tmp_path: Path) -> None:
    """None means no fault."""
    slo = written(tmp_path, "recovery_s = 5")
    assert judge(slo, {"measure": GOOD}, recovery_s=None) == []
    assert "recovery took 6.00 s" in judge(slo, {"measure": GOOD}, recovery_s=6.0)[0]


def test_every_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    """All at once, with the word that was probably meant."""
    text = "intended.p98_ms = 3\nerror_rate = 1\n[kind.GIFT]\nerror_ratio = 2\n\nintended = 4\n"
    with pytest.raises(ScenarioError) as caught:
        written(tmp_path, text)
    assert [(m.line, m.key) for m in caught.value.mistakes] == [
        (1, "intended.p98_ms"),
        (2, "error_rate"),
        (4, "kind.GIFT.error_ratio"),
        (6, "kind.GIFT.intended"),
    ]
    assert "did you mean 'p99_ms'" in str(caught.value)


def test_an_unknown_name_suggests_the_nearest() -> None:
    """And is a usage error."""
    with pytest.raises(UsageError, match="did you mean 'relaxed'"):
        load_slo("relax")


def test_a_result_keeps_the_thresholds_it_was_judged_by() -> None:
    """They read back as they were."""
    slo = load_slo("default")
    assert slo_from(slo_dict(slo)) == slo
