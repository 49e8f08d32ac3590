"""A server for the tests of one file, and one that a test may stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sim.bookkeeping import CHART
from sim.ledger.ledger import Ledger
from sim.ledger.sqlite import SqliteStore
from tests.service.booking import Books
from tests.service.serving import Client, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server under a campaign clock, shared by a file's tests."""
    running = Server(tmp_path_factory.mktemp("ledger") / "ledger.db").start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def client(server: Server) -> Client:
    """A connection to the shared server with the operator's key."""
    return server.client()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a server of this test alone."""
    started: list[Server] = []

    def start(*options: str, **environment: str) -> Server:
        one = Server(tmp_path / f"ledger{len(started)}.db", options or ("--campaign-clock",), environment)
        started.append(one)
        return one.start()

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    one = Ledger(SqliteStore(tmp_path / "ledger.db", CHART), CHART)
    yield one
    assert set(Books(one).totals().values()) <= {0}
    one.stop()


@pytest.fixture
def books(ledger: Ledger) -> Books:
    """Its books under a campaign clock."""
    return Books(ledger)
