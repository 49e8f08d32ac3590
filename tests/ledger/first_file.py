"""Writes `first.sql`: a ledger as the first version kept it and its state hash, for later versions to open.

    python -m tests.ledger.first_file

Made anew only while nothing is published: afterwards a change of the format is a migration, never another file.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from sim.bookkeeping import CHART
from sim.ledger.ledger import Ledger
from sim.ledger.opening import open_store
from sim.ledger.rebuild import state_hash
from tests.ledger.asking import busy

FILE = Path(__file__).with_name("first.sql")


def main() -> None:
    """Fill a ledger, write its tables as SQL."""
    with tempfile.TemporaryDirectory() as folder:
        db = Path(folder) / "ledger.db"
        ledger = Ledger(open_store(db, CHART), CHART, clock=lambda: 1_662_357_600_000_000)
        busy(ledger)
        ledger.store.save_keys([("admin", bytes(range(32)), "admin", "*", 5, None, None)])
        told = state_hash(ledger.store)
        ledger.stop()
        with closing(sqlite3.connect(db)) as connection:
            lines = [f"-- {told}", *connection.iterdump(), ""]
        FILE.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
