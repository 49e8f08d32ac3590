"""Designs: the incentive rules compared, written as dotted paths into the scenario."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any

from sim.errors import UsageError
from sim.loading.finding import Finding
from sim.loading.lines import Path, spelled
from sim.loading.reading import Document, frozen, read
from sim.loading.shape import at, keys_of, place
from sim.scenario.gone import gone_problem
from sim.suggestions import did_you_mean

BASE = "base"


def apply_design(document: Document, design: str) -> Document:
    """A copy of the document with a design's overrides in place; the document itself for `base`.

    Raises UsageError if the scenario has no such design.
    """
    if design == BASE:
        return document
    designs = document.get("designs", {})
    if design not in designs:
        known = [BASE, *designs]
        raise UsageError(f"--design {design}: is no design of this scenario{did_you_mean(design, known)}")
    changed = copy.deepcopy(document)
    for dotted, value in designs[design].items():
        _set(changed, override_path(dotted), value)
    return changed


def mistakes_in_designs(document: Document, base: list[Finding]) -> list[Finding]:
    """What is wrong with any design of a document whose own findings are `base`."""
    designs = document.get("designs", {})
    if not isinstance(designs, dict):
        return []
    return [
        finding
        for name, overrides in designs.items()
        if isinstance(overrides, dict)
        for finding in _mistakes(document, name, overrides, base)
    ]


def _mistakes(
    document: Document, name: str, overrides: Mapping[str, Any], base: list[Finding]
) -> list[Finding]:
    here: Path = ("designs", name)
    if name == BASE:
        return [Finding(here, "is the name of the scenario without any design; choose another")]
    if not overrides:
        return [Finding(here, "overrides nothing; add a setting or remove the design")]
    wrong = _wrong_paths(document, overrides)
    found = [Finding((*here, dotted), problem) for dotted, problem in wrong.items()]
    sound = {dotted: value for dotted, value in overrides.items() if dotted not in wrong}
    changed = with_sound_overrides(document, name)
    known = {(f.path, f.problem) for f in base}
    news = [f for f in read(changed)[1] if (f.path, f.problem) not in known]
    return found + [_moved(here, sound, finding) for finding in news] + _idle(document, here, sound)


def with_sound_overrides(document: Document, name: str) -> Document:
    """A copy of the document, without its designs, with those overrides of one that name a setting."""
    overrides = document["designs"][name]
    wrong = _wrong_paths(document, overrides)
    sound = {dotted: value for dotted, value in overrides.items() if dotted not in wrong}
    return {**apply_design({**document, "designs": {name: sound}}, name), "designs": {}}


def _wrong_paths(document: Document, overrides: Mapping[str, Any]) -> dict[str, str]:
    """The overrides whose path names no setting to change, and what is wrong with each."""
    told = {dotted: _wrong_path(document, dotted, value) for dotted, value in overrides.items()}
    return {dotted: problem for dotted, problem in told.items() if problem}


def _wrong_path(document: Document, dotted: str, value: object) -> str:
    """What is wrong with the path of an override; empty if nothing is."""
    path = override_path(dotted)
    if path[0] == "scenario":
        return "is fixed for all designs; give users and seed on the command line instead"
    if path[0] == "designs":
        return "is a design itself; override settings of the scenario"
    if len(path) == 1 and path[0] in keys_of(()) and isinstance(value, dict):
        return f'must be one quoted path, for instance "{path[0]}.{next(iter(value), "…")}" = …'
    if place(path) is None and (became := gone_problem(path)):
        return became
    for length in range(1, len(path) + 1):
        part = path[:length]
        if not _exists(document, part):
            known = keys_of(part[:-1]) or list(_entries(document, part[:-1]))
            return f"{spelled(part)} is not in the scenario{did_you_mean(part[-1], known)}"
    return ""


def _exists(document: Document, path: Path) -> bool:
    """Whether there is something to override: a setting of the model, or an entry that stands there."""
    if place(path) is None:
        return False
    return bool(keys_of(path[:-1])) or path[-2] == "mix" or path[-1] in _entries(document, path[:-1])


def _entries(document: Document, path: Path) -> Collection[str]:
    """The names of the entries of a table with free keys: those written, else those there by default."""
    here = place(path)
    try:
        written = at(document, path)
    except KeyError:
        written = here.default if here is not None else None
    return written if isinstance(written, dict) else ()


def _idle(document: Document, here: Path, overrides: Mapping[str, Any]) -> list[Finding]:
    """Overrides that set what the scenario says already."""
    problem = "sets what the scenario says already; change the value or remove the line"
    return [
        Finding((*here, dotted), problem)
        for dotted, value in overrides.items()
        if _same(document, override_path(dotted), value)
    ]


def _same(document: Document, path: Path, value: object) -> bool:
    there = place(path)
    if there is None:
        return False
    try:
        base = there.read(frozen(at(document, path)))
    except KeyError:
        base = there.default
    except ValueError:
        return False
    try:
        return bool(there.read(frozen(value)) == base)
    except ValueError:
        return False


def _moved(here: Path, overrides: Mapping[str, Any], finding: Finding) -> Finding:
    """A finding told at the override that causes it, or at the design if none does so alone."""
    for dotted in overrides:
        path = override_path(dotted)
        if finding.path[: len(path)] == path:
            rest = finding.path[len(path) :]
            return Finding((*here, dotted, *rest), finding.problem)
    where = ".".join(str(part) for part in finding.path)
    return Finding(here, f"makes {where} wrong: it {finding.problem}")


def override_path(dotted: str) -> Path:
    """The path that an override names."""
    return tuple(dotted.split("."))


def _set(document: Document, path: Path, value: Any) -> None:
    """Put a value at a path, making the tables on the way. Tables with a default start from it."""
    table: Any = document
    for length in range(1, len(path)):
        part = path[length - 1]
        if not isinstance(table.get(part), dict):
            here = place(path[:length])
            table[part] = dict(here.default) if here is not None and isinstance(here.default, dict) else {}
        table = table[part]
    table[path[-1]] = value
