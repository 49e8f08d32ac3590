"""Sessions of PostgreSQL: how they are opened, how a loss is recognised, what may be shown of a URL."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import Connection, conninfo
from psycopg.adapt import Dumper
from psycopg.pq import Format

SESSION = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


class Column(bytes):
    """A packed column, sent as it is."""


class ColumnDumper(Dumper):
    """Sends a packed column; its type is named by the statement."""

    format = Format.BINARY

    def dump(self, obj: Column) -> bytes:
        return obj


@lru_cache
def translated(sql: str) -> str:
    """A statement with PostgreSQL's placeholders."""
    return sql.replace("?", "%b")


def shown(url: str) -> str:
    """Where a URL points, without its password."""
    try:
        parts = conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        return "PostgreSQL"
    return f"postgresql://{parts.get('host') or ''}/{parts.get('dbname') or ''}"


def connect(url: str, name: str) -> Connection[Any]:
    """A session of ours. Raises psycopg.Error."""
    parts: dict[str, Any] = SESSION | conninfo.conninfo_to_dict(url) | {"application_name": name}
    connection = psycopg.connect(conninfo.make_conninfo("", **parts), autocommit=True)
    connection.adapters.register_dumper(Column, ColumnDumper)
    connection.execute("SET default_transaction_isolation = 'read committed'; SET statement_timeout = 0")
    return connection


def lost(connection: Connection[Any], error: psycopg.Error) -> bool:
    """Whether an error means that the connection is gone; it is closed then, so that nobody uses it again."""
    state = error.sqlstate or ""
    told = state.startswith(("08", "57P"))  # connection exception, shutdown: the server may have committed
    ours = not state and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    if told or ours:
        connection.close()
    return connection.closed


def hidden(error: Exception, url: str) -> str:
    """An error's text without the password that a URL may carry."""
    with suppress(psycopg.Error):
        secret = conninfo.conninfo_to_dict(url).get("password")
        return str(error).replace(str(secret), "***") if secret else str(error)
    return "not a URL of PostgreSQL"


def refused(url: str, error: Exception) -> str:
    """Why there is no session, and what to look at."""
    reason = " ".join(hidden(error, url).split())
    return (
        f"{shown(url)}: cannot connect: {reason}; does the server run, and are host, port, database, user and "
        "password those of postgresql://user@host:5432/database?"
    )
