"""What pydantic found wrong with single values, said so that people know what to do."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticUndefined

from sim.loading.finding import Finding
from sim.loading.lines import Path, spelled
from sim.loading.shape import choices, keys_of, place
from sim.scenario.gone import GONE_ERROR
from sim.suggestions import did_you_mean, nearest

_TYPES = {
    "int_type": "must be a whole number without quotes or unit, for instance 200",
    "float_type": "must be a number without quotes or unit, for instance 0.5",
    "string_type": 'must be a text in quotes, for instance "星河公益基金会"',
    "bool_type": "must be true or false, without quotes",
    "datetime_type": "must be a date and a time without quotes, for instance 2022-09-05T00:00:00+08:00",
    "date_type": "must be a date without quotes or time, for instance 2022-09-05",
    "tuple_type": "must be an array in square brackets",
    "finite_number": "must be a finite number",
}
_TABLES = ("model_type", "dict_type")
_LIMITS = {
    "greater_than": ("gt", "must be above {}"),
    "greater_than_equal": ("ge", "must be at least {}"),
    "less_than": ("lt", "must be below {}"),
    "less_than_equal": ("le", "must be at most {}"),
}


def told(error: ValidationError) -> list[Finding]:
    """Everything pydantic complains about, one finding each.

    A key that is missing only because it was misspelt is told once, as the misspelling.
    """
    details = error.errors()
    meant = {
        (*path[:-1], near)
        for path in (path_of(d) for d in details if d["type"] == "extra_forbidden")
        if (near := nearest(path[-1], keys_of(path[:-1]))) is not None
    }
    return [
        Finding(path_of(d), _problem(d))
        for d in details
        if not (d["type"] == "missing" and path_of(d) in meant)
    ]


def problem_at(path: Path, error: ValidationError) -> str:
    """What pydantic found wrong with a single value, told for a setting that the model does not know."""
    detail = error.errors()[0]
    if detail["type"] == "literal_error":
        return f"must be {detail['ctx']['expected']}"
    return _problem({**detail, "loc": path})


def path_of(detail: ErrorDetails) -> Path:
    """The path of a complaint; of a wrong key of a table, the key itself."""
    return tuple(part for part in detail["loc"] if part != "[key]")


def as_toml(value: object) -> str:
    """A plain value as it is written in TOML: text, number, truth, date, array or inline table."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(as_toml(v) for v in value)}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{spelled((k,))} = {as_toml(v)}' for k, v in value.items())} }}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _problem(detail: ErrorDetails) -> str:
    kind, path = detail["type"], path_of(detail)
    context: dict[str, Any] = detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing":
        return _missing(path)
    if kind == "extra_forbidden":
        return _unknown(path)
    if kind == GONE_ERROR:
        return detail["msg"]
    if kind == "literal_error":
        return _not_one_of(path, detail["input"], detail["loc"][-1] == "[key]")
    if kind in _LIMITS:
        return _out_of_bounds(kind, path, context)
    if kind in _TABLES:
        return f"must be a table; write [{spelled(path)}] and its settings below"
    if kind == "too_long":
        return f"has too many entries; give {context['max_length']}"
    return _TYPES.get(kind, detail["msg"])


def _missing(path: Path) -> str:
    if isinstance(path[-1], int):
        return "is missing; give one more entry"
    here = place(path)
    if here is None or here.model is not None:
        known = list(keys_of(path))
        needed = [key for key in known if _default((*path, key)) is PydanticUndefined]
        some = ", ".join(needed) or f"one setting or more, such as {', '.join(known[:3])}"
        return f"is missing; add a table [{spelled(path)}] with {some}"
    if path[0] == "pools" and path[-1] == "sponsor":
        return 'is missing: every pool needs a sponsor who pays; add sponsor = "星河公益基金会"'
    return f"is missing; add it, for instance {path[-1]} = {as_toml(here.example())}"


def _default(path: Path) -> object:
    here = place(path)
    return None if here is None else here.default


def _unknown(path: Path) -> str:
    owner = f"[{spelled(path[:-1])}]" if len(path) > 1 else "a scenario"
    what = "a setting of" if len(path) > 1 else "a section of"
    return f"is not {what} {owner}{did_you_mean(path[-1], keys_of(path[:-1])) or '; remove it'}"


def _not_one_of(path: Path, value: object, is_key: bool) -> str:
    known = choices(path[:-1] if is_key else path, is_key)
    options = ", ".join(known) if is_key else ", ".join(f'"{k}"' for k in known)
    near = nearest(path[-1] if is_key else value, known)
    hint = f", did you mean {near!r}?" if near else ""
    return f"must be one of {options}{hint}"


def _out_of_bounds(kind: str, path: Path, context: dict[str, Any]) -> str:
    here = place(path)
    least, most = here.bounds if here is not None else (None, None)
    if least is not None and most is not None:
        return f"must lie between {_number(least)} and {_number(most)}"
    name, text = _LIMITS[kind]
    if context[name] == 0 and name == "ge":
        return "must not be negative"
    return text.format(_number(context[name]))


def _number(bound: float) -> str:
    """A bound in full: a rounded one would be wrong."""
    return str(bound) if isinstance(bound, int) else f"{bound:g}"
