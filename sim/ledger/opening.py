"""Open the ledger that a path or a URL names; the driver of PostgreSQL is only asked for when it is needed."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from types import ModuleType

from sim.doors import writable_folder
from sim.errors import UsageError
from sim.ledger.accounts import Chart
from sim.ledger.sql import SqlReader, SqlStore
from sim.ledger.sqlite import SqliteReader, SqliteStore, insist_on_ours
from sim.ledger.stores import StoreError

SCHEMES = ("postgresql://", "postgres://")


def open_store(db: str | Path, chart: Chart, *, relaxed: bool = False) -> SqlStore:
    """Lead the ledger at a path or at postgresql://…; it is made if it is not there yet.

    Raises UsageError: another process leads it, it cannot be reached, or it is of a newer program.
    """
    if is_postgres(db):
        store: SqlStore = _postgres().PostgresStore(str(db), chart, relaxed=relaxed)
        return store
    return SqliteStore(Path(db), chart, relaxed=relaxed)


def open_reader(db: str | Path, chart: Chart) -> SqlReader:
    """Read the ledger at a path or at postgresql://… beside whoever leads it. Raises UsageError."""
    reader = _reader(db, chart)
    try:
        reader.head()
    except StoreError as error:
        reader.close()
        raise UsageError(
            f"{_shown(db)}: not a ledger of ours: {error}; `beanpeak ledger init` makes one"
        ) from error
    return reader


def insist_on_new(db: str | Path, chart: Chart) -> None:
    """Raises UsageError unless a new ledger can be made there: it is reachable, and there is none yet."""
    if not is_postgres(db):
        insist_on_ours(Path(db))
        if not Path(db).is_file() or not Path(db).stat().st_size:
            writable_folder(Path(db).parent, "--db: the folder")
            return
    with closing(_reader(db, chart)) as reader:
        try:
            used = reader.head().seq or reader.access_keys()
        except StoreError:  # no tables yet
            return
    if used:
        raise UsageError(f"--db {_shown(db)}: holds a ledger that was used; name an empty one")


def _reader(db: str | Path, chart: Chart) -> SqlReader:
    """A reader of whatever is there. Raises UsageError if that cannot be reached."""
    if is_postgres(db):
        try:
            reader: SqlReader = _postgres().PostgresReader(str(db), chart)
        except StoreError as error:
            raise UsageError(str(error)) from error
        return reader
    insist_on_ours(Path(db))
    if not Path(db).is_file():
        raise UsageError(f"{db}: there is no ledger; `beanpeak ledger init --db {db}` makes one")
    return SqliteReader(Path(db), chart)


def _shown(db: str | Path) -> str:
    """A ledger's name without a password."""
    return str(_postgres().shown(str(db))) if is_postgres(db) else str(db)


def is_postgres(db: str | Path) -> bool:
    """Whether a name is a URL of PostgreSQL; everything else is a path."""
    return str(db).startswith(SCHEMES)


def _postgres() -> ModuleType:
    try:
        from sim.ledger import postgres
    except ImportError as error:
        raise UsageError("PostgreSQL needs the extra `postgres`: pip install 'beanpeak[postgres]'") from error
    return postgres
