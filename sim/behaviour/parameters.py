"""The numbers of the behaviour rules, read from `parameters.toml`, each with unit, source and grade."""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib import resources
from typing import Any

from sim.errors import UsageError
from sim.suggestions import did_you_mean

GRADES = {
    "V": "computed from micro-data",
    "D": "arithmetic on published figures",
    "F": "published, read at the source",
    "F2": "the same in a secondary source",
    "U": "unverified",
    "A": "assumption",
}
NEEDED = ("value", "unit", "source", "grade")
ALLOWED = (*NEEDED, "note")


@dataclass(frozen=True)
class Parameter:
    """One number and where it comes from. `name` is section_name, as the kernel's record calls it."""

    section: str
    short: str
    value: float
    unit: str
    source: str
    grade: str
    note: str = ""

    @property
    def name(self) -> str:
        return f"{self.section}_{self.short}"

    @property
    def calibrated(self) -> bool:
        """Whether `sim.experiments.calibrate` finds this value."""
        return self.source.endswith("; calibrated")


@dataclass(frozen=True)
class Parameters:
    """All parameters in the order of the file, and the hash of its bytes and of what was varied since.

    `varied` holds the values that an experiment has put in place of the file's.
    """

    entries: tuple[Parameter, ...]
    sha256: str
    varied: tuple[tuple[str, float], ...] = ()

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.entries)

    def __getitem__(self, name: str) -> float:
        """The value of `section_name`. Raises KeyError for an unknown name."""
        return self._values[name]

    def flat(self) -> dict[str, float]:
        """Values by `section_name`, in the order of the file: the kernel's record is built from it."""
        return dict(self._values)

    def vary(self, changes: Mapping[str, Any]) -> Parameters:
        """A copy with other values by name, which knows and hashes what differs from the file.

        Raises UsageError naming every change that cannot be made.
        """
        insist_on_changes(changes, self._values)
        shipped = load_parameters()
        given = self._values | {name: float(value) for name, value in changes.items()}
        varied = tuple((name, value) for name, value in given.items() if value != shipped[name])
        entries = tuple(replace(entry, value=given[entry.name]) for entry in self.entries)
        return Parameters(entries, _hash(shipped.sha256, varied), varied)

    @cached_property
    def _values(self) -> dict[str, float]:
        return {entry.name: entry.value for entry in self.entries}


def insist_on_changes(changes: Mapping[str, Any], known: Mapping[str, float]) -> None:
    """Raises UsageError with every change of a parameter that there is none of, or that is no finite number."""
    if not isinstance(changes, Mapping):
        raise UsageError(
            f'parameters={changes!r:.60}: must be numbers by name, for instance {{"habit_gain": 0.09}}'
        )
    mistakes = [problem for name, value in changes.items() if (problem := _wrong(name, value, known))]
    if mistakes:
        raise UsageError("\n".join(mistakes))


def _wrong(name: object, value: object, known: Mapping[str, float]) -> str:
    """What is wrong with one change, or an empty text."""
    if name not in known:
        near = did_you_mean(name, known)
        return f"parameters[{name!r:.60}]: there is no such parameter{near or '; docs/assumptions.md lists them'}"
    if isinstance(value, bool) or not hasattr(value, "__float__") or not math.isfinite(value):
        return f"parameters[{name!r}]={value!r:.60}: must be a finite number, it is {known[str(name)]:g} as shipped"
    return ""


def _hash(sha256: str, varied: tuple[tuple[str, float], ...]) -> str:
    """The file's own hash while nothing is varied."""
    return hashlib.sha256(f"{sha256} {json.dumps(varied)}".encode()).hexdigest() if varied else sha256


def read_parameters(text: str) -> Parameters:
    """Parameters of a TOML text. Raises ValueError naming every entry that is not complete."""
    mistakes: list[str] = []
    entries: list[Parameter] = []
    for section, names in tomllib.loads(text).items():
        for short, entry in names.items():
            problem = _problem(entry)
            if problem:
                mistakes.append(f"{section}.{short}: {problem}")
            else:
                entries.append(Parameter(section, short, **{**entry, "value": float(entry["value"])}))
    if mistakes:
        raise ValueError("parameters.toml: " + "; ".join(mistakes))
    return Parameters(tuple(entries), hashlib.sha256(text.encode()).hexdigest())


def _problem(entry: object) -> str:
    """What is wrong with one entry, or an empty text."""
    if not isinstance(entry, dict):
        return "is not a table with value, unit, source and grade"
    missing = [key for key in NEEDED if entry.get(key) in (None, "")]
    unknown = [key for key in entry if key not in ALLOWED]
    if missing:
        return f"lacks {', '.join(missing)}"
    if unknown:
        return f"has unknown {', '.join(unknown)}"
    if isinstance(entry["value"], bool) or not isinstance(entry["value"], int | float):
        return "value is not a number"
    if entry["grade"] not in GRADES:
        return f"grade is none of {', '.join(GRADES)}"
    return ""


@cache
def load_parameters() -> Parameters:
    """The parameters that come with the package."""
    text = (resources.files("sim.behaviour") / "parameters.toml").read_text(encoding="utf-8")
    return read_parameters(text)
