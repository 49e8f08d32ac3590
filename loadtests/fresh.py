"""A fresh ledger's place for each probe: a file of its own, or a schema of its own in a database of PostgreSQL."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from sim.errors import UsageError
from sim.ledger.opening import is_postgres


@contextmanager
def fresh(database: str) -> Iterator[str]:
    """Where a new ledger can be made, and is gone afterwards; "" is a file that the load makes itself."""
    if not database:
        yield ""
        return
    if not is_postgres(database):
        raise UsageError(
            f"--db {database}: each probe takes a ledger of its own; leave it out for SQLite, or give postgresql://…"
        )
    name = f"beanpeak_probe_{secrets.token_hex(4)}"
    _run(database, f"CREATE SCHEMA {name}")
    try:
        yield within(database, name)
    finally:
        _run(database, f"DROP SCHEMA {name} CASCADE")


def within(database: str, schema: str) -> str:
    """The URL under which a schema of a database is all that is seen."""
    from psycopg import conninfo

    parts = {key: str(value) for key, value in conninfo.conninfo_to_dict(database).items()}
    parts["options"] = f"{parts.get('options', '')} -csearch_path={schema}".strip()
    name = quote(parts.pop("dbname", ""), safe="")
    return f"postgresql:///{name}?" + "&".join(
        f"{key}={quote(value, safe='')}" for key, value in parts.items()
    )


def _run(database: str, sql: str) -> None:
    """One statement. Raises UsageError."""
    import psycopg

    from sim.ledger.sessions import connect, refused

    try:
        with connect(database, "beanpeak-capacity") as connection:
            connection.execute(sql)
    except psycopg.Error as error:
        raise UsageError(refused(database, error)) from None
