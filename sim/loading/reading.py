"""From a TOML document to a scenario, or to all its mistakes at once."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticUndefined

from sim.loading.checks import findings
from sim.loading.finding import Finding
from sim.loading.lines import Path
from sim.loading.shape import keys_of, place
from sim.loading.wording import path_of, told
from sim.scenario import Scenario
from sim.suggestions import nearest

Document = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """A document as near as can be read: its scenario, the paths whose values had to be guessed, and all mistakes."""

    scenario: Scenario
    doubts: set[Path]
    mistakes: list[Finding]


def read(document: Document) -> tuple[Scenario | None, list[Finding]]:
    """The scenario of a document as `tomllib` gives it; None and every finding if something is wrong."""
    judged = judge(document)
    return (None if judged.mistakes else judged.scenario), judged.mistakes


def judge(document: Document) -> Judged:
    """What a document says and what is wrong with it.

    Rules between settings are checked on a repaired copy, so that one wrong value does not hide the others.
    """
    try:
        scenario = Scenario.model_validate(frozen(document), strict=True)
    except ValidationError as error:
        repaired, doubts = as_near_as_can_be(copy.deepcopy(document))
        return Judged(repaired, doubts, [*told(error), *findings(repaired, doubts)])
    return Judged(scenario, set(), findings(scenario))


def frozen(value: Any) -> Any:
    """Arrays as tuples: the settings hold tuples, and are read strictly."""
    if isinstance(value, list):
        return tuple(frozen(v) for v in value)
    return {k: frozen(v) for k, v in value.items()} if isinstance(value, dict) else value


def as_near_as_can_be(document: Document) -> tuple[Scenario, set[Path]]:
    """The scenario of a document, mended in place if it is broken, and the paths whose values had to be guessed."""
    doubts: set[Path] = set()
    examples: set[Path] = set()
    while True:
        try:
            return Scenario.model_validate(frozen(document), strict=True), doubts
        except ValidationError as error:
            for detail in error.errors():
                doubts |= _mend(document, path_of(detail), detail["type"], examples)


def _mend(document: Document, path: Path, kind: str, examples: set[Path]) -> set[Path]:
    """Take a wrong value out, or put an example in where one is missing; where that was tried, take out what holds it.

    Returns what is now in doubt.
    """
    if kind == "missing" and path in examples:
        return _mend(document, path[:-1], "", examples)
    if kind == "missing":
        examples.add(path)
        _put(document, path, _example(path))
        return {path}
    if kind == "extra_forbidden":
        near = nearest(path[-1], keys_of(path[:-1]))
        _take_out(document, path)
        return {(*path[:-1], near)} if near is not None else set()
    whole = _without_indices(path)
    _take_out(document, whole)
    return {whole}


def _without_indices(path: Path) -> Path:
    """The path up to its first array: entries are taken out all together, or the others would move."""
    first = next((i for i, part in enumerate(path) if isinstance(part, int)), len(path))
    return path[:first]


def _example(path: Path) -> Any:
    here = place(path)
    if here is None:
        return None
    if here.model is None:
        return here.example()
    return {
        k: _example((*path, k)) for k, f in here.model.model_fields.items() if f.default is PydanticUndefined
    }


def _put(document: Document, path: Path, value: Any) -> None:
    holder = _holder(document, path)
    if isinstance(holder, dict):
        holder[path[-1]] = value
    else:  # too short an array
        _take_out(document, _without_indices(path))


def _take_out(document: Document, path: Path) -> None:
    """Idempotent: several complaints may stand in the same array."""
    _holder(document, path).pop(path[-1], None)


def _holder(document: Any, path: Path) -> Any:
    """What holds the last part of a path; an empty table if an array around it is out already."""
    for part in path[:-1]:
        if isinstance(document, dict) and part not in document:
            return {}
        document = document[part]
    return document
