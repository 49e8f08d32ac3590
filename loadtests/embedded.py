"""The embedded ledger: made empty with an administrator's key, and the command that serves it."""

from __future__ import annotations

import json
from pathlib import Path

from loadtests.targets.reference import OPERATOR_FILE
from sim.children.starting import python, run
from sim.errors import UsageError
from sim.ledger.opening import is_postgres


def fresh_ledger(place: Path, database: str = "", relaxed: bool = False) -> list[str]:
    """Make it, keep its key in a private folder; the command that serves it. Raises UsageError.

    database: a path or a URL of PostgreSQL; a file in the folder if it is not given.
    """
    database = _found_anywhere(database) if database else str(place / "ledger.db")
    made = run(python("sim", "ledger", "init", "--db", database, "--json"))
    if made.returncode:
        raise UsageError(f"the embedded ledger cannot be made: {made.stderr.strip()}")
    (place / OPERATOR_FILE).touch(mode=0o600)
    (place / OPERATOR_FILE).write_text(json.loads(made.stdout)["token"], encoding="utf-8")
    options = ["--port", "0", "--campaign-clock", *(["--relaxed"] if relaxed else [])]
    return python("sim", "ledger", "serve", "--db", database, *options)


def kept_in(database: str, relaxed: bool) -> str:
    """What an answer of it promises, in words."""
    kind = "PostgreSQL" if is_postgres(database) else "SQLite"
    return f"{kind}, {'relaxed' if relaxed else 'durable at every commit'}"


def _found_anywhere(database: str) -> str:
    return database if is_postgres(database) else str(Path(database).absolute())
