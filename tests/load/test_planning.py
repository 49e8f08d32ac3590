"""From a trace to a schedule, and from a command line to a job."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from loadtests.arguments import add_arguments, job_from
from loadtests.job import Job, job_of
from loadtests.planning import parse_peak
from loadtests.schedule import read_schedule
from loadtests.synthetic import constant_rate
from sim.bookkeeping import Kind
from sim.errors import UsageError
from sim.trace import CLOSING, OPENINGS, Trace, columns_sha256, empty_columns, write_trace
from sim.wire import COLUMNS


def traced(folder: Path) -> Trace:
    """A trace of a hundred deeds in ten seconds, on disk."""
    import polars as pl

    rows = constant_rate(10, 10, chains=5)
    columns = {name: np.zeros(len(rows), dtype) for name, dtype in COLUMNS.items()}
    columns |= {name: rows[name].astype(COLUMNS[name]) for name in ("n", "due_us", "chain")}
    columns["kind"][:] = Kind.DEED
    facts = {"users": 5, "scenario": "hello", "start_us": 0, "sha256": columns_sha256(columns)}
    trace = Trace(
        columns, empty_columns(), pl.DataFrame(schema=OPENINGS), pl.DataFrame(schema=CLOSING), facts
    )
    write_trace(folder, trace)
    return trace


def prepared(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m loadtests.planning` with these arguments."""
    command = [sys.executable, "-m", "loadtests.planning", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_trace_becomes_a_schedule(tmp_path: Path) -> None:
    """With its name, its kinds and its peaks; the warp is stated."""
    trace = traced(tmp_path / "trace")
    done = prepared(str(tmp_path / "trace"), str(tmp_path / "plan"), "--speed", "2", "--peak", "4..6")
    assert done.returncode == 0, done.stderr
    assert "100 events in" in done.stdout
    assert "w = 2" in done.stdout
    schedule = read_schedule(tmp_path / "plan")
    assert schedule.facts["trace"] == trace.sha256
    assert schedule.kind_names()[Kind.DEED] == "DEED"
    start, end = schedule.facts["phases"]["peak1"]
    assert end - start == 1_000_000
    assert schedule.reader()(3) == trace.rows[3].item()  # the very tuple that sim.wire takes


def test_a_wrong_peak_or_folder_is_a_usage_error(tmp_path: Path) -> None:
    """Exit 2, and what to write instead."""
    done = prepared(str(tmp_path), str(tmp_path / "plan"))
    assert done.returncode == 2
    assert "no trace" in done.stderr
    for text in ("7", "9..3", "a..b"):
        with pytest.raises(UsageError, match=f"--peak {text}"):
            parse_peak(text)


def parsed(*arguments: str) -> Job | None:
    """The job of a command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host")
    add_arguments(parser)
    return job_from(parser.parse_args(arguments))


def test_single_settings_override_the_job_file(tmp_path: Path) -> None:
    """And a job survives its file."""
    file = tmp_path / "job.json"
    file.write_text(Job(schedule="s", senders=9, run="r7").to_json())
    assert parsed("--job", str(file)) == job_of(json.loads(file.read_text()))
    job = parsed("--job", str(file), "--senders", "3", "--host", "http://localhost:9", "--shed-after", "1.5")
    assert job is not None
    assert (job.senders, job.run, job.address, job.shed_after_s) == (3, "r7", ("localhost", 9), 1.5)
    assert parsed() is None


def test_a_job_without_a_schedule_says_who_writes_one(tmp_path: Path) -> None:
    """So does one that is no JSON, with its line."""
    file = tmp_path / "job.json"
    file.write_text("{}")
    with pytest.raises(UsageError, match=r"loadtests\.planning"):
        parsed("--job", str(file))
    file.write_text("{\n oops }")
    with pytest.raises(UsageError, match="job.json:2"):
        parsed("--job", str(file))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"run": "a b"}, "run 'a b'"),
        ({"host": "ftp://x"}, "write it like"),
        ({"sloo": "x"}, "did you mean 'slo'"),
    ],
)
def test_a_wrong_setting_is_refused(settings: dict[str, str], message: str) -> None:
    """In words."""
    with pytest.raises(UsageError, match=message):
        job_of(settings)
