"""A ledger is opened by name: a path or a URL; what is wrong is said in a sentence."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from loadtests.fresh import fresh
from sim.bookkeeping import CHART
from sim.errors import UsageError
from sim.ledger import migrations
from sim.ledger.opening import insist_on_new, open_reader, open_store
from sim.ledger.sql import SqlStore
from sim.ledger.sqlite import has_wal_reset_race
from sim.ledger.stores import StoreError
from sim.service.keys import Keyring
from tests.postgres import Databases, conninfo_url


def test_a_new_ledger_is_empty_and_says_what_a_commit_survives(store: SqlStore) -> None:
    """Opening a name that is not there makes an empty ledger."""
    assert store.head().seq == 0
    assert store.durability in ("sqlite synchronous=FULL", "postgresql synchronous_commit=on")


def test_relaxed_is_named(db: str | Path) -> None:
    """A ledger that may lose its last commits in a power cut says so."""
    with closing(open_store(db, CHART, relaxed=True)) as store:
        assert "relaxed" in store.durability


def test_a_second_leader_is_refused(db: str | Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes never lead one ledger; the second is told so, and may lead once the first is gone."""
    if isinstance(db, str):
        monkeypatch.setattr("sim.ledger.postgres.PATIENCE_S", 0.2)
    first = open_store(db, CHART)
    with pytest.raises(UsageError, match="another process .* this ledger"):
        open_store(db, CHART)
    first.close()
    second = open_store(db, CHART)
    assert second.epoch == first.epoch + 1
    second.close()


def test_an_edited_migration_is_noticed(db: str | Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger whose tables were made by another text than ours is not opened."""
    open_store(db, CHART).close()
    monkeypatch.setattr(migrations, "TABLE", migrations.TABLE + "; UPDATE migration SET checksum = 'x'")
    with pytest.raises(UsageError, match="differs"):
        open_store(db, CHART)


def test_a_ledger_of_a_newer_program_is_refused(db: str | Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration that this program does not know is not worked on."""
    open_store(db, CHART).close()
    newer = "; INSERT INTO migration VALUES (99, 'x', 'x', 0) ON CONFLICT DO NOTHING"
    monkeypatch.setattr(migrations, "TABLE", migrations.TABLE + newer)
    with pytest.raises(UsageError, match="newer program"):
        open_store(db, CHART)
    monkeypatch.undo()
    with pytest.raises(UsageError, match="newer program"):
        open_store(db, CHART)


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    """Another file is left as it is."""
    other = tmp_path / "notes.txt"
    other.write_text("these are notes and no database at all" * 100)
    with pytest.raises(UsageError, match="not a ledger"):
        open_store(other, CHART)
    with pytest.raises(UsageError, match="not a ledger"):
        open_reader(other, CHART)


def test_a_database_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    """Neither its bytes nor its folder change, whoever asks."""
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE migration_of_birds (name TEXT)")
    before = other.read_bytes()
    for open_ in (open_store, open_reader):
        with pytest.raises(UsageError, match="not a ledger of ours: another program's"):
            open_(other, CHART)
    assert other.read_bytes() == before
    assert list(tmp_path.iterdir()) == [other]


def test_a_new_ledger_is_insisted_on(db: str | Path) -> None:
    """A place that is free, or a ledger without events and keys; not one that was used."""
    insist_on_new(db, CHART)
    store = open_store(db, CHART)
    store.close()
    insist_on_new(db, CHART)
    store = open_store(db, CHART)
    key, _ = Keyring().make("a", ("system",), ("*",), 0, None)
    store.save_keys([key.row])
    store.close()
    with pytest.raises(UsageError, match="name an empty one"):
        insist_on_new(db, CHART)


def test_each_probe_has_a_schema_of_its_own(postgres: Databases) -> None:
    """Two after one another in one database; nothing of them is left."""
    database = postgres.new()
    for _ in range(2):
        with fresh(database) as place:
            store = open_store(place, CHART)
            assert store.epoch == 1
            store.close()
    insist_on_new(database, CHART)


def test_a_reader_makes_nothing(tmp_path: Path) -> None:
    """Reading a ledger that is not there says so and leaves no file behind."""
    with pytest.raises(UsageError, match="there is no ledger"):
        open_reader(tmp_path / "none.db", CHART)
    assert list(tmp_path.iterdir()) == []


def test_a_reader_cannot_write(db: str | Path) -> None:
    """Readers are read-only at the database, not by good manners."""
    open_store(db, CHART).close()
    with closing(open_reader(db, CHART)) as reader, pytest.raises(StoreError, match="read-?only"):
        reader._all("UPDATE leader SET epoch = 7 RETURNING epoch")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A path below a folder that does not exist is refused."""
    with pytest.raises(UsageError, match="no such folder|No such file"):
        open_store(tmp_path / "none" / "ledger.db", CHART)


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for PostgreSQL without the extra is told which one."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "sim.ledger.postgres", raising=False)
    monkeypatch.delattr("sim.ledger.postgres", raising=False)
    with pytest.raises(UsageError, match="extra `postgres`"):
        open_store("postgresql://localhost/x", CHART)


def test_a_password_is_never_shown(postgres: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer, a database that is not there: the message holds no password."""
    monkeypatch.setattr("sim.ledger.postgres.PATIENCE_S", 0.2)
    nowhere = "postgresql://me:s3cretword@127.0.0.1:1/ledger"
    missing = conninfo_url(postgres.url, dbname="none_such", password="s3cretword")
    for url in (nowhere, missing, "postgresql://me:s3cretword@127.0.0.1:x/ledger"):
        for opening in (open_store, open_reader):
            with pytest.raises(UsageError) as raised:
                opening(url, CHART)
            assert "s3cretword" not in str(raised.value)


def test_versions_of_sqlite_with_the_race_are_known() -> None:
    """The corruption range ends with the versions in which it was mended."""
    inside = [(3, 40, 1), (3, 7, 0), (3, 44, 5), (3, 50, 6), (3, 51, 2), (3, 45, 0)]
    outside = [(3, 51, 3), (3, 52, 0), (3, 50, 7), (3, 44, 6), (3, 6, 9)]
    assert all(map(has_wal_reset_race, inside))
    assert not any(map(has_wal_reset_race, outside))
    assert sqlite3.sqlite_version_info >= (3, 37, 0), "STRICT tables"
