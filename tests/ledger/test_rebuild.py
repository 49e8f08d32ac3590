"""A ledger moves between the stores and is made again from its journal; its state hash stays the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sim.bookkeeping import CHART
from sim.errors import InvariantError, UsageError
from sim.ledger.audit import audit, insist
from sim.ledger.ledger import Ledger
from sim.ledger.opening import open_store
from sim.ledger.rebuild import copy, rebuild, state_hash
from sim.ledger.sql import SqlStore
from tests.ledger.asking import CASH, FUND, POOL, POST, ask, busy, ending, line
from tests.ledger.conftest import Open
from tests.ledger.first_file import FILE
from tests.ledger.test_audit import plant
from tests.postgres import Databases

KEYS = [
    ("admin", b"\1" * 32, "admin", "*", 5, None, None),
    ("ngo~2", b"\2" * 32, "a b", "project:p1", 6, 7, 8),
]


@pytest.fixture
def others(postgres: Databases, tmp_path: Path) -> Iterator[Callable[[str | Path], str | Path]]:
    """Gives a place for a new ledger in the other kind of store."""
    made = 0

    def other(db: str | Path) -> str | Path:
        nonlocal made
        made += 1
        return tmp_path / f"other{made}.db" if isinstance(db, str) else postgres.new()

    yield other
    postgres.drop()


def test_a_ledger_moves_to_the_other_store_and_back(
    db: str | Path, others: Callable[[str | Path], str | Path], opened: Open
) -> None:
    """Journal, tables, answers, refusals and keys are the same after both moves, and the ledger goes on there."""
    ledger = opened()
    busy(ledger)
    ledger.store.save_keys(KEYS)
    again = [
        ask(line(POOL, CASH, 5_000), key="refused later"),
        ask(line(CASH, POOL, 3), key="accepted later"),
    ]
    first = ledger.ask(*again)
    ledger.stop()
    there = others(db)
    back = others(there)
    with closing(open_store(db, CHART)) as here:
        before = state_hash(here)
        with closing(open_store(there, CHART)) as moved:
            assert copy(here, moved) == 10
            assert state_hash(moved) == before
            insist(audit(moved))
            with closing(open_store(back, CHART)) as returned:
                copy(moved, returned)
                assert state_hash(returned) == before
    for place in (there, back):
        ledger = Ledger(open_store(place, CHART), CHART)
        assert ledger.store.access_keys() == KEYS
        assert ledger.ask(*again) == [answer._replace(replayed=True) for answer in first]
        assert ledger.ask(ending("order:3", POST, "confirmed"))[0].seq == 11
        insist(audit(ledger.store))
        ledger.stop()


def test_nothing_is_copied_over_a_ledger(store: SqlStore, tmp_path: Path) -> None:
    """The target must be empty, of keys too."""
    with closing(open_store(tmp_path / "from.db", CHART)) as source:
        store.save_keys(KEYS[:1])
        with pytest.raises(UsageError, match="there is a ledger already"):
            copy(source, store)


def test_a_copy_that_differs_is_an_alarm(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What arrived is compared with what was sent."""
    ledger = opened()
    busy(ledger)
    with closing(open_store(tmp_path / "to.db", CHART)) as target:
        insert = target.insert
        monkeypatch.setattr(
            target, "insert", lambda table, rows: insert(table, rows[1:] if table == "hold" else rows)
        )
        with pytest.raises(InvariantError, match="does not hold"):
            copy(ledger.store, target)


def test_the_tables_are_made_again_from_the_journal(opened: Open, db: str | Path) -> None:
    """Whatever the tables say, after a rebuild they say what the journal does; twice is the same as once."""
    ledger = opened()
    busy(ledger)
    before = state_hash(ledger.store)
    ledger.stop()
    plant(db, "UPDATE account SET dr_posted = 7, cr_pending = 3, floor = 5, closed = 1; DELETE FROM hold; "
        "UPDATE document SET state = 'x', held = 0 WHERE id > 'order:1'; DELETE FROM document WHERE id = 'order:1'; "
        "INSERT INTO account VALUES (77, '2400:p77', 0, NULL, 0, 0, 4, 0, 4); "
        "INSERT INTO hold VALUES (999, 1, 2, 3, NULL)")  # fmt: skip
    with closing(open_store(db, CHART)) as store:
        assert state_hash(store) != before
        for _ in range(2):
            assert rebuild(store) == 9
            assert state_hash(store) == before
        insist(audit(store))


def test_nothing_is_made_from_a_broken_journal(opened: Open, db: str | Path) -> None:
    """A rebuild stops at the first event that does not fit and leaves the tables as they were."""
    ledger = opened()
    busy(ledger)
    ledger.stop()
    plant(db, "UPDATE event SET actor = 'nobody' WHERE seq = 4; DELETE FROM hold")
    with closing(open_store(db, CHART)) as store:
        before = state_hash(store)
        with pytest.raises(InvariantError, match="event 4"):
            rebuild(store)
        assert state_hash(store) == before


def test_the_state_hash_tells_every_difference(opened: Open, db: str | Path) -> None:
    """One fen, one state, one refusal, one answer more or less is another hash; the service's keys are not in it."""
    ledger = opened()
    busy(ledger)
    hashes = [state_hash(ledger.store)]
    ledger.store.save_keys(KEYS)
    assert state_hash(ledger.store) == hashes[0]
    ledger.ask(ask(line(POOL, CASH, 5_000)))
    hashes.append(state_hash(ledger.store))
    ledger.stop()
    for change in (
        "UPDATE account SET cr_posted = cr_posted + 1 WHERE id = 1",
        "UPDATE document SET state = 'x' WHERE id = 'order:1'",
        "UPDATE hold SET amount = amount + 1",
        "UPDATE event SET answer = jhash WHERE seq = 1",
        "UPDATE transfer SET amount = amount + 1 WHERE id = 16",
    ):
        plant(db, change)
        with closing(open_store(db, CHART)) as store:
            hashes.append(state_hash(store))
    assert len(set(hashes)) == len(hashes)


def test_a_file_of_the_first_version_is_opened(tmp_path: Path, store: SqlStore) -> None:
    """It holds what it held then, passes every check, moves to either store, and the ledger goes on."""
    script = FILE.read_text(encoding="utf-8")
    db = tmp_path / "first.db"
    with closing(sqlite3.connect(db)) as connection:
        connection.executescript(script)
    told = script.splitlines()[0].removeprefix("-- ")
    with closing(open_store(db, CHART)) as first:
        assert state_hash(first) == told
        insist(audit(first))
        assert rebuild(first) == 9
        assert state_hash(first) == told
        copy(first, store)
    assert state_hash(store) == told
    ledger = Ledger(open_store(db, CHART), CHART)
    gift = ask(line(POOL, FUND, 50), key="gift", move=("gift:1", "given", b'{"a":1}'))
    assert ledger.ask(gift)[0].replayed
    assert ledger.ask(ending("order:3", POST, "confirmed"))[0].seq == 10
    ledger.stop()
