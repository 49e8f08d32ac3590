"""Open the ledger that a path or a URL names; the driver of PostgreSQL is only asked for when it is needed."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from sim.errors import UsageError
from sim.ledger.accounts import Chart
from sim.ledger.sql import SqlReader, SqlStore
from sim.ledger.sqlite import SqliteReader, SqliteStore
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
    try:
        if is_postgres(db):
            reader: SqlReader = _postgres().PostgresReader(str(db), chart)
        elif not Path(db).is_file():
            raise UsageError(f"{db}: there is no ledger")
        else:
            reader = SqliteReader(Path(db), chart)
        reader.head()
    except StoreError as error:
        raise UsageError(f"not a ledger of ours: {error}") from error
    return reader


def is_postgres(db: str | Path) -> bool:
    """Whether a name is a URL of PostgreSQL; everything else is a path."""
    return str(db).startswith(SCHEMES)


def _postgres() -> ModuleType:
    try:
        from sim.ledger import postgres
    except ImportError as error:
        raise UsageError("PostgreSQL needs the extra `postgres`: pip install 'beanpeak[postgres]'") from error
    return postgres
