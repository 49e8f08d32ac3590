"""The send log: what a worker had recorded is on disk, whatever becomes of the worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.adapters import Ending, Outcome
from loadtests.sendlog import RECORD, SendLog, read_log, read_logs

KILLED = """
import sys, time
from pathlib import Path
from loadtests.adapters import Ending, Outcome
from loadtests.sendlog import SendLog
log = SendLog(Path(sys.argv[1]), 3, 1000)
for row in range(10):
    place = log.open(row, 1, row, row, row, 0)
    if row < 9:
        log.close(place, row + 5, Outcome(Ending.ACCEPTED, row + 1), 1, 0)
print("written", flush=True)
time.sleep(60)
"""


def test_records_read_back_as_they_were_written(tmp_path: Path) -> None:
    """All fields, reasons by name, in the order of sending."""
    log = SendLog(tmp_path, 2, 8)
    first = log.open(7, 9, 100, 110, 130, 15)
    second = log.open(5, 1, 90, 95, 140, 0)
    log.close(second, 200, Outcome(Ending.REJECTED, 0, "insufficient_funds"), 1, 0)
    log.close(first, 250, Outcome(Ending.ACCEPTED, 42), 3, 15)
    log.finish()
    records, codes = read_log(tmp_path / "sendlog-2.bin")
    assert records["row"].tolist() == [7, 5]
    one = {name: records[0][name].item() for name in RECORD.names or ()}
    assert one == {
        "row": 7, "due": 100, "dispatched": 110, "started": 130, "ended": 250, "seq": 42, "waited": 15,
        "attempts": 3, "code": 0, "outcome": Ending.ACCEPTED, "worker": 2, "used": 1, "kind": 9,
    }  # fmt: skip
    assert codes[records[1]["code"]] == "insufficient_funds"


def test_a_finished_log_holds_no_empty_room(tmp_path: Path) -> None:
    """It ends with its last record."""
    log = SendLog(tmp_path, 0, 1_000)
    log.open(0, 0, 0, 0, 0, 0)
    log.finish()
    assert (tmp_path / "sendlog-0.bin").stat().st_size == 16 + RECORD.itemsize


def test_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    """kill -9: closed records are there, the open one says that its event may have been sent."""
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "written\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    records, _ = read_log(tmp_path / "sendlog-3.bin")
    assert records["row"].tolist() == list(range(10))
    assert records["outcome"].tolist() == [Ending.ACCEPTED] * 9 + [Ending.OPEN]


def test_logs_of_workers_merge_by_row_with_common_reasons(tmp_path: Path) -> None:
    """The same reason has the same number, whichever worker met it first."""
    for worker, reasons in ((0, ["a", "b"]), (1, ["b", "c", "a"])):
        log = SendLog(tmp_path, worker, 8)
        for k, reason in enumerate(reasons):
            row = 10 * k + worker
            log.close(log.open(row, 0, row, row, row, 0), row, Outcome(Ending.REJECTED, 0, reason), 1, 0)
        log.finish()
    records, codes = read_logs(tmp_path)
    assert records["row"].tolist() == [0, 1, 10, 11, 21]
    assert [codes[code] for code in records["code"]] == ["a", "b", "b", "c", "a"]


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    """By its first bytes."""
    (tmp_path / "sendlog-0.bin").write_bytes(b"x" * 200)
    with pytest.raises(ValueError, match="is no send log"):
        read_log(tmp_path / "sendlog-0.bin")
