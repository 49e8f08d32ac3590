"""A ledger on either store, opened and opened again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.bookkeeping import CHART
from sim.ledger.ledger import Ledger
from sim.ledger.opening import open_store
from sim.ledger.sql import SqlStore

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
