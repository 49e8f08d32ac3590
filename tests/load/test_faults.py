"""Faults: read with lines, done to a process of ours, and what they did, from the send logs."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from loadtests.adapters import Ending
from loadtests.faults import Fault, Injected, load_faults
from loadtests.recovery import backlog_peak, effects, levels, slowest
from loadtests.sendlog import RECORD
from loadtests.target import TargetServer
from sim.errors import BeanpeakError, ScenarioError, UsageError
from tests.commands import PATIENCE_S

from .conftest import STUB

S = 1_000_000


def frozen_run(start_s: float = 5.0, lasts_s: float = 2.0, rate: int = 100) -> NDArray[Any]:
    """Ten seconds at a constant rate, 1 ms an answer, none during a freeze, then the backlog at 1,000/s."""
    due = np.arange(0, 10 * S, S // rate)
    start, end = round(start_s * S), round((start_s + lasts_s) * S)
    records = np.zeros(len(due), RECORD)
    for name in ("due", "dispatched", "started"):
        records[name] = due
    records["ended"] = due + 1_000
    records["outcome"] = Ending.ACCEPTED
    late = np.flatnonzero((due >= start - 1_000) & (due < end + 200_000))
    answered = np.maximum(end + 1_000 * np.arange(1, len(late) + 1), due[late] + 1_000)
    records["ended"][late] = answered
    records["started"][late] = np.maximum(answered - 1_000, due[late])
    return records


def test_a_freeze_is_measured_from_the_logs() -> None:
    """Silence of its length, the events of its time outstanding, recovery once they are answered."""
    (found,) = effects([Injected("freeze", 5 * S, 7 * S)], frozen_run())
    assert found["silence_s"] == pytest.approx(2.0, abs=0.05)
    assert found["outstanding_peak"] == pytest.approx(200, abs=5)
    assert found["recovery_s"] == pytest.approx(0.2, abs=0.05)
    assert backlog_peak(frozen_run()) == pytest.approx(200, abs=5)


def test_each_fault_answers_for_itself() -> None:
    """A harmless one is not blamed for the silence and the backlog of the next."""
    first, second = effects(
        [Injected("freeze", 1 * S, 1 * S + 10), Injected("freeze", 5 * S, 7 * S)], frozen_run()
    )
    assert first["silence_s"] < 0.05
    assert first["outstanding_peak"] < 5
    assert first["recovery_s"] == pytest.approx(0, abs=0.05)
    assert second["silence_s"] == pytest.approx(2.0, abs=0.05)


def test_a_fault_that_nobody_noticed_recovers_at_once() -> None:
    """No silence beyond the usual gap, recovery 0."""
    (found,) = effects([Injected("freeze", 5 * S, 5 * S + 10)], frozen_run(lasts_s=0.0))
    assert found["silence_s"] < 0.05
    assert found["recovery_s"] == pytest.approx(0, abs=0.05)


def test_what_never_recovers_counts_until_the_end() -> None:
    """None for the fault, the rest of the run as the slowest recovery."""
    records = frozen_run(lasts_s=20.0)
    records["outcome"][records["due"] >= 5 * S] = Ending.OPEN
    (found,) = effects([Injected("kill9", 5 * S, 6 * S)], records)
    assert found["recovery_s"] is None
    assert slowest([found], lasted_s=10.0) == 4.0
    assert slowest([], lasted_s=10.0) is None
    assert effects([], records) == []


def test_a_level_is_never_negative() -> None:
    """At one instant what comes counts before what goes."""
    times, count = levels(np.array([5, 5, 9]), np.array([5, 9, 9]))
    assert times.tolist() == [5, 5, 5, 9, 9, 9]
    assert count.min() == 0


def test_faults_are_read_in_the_order_of_time(tmp_path: Path) -> None:
    """Durations since the campaign's start, or instants of the calendar."""
    file = tmp_path / "faults.toml"
    file.write_text(
        '[[fault]]\ndo = "freeze"\nat = "1 min"\nlasts = "2 s"\n'
        '[[fault]]\ndo = "kill9"\nat = 2018-11-11T00:00:05+08:00\nrestart_after = "1500 ms"\n'
    )
    start = 1_541_865_600 * S  # 2018-11-11T00:00:00+08:00
    assert load_faults(file, start) == (Fault("kill9", 5 * S, 1.5), Fault("freeze", 60 * S, 2.0))


def test_mistakes_in_faults_have_lines(tmp_path: Path) -> None:
    """All of them at once."""
    file = tmp_path / "faults.toml"
    file.write_text(
        '[[fault]]\ndo = "freez"\n[[fault]]\ndo = "kill9"\nat = "soon"\nlasts = "1 s"\n[[faults]]\n'
    )
    with pytest.raises(ScenarioError) as caught:
        load_faults(file)
    assert [(m.line, m.key) for m in caught.value.mistakes] == [
        (2, "fault.0.do"), (3, "fault.1.restart_after"), (5, "fault.1.at"), (6, "fault.1.lasts"), (7, "faults"),
    ]  # fmt: skip
    assert "did you mean 'freeze'" in str(caught.value)
    with pytest.raises(UsageError, match="there is no such file"):
        load_faults(tmp_path / "none.toml")


def test_a_server_comes_back_on_its_port(tmp_path: Path) -> None:
    """Killed without warning and started again: same address, same journal; stopped: gone."""
    with TargetServer((*STUB, "--journal", str(tmp_path / "journal")), tmp_path / "log") as server:
        port = server.port
        server.kill9()
        assert server.ended == -9
        server.start()
        assert server.port == port
        assert server.ended is None
    assert server.ended is not None


def test_a_frozen_server_is_thawed_to_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is left in the stopped state: it is asked to end and does, before its grace is over."""
    monkeypatch.setattr("loadtests.target.STOP_S", PATIENCE_S)
    with TargetServer(STUB, tmp_path / "log") as server:
        server.freeze()
    assert server.ended == -signal.SIGTERM


def test_a_server_that_does_not_start_shows_its_last_words(tmp_path: Path) -> None:
    """The end of its log is in the error."""
    with pytest.raises(BeanpeakError, match="no such option"):
        TargetServer((*STUB[:1], "-c", "raise SystemExit('no such option')"), tmp_path / "log").start()
    with pytest.raises(UsageError, match="cannot be started"):
        TargetServer(("/no/such/program",), tmp_path / "log").start()
