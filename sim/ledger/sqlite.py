"""The store on SQLite: one file, nothing to install, durable at every commit unless told otherwise.

One connection writes and it alone checkpoints (SQLite 3.7.0–3.51.2 can corrupt a database when another
connection's checkpoint races a commit); readers open the file read-only. A lock beside the file keeps a second
server out, and the epoch in each batch stops a leader that lost it all the same.
"""

from __future__ import annotations

import ctypes
import fcntl
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from sim.errors import UsageError
from sim.ledger.accounts import Chart
from sim.ledger.migrations import migrate
from sim.ledger.sql import SqlReader, SqlStore
from sim.ledger.stores import Fenced, OutcomeUnknown, StoreError
from sim.ledger.tables import COLUMNS, Rows, on_conflict

# Rows a statement inserts at once: few statements, so the interpreter's lock changes hands seldom.
SIZES = (512, 128, 32, 8, 2, 1)
MOST_VALUES = 16_384  # of one statement; SQLite takes 32,766
CHECKPOINT_ROWS = 1 << 15  # the log's size on disk does not tell: a log that was moved is written over
FIXED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))  # versions in which the WAL-reset race is mended


SQLITE = b"SQLite format 3\0"  # how every database of SQLite begins
FIRST = frozenset({"migration"})  # made alone, before the others
OURS = FIRST | {"account", "event", "transfer"}
PAGE_BYTES = 2_048  # users' rows are touched at random, and the log takes whole pages


def has_wal_reset_race(version: tuple[int, int, int]) -> bool:
    """Whether a version of SQLite is inside the corruption range (3.7.0–3.51.2 without the backports)."""
    mended = any(version[:2] == fixed[:2] and version >= fixed for fixed in FIXED)
    return (3, 7, 0) <= version < FIXED[0] and not mended


class _Sqlite(SqlReader):
    """The dialect of reading."""

    _connection: sqlite3.Connection

    def _all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"SQLite cannot read: {error}") from error

    def _among(self, column: str, values: Sequence[Any]) -> tuple[str, Sequence[Any]]:
        # Padded to a power of two, so that few statements have to be prepared.
        size = 1 << (len(values) - 1).bit_length()
        padded = [*values, *[values[-1]] * (size - len(values))]
        return f"{column} IN ({', '.join('?' * size)})", padded

    def _begin_snapshot(self) -> None:
        self._connection.execute("BEGIN")

    def _end_snapshot(self) -> None:
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


class SqliteReader(_Sqlite):
    """A read-only connection, as of the last commit."""

    def __init__(self, path: Path, chart: Chart) -> None:
        super().__init__(chart)
        uri = f"{path.absolute().as_uri()}?mode=ro"
        try:
            self._connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise UsageError(f"{path}: cannot be read: {error}") from error


