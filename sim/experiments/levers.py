"""The levers of `docs/response.md` and what published evidence expects of them, from `levers.toml`."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any

from sim.behaviour.parameters import GRADES
from sim.errors import UsageError
from sim.experiments.headlines import HEADLINES
from sim.loading import scenario_text
from sim.loading.edits import override_path
from sim.loading.reading import Document, read
from sim.loading.shape import place
from sim.scenario import Scenario
from sim.suggestions import did_you_mean

FILE = "sim/experiments/levers.toml"
SIGNS = {"falls": -1, "rises": 1, "stays": 0}
ANY = "*"


@dataclass(frozen=True)
class Change:
    """What is done to a scenario: entries that are taken out, and settings by their dotted path."""

    remove: tuple[str, ...] = ()
    set: Mapping[str, Any] = field(default_factory=dict)

    def on(self, document: Document) -> Document:
        """A copy of the document with the change made. Raises KeyError for what is not there to be taken out."""
        changed = copy.deepcopy(document)
        for dotted in self.remove:
            for holder, key in list(_places(changed, override_path(dotted))):
                if isinstance(holder, list):
                    holder.remove(key)
                else:
                    del holder[key]
        for dotted, value in self.set.items():
            for table, key in list(_places(changed, override_path(dotted), make=True)):
                table[key] = value
        return changed

    @property
    def words(self) -> str:
        """The change as somebody would write it into a scenario."""
        taken = [f"without {dotted}" for dotted in self.remove]
        return "; ".join(taken + [f"{dotted} = {_worded(value)}" for dotted, value in self.set.items()])


@dataclass(frozen=True)
class World:
    """A scenario in which levers are played: its size, its campaign's days, and the first day after it."""

    name: str
    words: str
    scenario: str
    users: int
    during: tuple[int, int]
    after: int
    change: Change


@dataclass(frozen=True)
class Source:
    """Where evidence comes from: a short name, what was found there, and its grade."""

    name: str
    grade: str
    found: str = ""


@dataclass(frozen=True)
class Expected:
    """What evidence says a lever does to one headline number.

    sign: -1 it falls, 1 it rises, 0 it stays. low, high: by how much, in percent or points, None where only the
    sign is known; of what stays, high is the most it may change.
    """

    metric: str
    sign: int
    low: float | None
    high: float | None
    says: str
    source: Source
    known: str = ""  # why the model does something else: a documented fact


@dataclass(frozen=True)
class Lever:
    """One rule that is changed, the world it is changed in, and what should come of it."""

    name: str
    title: str
    world: World
    change: Change
    expected: tuple[Expected, ...]

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Settings that it changes and that the model does not have yet."""
        return tuple(path for path in self.change.set if place(override_path(path)) is None)


@dataclass(frozen=True)
class Levers:
    """All levers in the order of the file, the settings they may wait for, and all sources."""

    entries: tuple[Lever, ...]
    to_come: tuple[str, ...]
    sources: tuple[Source, ...]

    def __iter__(self) -> Iterator[Lever]:
        return iter(self.entries)

    def only(self, names: list[str]) -> Levers:
        """Some of the levers. Raises UsageError for a name that none has."""
        known = [lever.name for lever in self.entries]
        for name in names:
            if name not in known:
                raise UsageError(f"{name}: there is no such lever{did_you_mean(name, known)}")
        return replace(self, entries=tuple(lever for lever in self.entries if lever.name in names))


def scenario_of(world: World, change: Change | None = None, users: int | None = None) -> Scenario:
    """A world's scenario, with a lever's change if there is one. Raises UsageError with all that is wrong."""
    document = tomllib.loads(scenario_text(world.scenario))
    document = {
        **document,
        "scenario": {**document["scenario"], "users": users or world.users},
        "designs": {},
    }
    try:
        for one in filter(None, (world.change, change)):
            document = one.on(document)
    except KeyError as error:
        raise UsageError(f"{FILE}: {world.name}: {error.args[0]} is not there to be taken out") from None
    scenario, mistakes = read(document)
    if scenario is None:
        told = "\n".join(f"{FILE}: {'.'.join(map(str, m.path))}: {m.problem}" for m in mistakes)
        raise UsageError(told)
    return scenario


@cache
def load_levers() -> Levers:
    """The levers that come with the package."""
    return read_levers((resources.files("sim.experiments") / "levers.toml").read_text(encoding="utf-8"))


def read_levers(text: str) -> Levers:
    """The levers of a text. Raises UsageError with every mistake at once."""
    data = tomllib.loads(text)
    mistakes = [problem for name, lever in data["levers"].items() for problem in _mistakes(data, name, lever)]
    if mistakes:
        raise UsageError("\n".join(f"{FILE}: {problem}" for problem in mistakes))
    worlds = {name: _world(name, world) for name, world in data["worlds"].items()}
    sources = {key: Source(**source) for key, source in data["sources"].items()}
    entries = (_lever(name, lever, worlds, sources) for name, lever in data["levers"].items())
    return Levers(tuple(entries), tuple(data["to_come"]), tuple(sources.values()))


def _mistakes(data: dict[str, Any], name: str, lever: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a lever: nothing is played before it says what it changes, where, and what should come."""
    here = f"levers.{name}"
    if lever.get("world") not in data["worlds"]:
        yield f"{here}.world: is no world{did_you_mean(lever.get('world'), data['worlds'])}"
    if not lever.get("title"):
        yield f"{here}: lacks a title"
    if not lever.get("set") and not lever.get("remove"):
        yield f"{here}: changes nothing; give set or remove"
    if not lever.get("expect"):
        yield f"{here}: expects nothing; write down what evidence says before it is played"
    for metric, row in lever.get("expect", {}).items():
        yield from _mistakes_of_row(f"{here}.expect.{metric}", metric, row, data["sources"])


