"""Whatever stands in a file, it is read or told: nothing a user can write makes the reader itself fail."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticUndefined

from sim.loading.designs import apply_design, mistakes_in_designs
from sim.loading.lines import spelled
from sim.loading.reading import frozen, read
from sim.loading.shape import place
from sim.scenario import Scenario, Settings

SOUND = tomllib.loads(Path(__file__).with_name("sound.toml").read_text(encoding="utf-8"))
ODD = st.sampled_from(
    [0, -1, 10**20, 0.15, True, "", "24 h", "-1 yuan", "gift", [], [1], [[]], {}, {"x": 1}, date(2022, 9, 5)]
    + [datetime.fromisoformat(t) for t in ("2022-09-05T00:00:00", "0001-01-01T00:00:00+08:00")]
)


def holders(tree: object, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """Every place of a document where something can be put or taken out."""
    keys: Any = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    found = [(path, key) for key in keys]
    return found + [place for key in keys for place in holders(tree[key], (*path, key))]  # type: ignore[index]


PLACES = holders(SOUND)
EDITS = st.tuples(st.sampled_from(PLACES), st.sampled_from(["put", "drop", "rename"]), ODD)


def edited(edits: list[tuple[tuple[tuple[Any, ...], Any], str, object]]) -> dict[str, Any]:
    """The sound document after some edits; those whose place is gone by then are passed over."""
    document: Any = copy.deepcopy(SOUND)
    for (path, key), what, value in edits:
        table = document
        try:
            for part in path:
                table = table[part]
            old = table.pop(key)
        except (KeyError, IndexError, TypeError, AttributeError):
            continue
        if what == "put" and isinstance(table, dict):
            table[key] = copy.deepcopy(value)
        elif what == "rename" and isinstance(table, dict):
            table[key + "x"] = old
    return document  # type: ignore[no-any-return]


def required(model: type[Settings], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The path of every setting that has to be there where its table is."""
    for name in model.model_fields:
        path = (*above, name)
        here = place(path)
        assert here is not None
        if here.model is not None:
            yield from required(here.model, path)
        elif here.entries in Settings.__subclasses__() and "dict" in str(here.kind):
            yield from required(here.entries, (*path, "x"))
        elif here.default is PydanticUndefined:
            yield path


@pytest.mark.parametrize("path", list(required(Scenario, ())), ids=".".join)
def test_what_stands_in_for_a_missing_value_can_be_read(path: tuple[str, ...]) -> None:
    """Else a repaired copy of a broken document would never be sound."""
    here = place(path)
    assert here is not None
    here.read(frozen(here.example()))


@settings(max_examples=150, deadline=None)
@given(st.lists(EDITS, max_size=4))
def test_a_broken_document_is_told_and_a_sound_one_is_read(edits: list[Any]) -> None:
    """There is a scenario exactly if there is nothing to tell, and what is told says where and what."""
    scenario, mistakes = read(edited(edits))
    assert (scenario is None) == bool(mistakes)
    assert all(isinstance(spelled(m.path), str) and len(m.problem) > 10 for m in mistakes)


@settings(max_examples=150, deadline=None)
@given(st.lists(EDITS, max_size=2), st.sampled_from(PLACES), ODD)
def test_any_override_of_a_design_is_told_or_changes_something(
    edits: list[Any], place: tuple[tuple[Any, ...], Any], value: object
) -> None:
    """A design about which nothing is told gives settings that differ from the base."""
    document = edited(edits)
    dotted = ".".join(str(part) for part in (*place[0], place[1]))
    document["designs"] = {"x": {dotted: value}}
    base, mistakes = read(document)
    told = mistakes_in_designs(document, mistakes)
    if base is not None and not told:
        changed, none = read(apply_design(document, "x"))
        assert isinstance(changed, Scenario)
        assert none == []
        assert changed != base
