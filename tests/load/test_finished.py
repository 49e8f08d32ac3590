"""A load's result is whole before it is decorated, and what was measured is kept however it ends."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from loadtests import capacity, nights
from loadtests.capacity import Prober
from loadtests.harness import LoadResult
from loadtests.report import REPORT
from sim.cli import main
from sim.errors import BeanpeakError, Interrupted

COUNTS = {"scheduled": 3, "sent": 3, "accepted": 3}
LEVELS = dict.fromkeys(("p50", "p90", "p99", "p999", "max"), 1.0)


class Made:
    """What a simulation leaves, as far as a search looks at it."""

    sha256 = "0123456789abcdef"

    def __len__(self) -> int:
        return 10**6


def report_of(code: int) -> dict[str, Any]:
    """A report that ends with a code."""
    names = {0: "met", 3: "slo missed"}
    return {
        "verdict": names[code], "exit_code": code, "reasons": [], "audit": {"verdict": "passed", "reasons": []},
        "counts": COUNTS, "clock_offset_ms": [0.0],
        **dict.fromkeys(("intended_ms", "service_ms", "dispatch_lag_ms"), LEVELS),
    }  # fmt: skip


def beanpeak(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The exit code of a command."""
    monkeypatch.setattr(sys, "argv", ["beanpeak", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A load that is not sent: its folder gets a report; `ends` with an error if one is given."""
    state: dict[str, Any] = {"code": 3, "ends": None}

    def load(_trace: Any, folder: Path, *_: Any, **__: Any) -> LoadResult:
        report = report_of(state["code"])
        (folder / "sendlog-0.bin").write_bytes(b"x")
        if state["ends"] is not None and state.get("early"):
            raise state["ends"]
        (folder / REPORT).write_text(json.dumps(report), encoding="utf-8")
        if state["ends"] is not None:
            raise state["ends"]
        return LoadResult(folder, report)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(nights, "load_campaign", load)
    monkeypatch.setattr(nights, "simulate", lambda *_: Made())
    return state


def test_a_failed_drawing_costs_one_line_and_not_the_verdict(
    played: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is nothing to draw from here: the folder has its name, the exit code is the verdict's."""
    assert beanpeak(monkeypatch, "load", "hello", "--users", "50", "--out", "o x") == 3
    said = capsys.readouterr()
    (folder,) = Path("o x/hello").iterdir()
    assert folder.name.endswith("-load")
    assert said.out.startswith("verdict: slo missed (exit 3)")
    assert f"{folder}: load.json" in said.out
    assert f"`beanpeak load report '{folder}'` makes it again" in said.err
    assert not (folder / "sendlog-0.bin").exists()
    assert (folder / "summary.md").is_file()  # without pictures


def test_without_figures_only_the_summary_is_written(
    played: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And `load report` finds the load again by its folder, its scenario, the start of its name or as the latest."""
    assert beanpeak(monkeypatch, "load", "hello", "--users", "50", "--no-figures", "--json") == 3
    assert json.loads(capsys.readouterr().out)["verdict"] == "slo missed"
    (folder,) = Path("results/hello").iterdir()
    assert (folder / "summary.md").is_file()
    assert not (folder / "figures").exists()
    for name in (str(folder), "hello", "latest", folder.name[:12]):
        assert beanpeak(monkeypatch, "load", "report", name) == 2  # found; its histograms are missing
        assert "seconds.parquet" in capsys.readouterr().err


def test_ctrl_c_names_the_folder_under_out(
    played: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was measured has its final name."""
    played["ends"] = Interrupted("stopped")
    words = ("load", "hello", "--users", "50", "--no-figures", "--out", "elsewhere")
    assert beanpeak(monkeypatch, *words) == 130
    (folder,) = Path("elsewhere/hello").iterdir()
    assert f"what was measured is in {folder}" in capsys.readouterr().err
    assert (folder / "summary.md").is_file()


def test_what_never_began_leaves_no_folder(played: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was measured, nothing is kept."""
    played.update(ends=BeanpeakError("no ledger"), early=True)
    assert beanpeak(monkeypatch, "load", "hello", "--users", "50") == 1
    assert list(Path("results/hello").iterdir()) == []


@pytest.mark.parametrize(
    ("error", "code"),
    [(BeanpeakError("the disk is full"), 1), (Interrupted("x"), 130), (KeyboardInterrupt(), 130)],
)
def test_a_search_that_ends_early_keeps_its_probes(
    error: BaseException,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each probe that was made, the bracket so far and why it ended; the place is named."""

    def probe(self: Prober, rate: float) -> capacity.Probe:
        if len(self.probes) == 3:
            raise error
        return capacity.Probe(rate, rate < 1_500, rate, 1.0, 1.0, ())

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(capacity, "simulate", lambda *_: Made())
    monkeypatch.setattr(Prober, "_probe", probe)
    assert beanpeak(monkeypatch, "capacity", "hello", "--users", "50", "--out", "kept") == code
    said = capsys.readouterr().err
    (folder,) = Path("kept/hello").iterdir()
    assert "planned: at most 30 probes of 45 s, 22 min in all" in said
    assert f"3 probes are kept in {folder}" in said
    found = json.loads((folder / "capacity.json").read_text(encoding="utf-8"))
    assert [one["rate"] for one in found["probes"]][:2] == [500.0, 1_000.0]
    assert found["holds"] == 1_000.0
    assert (found["verdict"], found["reason"]) == (
        ("failed", "the disk is full") if code == 1 else ("interrupted", "")
    )