def _mistakes_of_row(here: str, metric: str, row: dict[str, Any], sources: dict[str, Any]) -> Iterator[str]:
    if metric not in HEADLINES:
        yield f"{here}: is no headline number{did_you_mean(metric, HEADLINES)}"
    signs = [sign for sign in SIGNS if sign in row]
    if len(signs) != 1:
        yield f"{here}: must say one of {', '.join(SIGNS)}"
    elif signs[0] != "stays" and (len(row[signs[0]]) not in (0, 2) or sorted(row[signs[0]]) != row[signs[0]]):
        yield f"{here}.{signs[0]}: must be [least, largest], or [] where only the sign is known"
    if not row.get("says"):
        yield f"{here}: lacks says, the evidence in words"
    if row.get("by") not in sources:
        yield f"{here}.by: is no source{did_you_mean(row.get('by'), sources)}"
    elif sources[row["by"]].get("grade") not in GRADES:
        yield f"sources.{row['by']}.grade: must be one of {', '.join(GRADES)}"


def _world(name: str, world: dict[str, Any]) -> World:
    first, end = world["during"]
    return World(
        name, world["words"], world["scenario"], world["users"], (first, end), world["after"], _change(world)
    )


def _lever(
    name: str, lever: dict[str, Any], worlds: Mapping[str, World], sources: Mapping[str, Source]
) -> Lever:
    expected = tuple(_expected(metric, row, sources[row["by"]]) for metric, row in lever["expect"].items())
    world = worlds[lever["world"]]
    return Lever(name, lever["title"], world, _change(lever), expected)


def _change(table: Mapping[str, Any]) -> Change:
    return Change(tuple(table.get("remove", ())), table.get("set", {}))


def _expected(metric: str, row: dict[str, Any], source: Source) -> Expected:
    word = next(sign for sign in SIGNS if sign in row)
    low, high = (None, row[word]) if word == "stays" else (row[word] or [None, None])
    return Expected(metric, SIGNS[word], low, high, row["says"], source, row.get("known", ""))


def _places(document: Document, path: tuple[str | int, ...], make: bool = False) -> Iterator[tuple[Any, str]]:
    """The tables (or arrays) and keys (or entries) that a path with `*` means.

    Without `make`, raises KeyError where there are none.
    """
    tables: list[Any] = [document]
    for part in map(str, path[:-1]):
        if part != ANY and make:
            tables = [table.setdefault(part, {}) for table in tables]
        else:
            tables = [one for table in tables for one in _entries(table, part)]
    last = str(path[-1])
    found = [(table, last) for table in tables if make or last in table]
    if not found:
        raise KeyError(".".join(map(str, path)))
    yield from found


def _entries(table: Any, part: str) -> list[Any]:
    if not isinstance(table, dict):
        return []
    held = table.values() if part == ANY else [table[part]] if part in table else []
    return [one for one in held if isinstance(one, dict | list)]


def _worded(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_worded(held)}" for key, held in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_worded, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
