"""What differs between two scenarios, setting by setting: entries that came or went, values that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from sim.errors import UsageError
from sim.loading.designs import BASE
from sim.loading.files import load_scenario
from sim.loading.lines import Path
from sim.loading.shape import place_of
from sim.scenario import Scenario, Settings
from sim.suggestions import did_you_mean
from sim.units import Clock, Cohort, Days, Duration, Fen, Instant, Minutes, Moment, Portion, Ratio


class Mark(str):
    """What tells an entry of an array from the others, as a part of a path."""


Change = Literal["added", "removed", "changed", "moved"]
# What tells the entries of an array apart: their place says nothing once one is put between them.
IDENTITY = ("day", "start", "label", "above", "after")


class Difference(NamedTuple):
    """One of them; what was moved has the names in their order as old and new."""

    path: Path
    change: Change
    old: Any
    new: Any
    kind: Any  # the type written there
    entry: Any = None  # the entry of an array that it is in


def load_told(told: str) -> Scenario:
    """The scenario of a file, a name, or NAME:DESIGN. Raises UsageError."""
    name, colon, design = told.rpartition(":")
    if not colon or told.endswith(".toml"):
        return load_scenario(told)
    base = load_scenario(name)
    if design != BASE and design not in base.designs:
        raise UsageError(
            f"{told}: {name} has no design {design!r}{did_you_mean(design, [BASE, *base.designs])}"
        )
    return load_scenario(name, design)


def differences(a: Scenario, b: Scenario) -> list[Difference]:
    """All of them, in the order of the model."""
    return list(_between(a, b, (), Scenario, None))


def _between(a: Any, b: Any, path: Path, kind: Any, entry: Any) -> Iterator[Difference]:
    if isinstance(a, Settings) and isinstance(b, Settings):
        for name, field in type(a).model_fields.items():
            there = place_of(field).kind
            yield from _between(getattr(a, name), getattr(b, name), (*path, name), there, entry)
    elif isinstance(a, Mapping) and isinstance(b, Mapping):
        yield from _of_tables(a, b, path, entry)
    elif _are_entries(a) and _are_entries(b):
        by_a, by_b = _by_identity(a), _by_identity(b)
        yield from _of_tables(by_a, by_b, path, entry, ordered=False)
    elif a != b:
        yield Difference(path, "changed", a, b, kind, entry)


def _of_tables(
    a: Mapping[Any, Any], b: Mapping[Any, Any], path: Path, entry: Any, ordered: bool = True
) -> Iterator[Difference]:
    for name in dict.fromkeys([*a, *b]):
        here = (*path, name)
        if name not in b:
            yield Difference(here, "removed", a[name], None, type(a[name]), entry)
        elif name not in a:
            yield Difference(here, "added", None, b[name], type(b[name]), entry)
        else:
            yield from _between(a[name], b[name], here, type(b[name]), entry if ordered else b[name])
    common = [[name for name in one if name in a and name in b] for one in (a, b)]
    if ordered and common[0] != common[1]:
        yield Difference(path, "moved", common[0], common[1], list, entry)


def _are_entries(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, Settings) for one in value)


def _by_identity(entries: tuple[Settings, ...]) -> dict[Mark, Settings]:
    """Entries by what tells them apart; by their place where nothing does."""
    key = next((name for name in IDENTITY if entries and name in type(entries[0]).model_fields), None)
    named = {Mark(getattr(one, key)): one for one in entries} if key is not None else {}
    return named if len(named) == len(entries) else {Mark(k): one for k, one in enumerate(entries)}


# How a value of a kind is read out; of two kinds the narrower first.
_SPECS: tuple[tuple[Any, str], ...] = (
    (Duration, "duration"), (Fen, "money"), (Minutes, "hours"), (Portion, "percent"), (Ratio, "multiple"),
    (Cohort, "range"), (Clock, "clock"), (Moment, "moment"), (Days, "range"), (Instant, "instant"),
)  # fmt: skip


def spec_of(kind: Any, value: Any) -> str:
    """How a value of a kind is read out: "money", "duration", …; empty for numbers and texts."""
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, date):
        return "instant" if isinstance(value, datetime) else "date"
    own = getattr(kind, "__metadata__", ())
    return next((spec for known, spec in _SPECS if all(part in own for part in known.__metadata__)), "")
