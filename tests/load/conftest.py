"""What the load tests share: a stub to load, jobs, Locust as a child process. Nothing here imports Locust."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loadtests.job import Job
from loadtests.schedule import schedule_of
from loadtests.synthetic import constant_rate
from loadtests.target import TargetServer
from loadtests.warp import make_warp
from tests.commands import PATIENCE_S

ROOT = Path(__file__).parents[2]
STUB = (sys.executable, "-m", "loadtests.stub")
NO_HURRY = str(
    Path(__file__).with_name("no_hurry.toml")
)  # validity and the audit judge, the machine does not
QUICK: dict[str, Any] = {"slo": NO_HURRY, "lead_s": 0.5, "warmup_s": 0.2, "drain_s": 60.0}

Play = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[TargetServer]:
    """A stub that listens."""
    with TargetServer(STUB, tmp_path / "stub.log") as server:
        yield server


@pytest.fixture
def job_file(tmp_path: Path, stub: TargetServer) -> Callable[..., Path]:
    """A function that writes a schedule at a constant rate, and the job that plays it against the stub."""

    def write(rate: float, seconds: float, chains: int = 50, **settings: Any) -> Path:
        rows = constant_rate(rate, seconds, chains)
        schedule_of(rows, make_warp(rows["due_us"])).write(tmp_path / "schedule")
        values = {**QUICK, "host": stub.host, **settings}
        job = Job(schedule=str(tmp_path / "schedule"), out=str(tmp_path / "out"), **values)
        file = tmp_path / "job.json"
        file.write_text(job.to_json(), encoding="utf-8")
        return file

    return write


@pytest.fixture
def locust(tmp_path: Path) -> Iterator[Play]:
    """A function that starts Locust on our locustfile, in a process group of its own; all are gone afterwards."""
    begun: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        with (tmp_path / f"locust-{len(begun)}.log").open("wb") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "locust", "-f", str(ROOT / "loadtests" / "locustfile.py"), *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT, start_new_session=True,
            )  # fmt: skip
        begun.append(child)
        return child

    yield start
    for child in begun:
        if group_is_alive(child.pid):
            os.killpg(child.pid, 9)
        child.wait(PATIENCE_S)


def sent_something(log: Path) -> bool:
    """Whether the worker of a send log has sent something."""
    return log.exists() and any(log.read_bytes()[16:4096])


def group_is_alive(leader: int) -> bool:
    """Whether any process of a group is left."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True


def until(found: Callable[[], Any], limit_s: float = PATIENCE_S) -> Any:
    """What a function finds, as soon as it finds something."""
    end = time.monotonic() + limit_s
    while not (value := found()):
        assert time.monotonic() < end, "nothing was found in time"
        time.sleep(0.02)
    return value