class SqliteStore(_Sqlite, SqlStore):
    """The one writing connection. `relaxed`: a power cut may take the last commits, kill -9 may not."""

    def __init__(self, path: Path, chart: Chart, *, relaxed: bool = False) -> None:
        super().__init__(chart)
        self.path = path
        self.durability = f"sqlite synchronous={'NORMAL (relaxed)' if relaxed else 'FULL'}"
        insist_on_ours(path)
        self._lock = _take_lock(path)
        self._failed = False
        self._rows = 0  # written since the log was moved into the file
        self._inserts: dict[tuple[str, int], str] = {}
        # An absolute path, because SQLite takes `file:…` for a URI and `:memory:` for no file at all.
        try:
            self._connection = sqlite3.connect(
                path.absolute(), isolation_level=None, check_same_thread=False, cached_statements=512
            )
        except sqlite3.Error as error:
            self._lock.close()
            raise UsageError(f"{path}: cannot be opened: {error}; name another file") from error
        try:
            _set_up(self._connection, relaxed)
            migrate(self._connection.executescript, self._all, "sqlite")
            self._connection.execute("UPDATE leader SET epoch = epoch + 1")
            self.epoch = self._all("SELECT epoch FROM leader")[0][0]
        except (sqlite3.Error, StoreError, UsageError) as error:
            self._connection.close()
            self._lock.close()
            if isinstance(error, UsageError):
                raise
            raise UsageError(f"{path}: not a ledger of ours: {error}") from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        connection = self._connection
        committing = False
        try:
            connection.execute("BEGIN IMMEDIATE")
            if self._all("SELECT epoch FROM leader")[0][0] != self.epoch:
                raise Fenced(f"{self.path}: another process leads this ledger now")
            yield
            committing = True
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._failed = True
            if committing:  # its pages may be in the log all the same: only opening the file anew can tell
                raise OutcomeUnknown(f"{self.path}: COMMIT failed: {error}") from error
            raise StoreError(f"{self.path}: the batch was not written: {error}") from error
        finally:
            if connection.in_transaction:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")

    def checkpoint(self) -> None:
        """Move the log into the file when it has grown; only the writer calls this, between two batches."""
        if self._rows >= CHECKPOINT_ROWS:
            self._checkpoint("PASSIVE")
            self._rows = 0

    def _checkpoint(self, how: str) -> None:
        try:
            self._connection.execute(f"PRAGMA wal_checkpoint({how})")
        except sqlite3.Error as error:
            self._failed = True
            raise StoreError(f"{self.path}: the log could not be moved into the file: {error}") from error

    def insert(self, table: str, rows: Rows) -> None:
        execute = self._connection.execute
        self._rows += len(rows)
        at = 0
        for size in SIZES:
            while len(rows) - at >= size:
                sql = self._inserts.get((table, size))
                if sql is None:
                    columns = COLUMNS[table]
                    places = ", ".join([f"({', '.join('?' * len(columns))})"] * size)
                    sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {places}{on_conflict(table)}"
                    self._inserts[table, size] = sql
                execute(sql, list(chain.from_iterable(rows[at : at + size])))
                at += size

    def delete(self, table: str, ids: Sequence[int]) -> None:
        for at in range(0, len(ids), MOST_VALUES):
            condition, parameters = self._among("id", ids[at : at + MOST_VALUES])
            self._connection.execute(f"DELETE FROM {table} WHERE {condition}", parameters)

    def clear(self, table: str) -> None:
        self._connection.execute(f"DELETE FROM {table}")

    def reader(self) -> SqliteReader:
        return SqliteReader(self.path, self.chart)

    def close(self) -> None:
        """Fold the log into the file and let go of it; after a failure the log is left for the next start."""
        try:
            if not self._failed:
                self._checkpoint("TRUNCATE")
        finally:
            if self._failed:
                _close_without_checkpoint(self._connection)
            else:
                self._connection.close()
            self._lock.close()


def _close_without_checkpoint(connection: sqlite3.Connection) -> None:
    """Let go of a connection whose file failed: a second try at an fsync that failed would seem to succeed."""
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE)
        connection.close()
    else:  # no such switch: keep it open until the process ends
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))


def _set_up(connection: sqlite3.Connection, relaxed: bool) -> None:
    for pragma in (
        f"page_size = {PAGE_BYTES}",
        "journal_mode = WAL",
        f"synchronous = {'NORMAL' if relaxed else 'FULL'}",
        "wal_autocheckpoint = 0",
        "cache_size = -262144",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def insist_on_ours(path: Path) -> None:
    """Raises UsageError if something stands there that is no ledger of ours; writes nothing, not even a lock."""
    if "\0" in str(path):
        raise UsageError(f"--db {str(path)!r}: is no name of a file; name another")
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; name a file in it, as {path / 'charity.db'}")
    if not path.exists():
        if "://" in str(path) or ":/" in str(path):
            raise UsageError("--db: is no address we know; give a path, or postgresql://host/database")
        if not path.parent.is_dir():
            raise UsageError(
                f"{path}: there is no such folder as {path.parent}; make it, or name another file"
            )
        return
    try:
        with path.open("rb") as file:
            head = file.read(len(SQLITE))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}; name another file") from error
    if not head:  # SQLite takes an empty file for a new database
        return
    if head != SQLITE:
        raise UsageError(f"{path}: not a ledger of ours: it is no database of SQLite; name another file")
    names = _tables_in(path)
    if names - FIRST and not names >= OURS:
        raise UsageError(f"{path}: not a ledger of ours: another program's database; name another file")


def _tables_in(path: Path) -> set[str]:
    """The names of a database's tables. Raises UsageError."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return {
                name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            }
    except sqlite3.Error as error:
        raise UsageError(f"{path}: not a ledger of ours: {error}; name another file") from error


def _take_lock(path: Path) -> TextIO:
    try:
        lock = path.with_name(path.name + ".lock").open("w")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written beside: {error.strerror}; name another file") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise UsageError(f"{path}: another process is writing this ledger; stop it first") from error
    return lock
