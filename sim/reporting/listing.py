"""What lies in a folder of results: simulations, loads and searches for capacity, finished or not, or broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sim.errors import UsageError
from sim.reporting.folders import (
    CAPACITY,
    LOAD,
    REPORTS,
    SIMULATION,
    finished_runs,
    kind_of,
    read_report,
    unfinished_runs,
)

Row = dict[str, str | int | None]
UNFINISHED, BROKEN = "unfinished", "broken"


def listed(out: Path) -> list[Row]:
    """A row each: run, kind, scenario, design, users, replications, verdict; oldest first within a scenario.

    A report that cannot be read is named in its row and costs the others nothing.
    """
    whole = [_row(folder) for folder in finished_runs(out, tuple(REPORTS))]
    return whole + [_named(folder, "", verdict=UNFINISHED) for folder in unfinished_runs(out)]


def _row(folder: Path) -> Row:
    kind = kind_of(folder)
    try:
        return _named(folder, kind, **FACTS[kind](read_report(folder)))
    except UsageError as error:
        return _named(folder, kind, verdict=f"{BROKEN}: {error}")


def _named(folder: Path, kind: str, **facts: str | int | None) -> Row:
    blank: Row = {"design": None, "users": None, "replications": None}
    return {"run": folder.name, "kind": kind, "scenario": folder.parent.name, **blank, **facts}


def _of_simulation(held: dict[str, Any]) -> Row:
    return {
        "design": held["design"],
        "users": held["users"],
        "replications": len(held["outcomes"]),
        "verdict": "balanced" if held["audit"]["balanced"] else "NOT balanced",
    }


def _of_load(held: dict[str, Any]) -> Row:
    verdict = f"{held['verdict']}, audit: {held['audit']['verdict']}"
    return {"design": held.get("design"), "users": held.get("users"), "verdict": verdict}


def _of_capacity(held: dict[str, Any]) -> Row:
    return {"verdict": f"holds {held['holds']:,.0f}/s, breaks at {held['breaks']:,.0f}/s"}


FACTS: dict[str, Callable[[dict[str, Any]], Row]] = {
    SIMULATION: _of_simulation,
    LOAD: _of_load,
    CAPACITY: _of_capacity,
}
