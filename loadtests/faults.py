"""Faults on purpose, at instants of the campaign: the server is killed and started again, or frozen.

Only ever on a server that the harness started itself, by its process id.

    [[fault]]
    at = "40 s"              # campaign time since its start, or an instant: 2018-11-11T00:00:05+08:00
    do = "kill9"
    restart_after = "1 s"    # wall clock

    [[fault]]
    at = "90 s"
    do = "freeze"
    lasts = "2 s"
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sim.doors import read_toml
from sim.errors import Mistake, ScenarioError
from sim.loading.lines import Lines
from sim.suggestions import did_you_mean
from sim.units import parse_duration

Deed = Literal["kill9", "freeze"]
LASTS: dict[str, str] = {"kill9": "restart_after", "freeze": "lasts"}
SECOND_US = 1_000_000
AS_TABLES = "write faults as [[fault]]"
Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Fault:
    """One fault: what, when (µs since the campaign's start), and for how long (seconds of the wall clock)."""

    deed: Deed
    at_us: int
    lasts_s: float


@dataclass(frozen=True)
class Injected:
    """A fault as it happened, in wall-clock µs since t0."""

    deed: Deed
    start_us: int
    end_us: int

    def as_dict(self) -> dict[str, Any]:
        """For the report and the shading of figures."""
        return {"do": self.deed, "start_s": self.start_us / SECOND_US, "end_s": self.end_us / SECOND_US}


def load_faults(file: Path, start_us: int = 0) -> tuple[Fault, ...]:
    """The faults of a TOML file, in the order of time. start_us: the campaign's start, µs since the Unix epoch.

    Raises UsageError with every mistake and its line.
    """
    values, text = read_toml(file)
    lines, mistakes, faults = Lines(text), [], []
    tables, wrong = _tables(values)
    for path, problem in wrong:
        mistakes.append(Mistake(str(file), lines.of(path), ".".join(map(str, path)) or "text", problem))
    for k, table in enumerate(tables):
        for one in _one(table, start_us):
            if isinstance(one, Fault):
                faults.append(one)
            else:
                name, problem = one
                line = lines.of(("fault", k, name))
                mistakes.append(Mistake(str(file), line, f"fault.{k}.{name}", problem))
    if mistakes:
        raise ScenarioError(mistakes)
    return tuple(sorted(faults, key=lambda fault: fault.at_us))


def _tables(values: dict[str, Any]) -> tuple[list[dict[str, Any]], list[tuple[Path_, str]]]:
    """The [[fault]] tables of a file, and what else stands there or is missing, as (path, problem)."""
    wrong: list[tuple[Path_, str]] = [((key,), AS_TABLES) for key in values if key != "fault"]
    found = values.get("fault")
    if found is None and not values:
        wrong.append(((), f"names no fault; {AS_TABLES}"))
    if isinstance(found, dict):
        wrong.append((("fault",), "is written [fault]; faults are a list: write [[fault]]"))
    elif isinstance(found, list) and found and all(isinstance(one, dict) for one in found):
        return found, wrong
    elif found is not None:
        wrong.append((("fault",), f"must be tables; {AS_TABLES}"))
    return [], wrong


def _one(table: dict[str, Any], start_us: int) -> list[Fault | tuple[str, str]]:
    """A fault, or its mistakes as (key, problem)."""
    deed = table.get("do")
    if deed != "kill9" and deed != "freeze":
        near = did_you_mean(deed, list(LASTS)) if isinstance(deed, str) else ""
        return [("do", f"must be kill9 or freeze{near}")]
    known = ("do", "at", LASTS[deed])
    wrong: list[Fault | tuple[str, str]] = [
        (key, f"there is no such key{did_you_mean(key, known)}") for key in table if key not in known
    ]
    found = {}
    for key in known[1:]:
        value = table.get(key)
        try:
            found[key] = _instant(value, start_us) if isinstance(value, datetime) else parse_duration(value)
        except ValueError as error:
            wrong.append((key, str(error) if key in table else "is missing"))
    return wrong or [Fault(deed, found["at"], found[LASTS[deed]] / SECOND_US)]


def _instant(value: datetime, start_us: int) -> int:
    if value.tzinfo is None:
        raise ValueError("needs a time zone, for instance +08:00")
    return round(value.timestamp() * SECOND_US) - start_us
