"""Numbered SQL files, each run once; its checksum is kept, so that an edited one is noticed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from importlib import resources
from typing import Any

from sim.errors import UsageError

TABLE = """CREATE TABLE IF NOT EXISTS migration (
    number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_us BIGINT NOT NULL
)"""


def migrate(run: Callable[[str], Any], ask: Callable[[str], Sequence[Sequence[Any]]], dialect: str) -> int:
    """Bring a store up to date; returns the number of the last migration.

    Raises UsageError if an applied migration was edited or is newer than this program.
    """
    run(TABLE)
    applied = {row[0]: row[1] for row in ask("SELECT number, checksum FROM migration")}
    files = sorted(
        (file for file in (resources.files(__name__) / dialect).iterdir() if file.name.endswith(".sql")),
        key=lambda file: file.name,
    )
    known = {int(file.name.split("_")[0]): file for file in files}
    for number in applied:
        if number not in known:
            raise UsageError(
                f"migration {number} of this ledger is unknown: it was written by a newer program"
            )
    for number, file in known.items():
        script = file.read_text(encoding="utf-8")
        checksum = hashlib.sha256(script.encode()).hexdigest()
        if number in applied:
            if applied[number] != checksum:
                raise UsageError(f"migration {file.name} differs from the one this ledger was made with")
            continue
        now = time.time_ns() // 1_000
        note = f"INSERT INTO migration VALUES ({number}, '{file.name}', '{checksum}', {now});"
        run(f"BEGIN;\n{script}\n{note}\nCOMMIT;")
    return max(known)
