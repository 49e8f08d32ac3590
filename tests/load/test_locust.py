"""Locust by hand: every way of starting it, and every way of its ending early leaves a report and no orphan."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands import PATIENCE_S

from .conftest import Play, group_is_alive, sent_something, until

JobFile = Callable[..., Path]


def free_port() -> str:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def report(tmp_path: Path) -> dict[str, Any]:
    """The run's load.json."""
    return dict(json.loads((tmp_path / "out" / "load.json").read_text(encoding="utf-8")))


def forked(port: str, job: Path) -> tuple[str, ...]:
    """Arguments for two forked workers."""
    return (
        "--headless", "--only-summary", "--job", str(job), "--processes", "2", "--master-bind-host", "127.0.0.1",
        "--master-bind-port", port, "--master-port", port,
    )  # fmt: skip


def test_master_and_workers_started_apart(tmp_path: Path, job_file: JobFile, locust: Play) -> None:
    """The workers are told everything by the master; the exit code is the verdict."""
    job, port = job_file(400, 1), free_port()
    master = locust(
        "--headless", "--only-summary", "--job", str(job), "--master", "--expect-workers", "2",
        "--master-bind-host", "127.0.0.1", "--master-bind-port", port,
    )  # fmt: skip
    workers = [locust("--worker", "--master-port", port) for _ in range(2)]
    assert master.wait(PATIENCE_S) == 0
    assert [worker.wait(PATIENCE_S) for worker in workers] == [0, 0]
    counts = report(tmp_path)["counts"]
    assert counts["accepted"] == counts["scheduled"] == 400


def test_one_process_with_settings_of_locusts_own_and_on_the_command_line(
    tmp_path: Path, job_file: JobFile, locust: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Single settings override the job file's; an SLO that is missed is exit code 3.

    Who calls Locust means it with the environment and the files that Locust documents: without a page here.
    """
    (tmp_path / ".locust.conf").write_text("headless = true\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOCUST_LOGLEVEL", "DEBUG")
    strict = tmp_path / "strict.toml"
    strict.write_text("intended.p50_ms = 0.001\ndispatch_lag_p99_ms = 1e9\n")
    child = locust("--job", str(job_file(100, 1)), "--slo", str(strict), "--senders", "5")
    assert child.wait(PATIENCE_S) == 3
    found = report(tmp_path)
    assert found["senders"] == 5
    assert found["verdict"] == "slo missed"
    assert found["counts"]["sent"] == 100
    assert b"/DEBUG/" in (tmp_path / "locust-0.log").read_bytes()


def test_sigterm_leaves_a_report_and_no_orphan(tmp_path: Path, job_file: JobFile, locust: Play) -> None:
    """What was measured until then is there; the run is invalid, exit 5."""
    master = locust(*forked(free_port(), job_file(200, 30)))
    until(lambda: sent_something(tmp_path / "out" / "sendlog-0.bin"))
    master.terminate()
    assert master.wait(PATIENCE_S) == 5
    assert not group_is_alive(master.pid)
    found = report(tmp_path)
    assert found["reasons"][0] == "cancelled before its end"
    assert 0 < found["counts"]["sent"] < found["counts"]["scheduled"] == 6000
    assert found["counts"]["sent"] + found["counts"]["unsent"] == 6000


def test_sigterm_while_workers_are_awaited_leaves_no_orphan(
    tmp_path: Path, job_file: JobFile, locust: Play
) -> None:
    """Before the run has begun there is nothing to report, but everybody leaves, with exit 5."""
    job, port = job_file(200, 5), free_port()
    master = locust(
        "--headless", "--job", str(job), "--master", "--expect-workers", "2", "--master-bind-host", "127.0.0.1",
        "--master-bind-port", port,
    )  # fmt: skip
    worker = locust("--worker", "--master-port", port)
    until(lambda: b"reported as ready" in (tmp_path / "locust-0.log").read_bytes())
    master.terminate()
    assert master.wait(PATIENCE_S) == 5
    assert worker.wait(PATIENCE_S) is not None


def test_ctrl_c_leaves_a_report_and_no_orphan(tmp_path: Path, job_file: JobFile, locust: Play) -> None:
    """As a terminal sends it: to the whole group at once."""
    master = locust(*forked(free_port(), job_file(200, 30)))
    until(lambda: sent_something(tmp_path / "out" / "sendlog-0.bin"))
    os.killpg(master.pid, signal.SIGINT)
    assert master.wait(PATIENCE_S) == 5
    assert not group_is_alive(master.pid)
    assert 0 < report(tmp_path)["counts"]["sent"] < 6000


def test_a_killed_worker_makes_the_run_invalid_at_once(
    tmp_path: Path, job_file: JobFile, locust: Play
) -> None:
    """Locust would let a survivor play the lost share a minute later; we stop and say so."""
    master = locust(*forked(free_port(), job_file(200, 30)))
    until(lambda: sent_something(tmp_path / "out" / "sendlog-0.bin"))
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(master.pid)], capture_output=True, check=True
    )
    os.kill(int(children.stdout.split()[-1]), signal.SIGKILL)
    assert master.wait(PATIENCE_S) == 5
    assert not group_is_alive(master.pid)
    found = report(tmp_path)
    assert found["reasons"][0].startswith("a worker was lost")
    assert found["verdict"] == "invalid"


def test_the_web_page_has_a_tab_for_intended_latency(tmp_path: Path, job_file: JobFile, locust: Play) -> None:
    """Started by hand on Locust's page; a second start plays nothing and harms nothing."""
    port, log = free_port(), tmp_path / "locust-0.log"
    child = locust("--job", str(job_file(200, 1.2)), "--web-host", "127.0.0.1", "--web-port", port)
    base = f"http://127.0.0.1:{port}"
    page = until(lambda: fetched(base)).decode()
    assert "Intended latency" in page
    fetched(f"{base}/swarm", b"user_count=1&spawn_rate=1")
    until((tmp_path / "out" / "load.json").exists)
    (tab,) = json.loads(fetched(f"{base}/stats/requests"))["extended_stats"]
    assert tab["key"] == "intended-latency"
    rows = tab["data"]
    assert sum(row["events"] for row in rows) == 240
    assert [row["second"] for row in rows] == [1, 0]
    assert report(tmp_path)["exit_code"] == 0
    until(
        lambda: (
            fetched(f"{base}/swarm", b"user_count=1&spawn_rate=1") and b"has been played" in log.read_bytes()
        )
    )
    assert report(tmp_path)["exit_code"] == 0
    child.terminate()
    assert child.wait(PATIENCE_S) == 0


def fetched(address: str, data: bytes | None = None) -> bytes:
    """The answer of an address, empty while nobody listens."""
    try:
        with urllib.request.urlopen(address, data, timeout=PATIENCE_S) as answer:
            return bytes(answer.read())
    except OSError:
        return b""


def test_nothing_to_send_is_a_usage_error(locust: Play) -> None:
    """Exit 2 with a word on what to give."""
    assert locust("--headless").wait(PATIENCE_S) == 2


def test_a_job_that_is_wrong_is_a_usage_error(tmp_path: Path, locust: Play) -> None:
    """Before Locust has started anything."""
    (tmp_path / "job.json").write_text('{"sender": 3}')
    assert locust("--headless", "--job", str(tmp_path / "job.json")).wait(PATIENCE_S) == 2
    assert b"did you mean 'senders'" in (tmp_path / "locust-0.log").read_bytes()
