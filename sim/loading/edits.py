"""Edits of a design: a value changed by its dotted path, a table added, a table or an entry taken out.

`"deeds.quiz.beans" = 40` changes, `[designs.flash.rules.noon]` adds, `"rules.newcomers" = false` takes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticUndefined

from sim.loading.lines import Path
from sim.loading.reading import Document
from sim.loading.shape import Place, keys_of, place

GONE = False  # what is written to take something out


@dataclass(frozen=True)
class Edit:
    """One edit: the path it is about, what is written there, and where it stands within its design."""

    path: Path
    value: Any
    at: Path

    @property
    def by_table(self) -> bool:
        """Whether it is written as a table of its own, as what is added is, and not as one quoted path."""
        return len(self.at) > 1

    @property
    def takes_out(self) -> bool:
        """Whether it takes out what stands at its path. Where a setting is true or false, false is its value."""
        return self.value is GONE and not self.by_table and not _is_truth(place(self.path))

    @property
    def adds(self) -> bool:
        """Whether it adds a table."""
        return self.by_table and isinstance(self.value, dict)


def edits_of(design: Mapping[str, Any]) -> list[Edit]:
    """The edits of a design, in the order of the file."""
    return [edit for key, value in design.items() for edit in _edits(str(key), value)]


def _edits(key: str, value: Any) -> Iterator[Edit]:
    if isinstance(value, dict) and key in keys_of(()):
        yield from _within((key,), value)
    else:
        yield Edit(override_path(key), value, (key,))


def _within(path: Path, table: Mapping[str, Any]) -> Iterator[Edit]:
    """The edits in a table of a design: every entry of a table with free keys, and what is no table."""
    for key, value in table.items():
        here = (*path, key)
        if isinstance(value, dict) and not has_free_keys(place(path)):
            yield from _within(here, value)
        else:
            yield Edit(here, value, here)
    if not table:
        yield Edit(path, table, path)


def override_path(dotted: str) -> Path:
    """The path that an override names."""
    return tuple(dotted.split("."))


def edited(document: Document, edits: Iterable[Edit]) -> Document:
    """The document with edits made. Only tables on the way are copied; nothing of the document changes."""
    changed = dict(document)
    for edit in edits:
        _make(changed, edit)
    return changed


def _make(table: Document, edit: Edit) -> None:
    for length in range(1, len(edit.path)):
        part = str(edit.path[length - 1])
        table[part] = _table(table, part, edit.path[:length])
        table = table[part]
    last = str(edit.path[-1])
    if edit.takes_out:
        table.pop(last, None)
    else:
        table[last] = edit.value


def _table(above: Document, part: str, path: Path) -> Document:
    """A copy of a table; one with a default that is not written starts from it."""
    written = above.get(part)
    if isinstance(written, dict):
        return dict(written)
    here = place(path)
    return dict(here.default) if here is not None and isinstance(here.default, dict) else {}


def can_be_taken_out(path: Path) -> bool:
    """Whether a scenario can be without what stands at a path: an entry, a table, or a setting that may be absent."""
    here, above = place(path), place(path[:-1])
    if here is None or above is None:
        return False
    if has_free_keys(above):
        return True
    if has_free_keys(here):
        return not here.default
    if here.model is not None:
        return len(path) > 1 and here.default is not PydanticUndefined
    return here.default is None


def has_free_keys(here: Place | None) -> bool:
    """Whether a place is a table whose entries have names of their own."""
    return here is not None and here.entries is not None and getattr(here.kind, "__origin__", None) is dict


def _is_truth(here: Place | None) -> bool:
    return here is not None and here.kind is bool
