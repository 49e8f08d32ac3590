"""A disk that is full or does not sync: no answer is given that might not last, and the next start is clean."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sim.bookkeeping import CHART
from sim.ledger.audit import audit, insist
from sim.ledger.decide import Group
from sim.ledger.ledger import Ledger, Unavailable
from sim.ledger.opening import open_store
from sim.ledger.stores import StoreError
from tests.commands import PATIENCE_S
from tests.ledger.asking import CASH, POOL, ask, line
from tests.ledger.conftest import Failing
from tests.ledger.crashing import digest, eid

ROOT = Path(__file__).parents[2]
UNSURE = ("storage_unavailable", "outcome_unknown")

# The process may write files of this size only; without the signal the write itself fails.
LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
from tests.ledger.crashing import main
main(sys.argv[1], 0, 7)
"""


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small file system; the limit on files is tested all the same")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def run_until_full(db: Path, most: int) -> list[list[str]]:
    """Answers of a process that asks until the disk is full: key, code, hash."""
    command = [sys.executable, "-c", LIMITED, str(db), str(most)]
    child = subprocess.run(command, capture_output=True, cwd=ROOT, text=True, timeout=PATIENCE_S)
    ready, *answers = child.stdout.splitlines()
    assert ready.startswith("ready"), child.stderr
    assert "Unavailable" in child.stderr, "the queue takes nothing more, and says so"
    return [answer.split() for answer in answers]


def expect_a_clean_restart(db: Path, answers: list[list[str]]) -> None:
    """After the first failure nobody was answered as if it lasted, and what was answered before is there."""
    codes = [code for _, code, _ in answers]
    first = min(codes.index(code) for code in UNSURE if code in codes)
    assert first > 20, "some were answered before"
    assert set(codes[first:]) <= set(UNSURE)
    with closing(open_store(db, CHART)) as store:
        insist(audit(store))
        for key, code, body in answers[:first]:
            kept = store.answers([eid(key)])[eid(key)]
            assert (kept.answer.code or "-", digest(kept.answer.body)) == (code, body)
    ledger = Ledger(open_store(db, CHART), CHART)
    assert ledger.ask(ask(line(CASH, POOL, 1)))[0].accepted
    ledger.stop()


@pytest.mark.parametrize("most", [150_000, 400_000])
def test_a_file_that_may_not_grow(tmp_path: Path, most: int) -> None:
    """When the log cannot grow the ledger stops answering; with room again it starts as it was."""
    db = tmp_path / "ledger.db"
    expect_a_clean_restart(db, run_until_full(db, most))


def test_a_full_disk(tmp_path: Path) -> None:
    """The same on a file system that is full; what is there is moved to a larger one."""
    folder, larger = tmp_path / "small", tmp_path / "larger"
    folder.mkdir()
    larger.mkdir()
    with small_disk(folder):
        answers = run_until_full(folder / "ledger.db", 1 << 30)
        for file in folder.iterdir():
            (larger / file.name).write_bytes(file.read_bytes())
    expect_a_clean_restart(larger / "ledger.db", answers)


@pytest.mark.parametrize("after", [False, True])
def test_a_failed_sync_is_never_tried_again(tmp_path: Path, failing: type[Failing], after: bool) -> None:
    """COMMIT fails: whoever waits learns that the outcome is unknown, the ledger is read-only for good, and the same
    key finds out after a restart."""
    db = tmp_path / "ledger.db"
    ledger = Ledger(open_store(db, CHART), CHART)
    ledger.ask(ask(line(CASH, POOL, 1)))
    failing.after, failing.armed = after, True
    gate, entered = threading.Event(), threading.Event()
    ledger._clock = lambda: (entered.set(), gate.wait(PATIENCE_S), 1)[2]
    ledger.start()
    lost = ask(line(CASH, POOL, 10), key="lost")
    unknown = ledger.future(Group([lost]))
    assert entered.wait(PATIENCE_S)
    behind = ledger.future(Group([ask(line(CASH, POOL, 100))]))
    gate.set()
    assert (unknown.result(PATIENCE_S)[0].code, behind.result(PATIENCE_S)[0].code) == (
        "outcome_unknown",
        "storage_unavailable",
    )
    with pytest.raises(Unavailable):
        ledger.future(Group([ask(line(CASH, POOL, 1))]))
    tried = ledger.store._connection.executed.count("COMMIT")
    with closing(ledger.store.reader()) as reader:
        assert reader.account(POOL).balance == (11 if after else 1), "reading goes on"
    ledger.stop()
    assert ledger.store._connection.executed.count("COMMIT") == tried
    assert db.with_name("ledger.db-wal").stat().st_size > 0, "the log is left for the next start"
    failing.armed = False
    again = Ledger(open_store(db, CHART), CHART)
    (answer,) = again.ask(lost)
    assert answer.accepted
    assert answer.replayed == after
    assert again.state.account(POOL).balance == 11
    insist(audit(again.store))
    again.stop()


def test_a_failed_statement_leaves_nothing(tmp_path: Path, failing: type[Failing]) -> None:
    """When a row cannot be written the batch is not there at all, and the ledger stops."""
    db = tmp_path / "ledger.db"
    ledger = Ledger(open_store(db, CHART), CHART)
    failing.statement, failing.armed = "INSERT INTO transfer", True
    with pytest.raises(StoreError, match="not written"):
        ledger.ask(ask(line(CASH, POOL, 10)))
    assert ledger.health == "read-only"
    ledger.stop()
    failing.armed = False
    with closing(open_store(db, CHART)) as store:
        assert (store.head().seq, store.count("account"), store.count("event")) == (0, 0, 0)


def test_a_failed_checkpoint_stops_the_writer_not_the_answers(
    tmp_path: Path, failing: type[Failing], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch before it is durable and answered; afterwards nothing is written."""
    monkeypatch.setattr("sim.ledger.sqlite.CHECKPOINT_ROWS", 1)
    db = tmp_path / "ledger.db"
    ledger = Ledger(open_store(db, CHART), CHART)
    failing.statement, failing.armed = "PRAGMA wal_checkpoint", True
    ledger.start()
    assert ledger.future(Group([ask(line(CASH, POOL, 10))])).result(PATIENCE_S)[0].accepted
    ledger.stop()
    assert ledger.health == "read-only"
    assert "log" in ledger.trouble
    failing.armed = False
    with closing(open_store(db, CHART)) as store:
        assert store.account(POOL).balance == 10


def test_a_log_that_has_grown_is_moved_into_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer folds its log back now and then, so that it does not grow with the ledger."""
    sizes = []
    for rows in (1 << 60, 200):
        monkeypatch.setattr("sim.ledger.sqlite.CHECKPOINT_ROWS", rows)
        db = tmp_path / f"{rows}.db"
        ledger = Ledger(open_store(db, CHART), CHART)
        for _ in range(200):
            ledger.ask(ask(line(CASH, POOL, 1)))
            ledger.store.checkpoint()
        sizes.append(db.with_name(db.name + "-wal").stat().st_size)
        ledger.stop()
    assert sizes[1] < sizes[0] / 3
