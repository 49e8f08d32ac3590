"""A ledger on either store, opened and opened again; disks and connections that fail."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from sim.bookkeeping import CHART
from sim.ledger.ledger import Ledger
from sim.ledger.opening import open_store
from sim.ledger.sql import SqlStore
from tests.ledger.asking import CASH, POOL, ask, line
from tests.ledger.cutting import Wire
from tests.postgres import Databases

Open = Callable[..., Ledger]


@pytest.fixture
def store(db: str | Path) -> Iterator[SqlStore]:
    """An empty store."""
    opened = open_store(db, CHART)
    yield opened
    opened.close()


@pytest.fixture
def opened(db: str | Path) -> Iterator[Open]:
    """Opens the ledger of this test, or opens it again; whatever is open at the end is stopped."""
    ledgers: list[Ledger] = []

    def start(**settings: Any) -> Ledger:
        ledger = Ledger(open_store(db, CHART), CHART, **settings)
        ledgers.append(ledger)
        return ledger

    yield start
    for ledger in ledgers:
        ledger.stop()


@pytest.fixture
def ledger(opened: Open) -> Ledger:
    """An empty ledger."""
    return opened()


class Failing(sqlite3.Connection):
    """A connection whose statement fails when armed: before it took effect, or after."""

    statement = "COMMIT"
    after = False
    armed = False
    executed: list[str]

    def execute(self, sql: str, *arguments: Any) -> Any:
        self.__dict__.setdefault("executed", []).append(sql.partition(" ")[0])
        if not (self.armed and sql.startswith(self.statement)):
            return super().execute(sql, *arguments)
        if self.after:
            super().execute(sql, *arguments)
        raise sqlite3.OperationalError("disk I/O error")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> type[Failing]:
    """Connections that can fail."""
    kind = type("Failing", (Failing,), {})
    monkeypatch.setattr("sim.ledger.sqlite.sqlite3.connect", partial(sqlite3.connect, factory=kind))
    return kind


@pytest.fixture
def url(postgres: Databases) -> Iterator[str]:
    """A new database."""
    yield postgres.new()
    postgres.drop()


@pytest.fixture
def wire(url: str) -> Iterator[Wire]:
    """A wire to the server of that database."""
    with TemporaryDirectory(prefix="wire-") as folder:
        wire = Wire(url, Path(folder))
        yield wire
        wire.close()


@pytest.fixture
def wired(wire: Wire) -> Iterator[Ledger]:
    """A ledger with one event at the end of the wire."""
    ledger = Ledger(open_store(wire.url, CHART), CHART)
    ledger.ask(ask(line(CASH, POOL, 1)))
    yield ledger
    ledger.stop()
