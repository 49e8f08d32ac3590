"""What may stand at a path of a scenario: the settings of the model, seen as a tree of types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from sim.loading.lines import Path
from sim.scenario import Scenario, Settings
from sim.suggestions import did_you_mean as did_you_mean
from sim.units import Clock, Cohort, Days, Duration, Fen, Minutes, Moment, Portion, Ratio

EXAMPLES: dict[Any, Any] = {
    Duration: "24 h",
    Fen: "100 yuan",
    Minutes: 0.1,
    Ratio: 1.15,
    Portion: 0.15,
    Cohort: "0-50 %",
    Clock: "18:00-22:00",
    Moment: "20:00",
    Days: "3-7",
    str: "…",
    int: 100,
    float: 0.5,
}


@dataclass(frozen=True)
class Place:
    """A place in the tree: the type written there, and its default if it has one (else PydanticUndefined)."""

    kind: Any
    default: Any = PydanticUndefined

    @property
    def model(self) -> type[Settings] | None:
        """The settings class of a table with fixed keys."""
        return self.kind if isinstance(self.kind, type) and issubclass(self.kind, Settings) else None

    @property
    def entries(self) -> Any:
        """The type of the entries of an array or of a table with free keys, or None."""
        arguments = get_args(self.kind)
        if get_origin(self.kind) is dict:
            return arguments[1]
        return arguments[0] if get_origin(self.kind) is tuple else None

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The least and the largest number allowed, both included."""
        found: dict[str, float] = {}
        for extra in _extras(self.kind):
            for part in extra.metadata if isinstance(extra, FieldInfo) else [extra]:
                found |= {name: getattr(part, name) for name in ("ge", "le") if hasattr(part, name)}
        return found.get("ge"), found.get("le")

    def read(self, value: object) -> Any:
        """The value as the model holds it. Raises ValueError if it cannot be read."""
        try:
            return TypeAdapter(self.kind).validate_python(value, strict=True)
        except ValidationError as error:
            raise ValueError(str(error)) from error

    def example(self) -> Any:
        """A value that could stand here, as `tomllib` would give it."""
        if self.kind in EXAMPLES:
            return EXAMPLES[self.kind]
        bare = _bare(self.kind)
        if bare is datetime:
            return datetime.fromisoformat("2022-09-05T00:00:00+08:00")
        if bare is date:
            return date(2022, 9, 5)
        if get_origin(bare) is Literal:
            return get_args(bare)[0]
        if get_origin(bare) is tuple:
            return []
        return EXAMPLES.get(bare)


def place(path: Path) -> Place | None:
    """What may stand at a path; None if no setting can."""
    here = Place(Scenario)
    for part in path:
        if isinstance(part, str) and here.model is not None:
            field = here.model.model_fields.get(part)
            if field is None:
                return None
            here = place_of(field)
        elif here.entries is not None and isinstance(part, int) == (get_origin(here.kind) is tuple):
            here = Place(_required(here.entries))
        else:
            return None
    return here


def place_of(field: FieldInfo) -> Place:
    """The place of a field of a settings class, with what pydantic moved into its metadata put back."""
    kind = _required(field.annotation)
    return Place(Annotated[kind, *field.metadata] if field.metadata else kind, field.default)


def keys_of(path: Path) -> list[str]:
    """The keys a table with fixed keys may have; empty for all other places."""
    here = place(path)
    return list(here.model.model_fields) if here is not None and here.model is not None else []


def choices(path: Path, of_keys: bool = False) -> list[str]:
    """The words allowed at a path, or as keys of the table there; empty where any text will do."""
    here = place(path)
    kind = _bare(here.kind) if here is not None else None
    if of_keys and get_origin(kind) is dict:
        kind = get_args(kind)[0]
    return list(get_args(kind)) if get_origin(kind) is Literal else []


def at(tree: Any, path: Path) -> Any:
    """The value at a path of nested tables and arrays. Raises KeyError if there is none."""
    for part in path:
        fits = isinstance(tree, Mapping) if isinstance(part, str) else isinstance(tree, tuple | list)
        if not fits:
            raise KeyError(part)
        try:
            tree = tree[part]
        except IndexError as error:
            raise KeyError(part) from error
    return tree


def leans_on(pattern: Path, doubt: Path) -> bool:
    """Whether the value at a path lies at or below a doubtful one, with * for any key."""
    return len(doubt) <= len(pattern) and all(a in ("*", b) for a, b in zip(pattern, doubt, strict=False))


def _required(kind: Any) -> Any:
    """`X` of `X | None`."""
    if type(None) in get_args(kind):
        return next(k for k in get_args(kind) if k is not type(None))
    return kind


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _extras(kind: Any) -> tuple[Any, ...]:
    return get_args(kind)[1:] if get_origin(kind) is Annotated else ()
