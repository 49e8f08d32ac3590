"""`docs/assumptions.md`, generated: `python -m sim.behaviour.assumptions > docs/assumptions.md`.

The behaviour rules' numbers come from `parameters.toml`, the world's defaults from `sim.scenario`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import get_args

from pydantic import BaseModel

from sim.behaviour.parameters import GRADES, Parameter, Parameters, load_parameters
from sim.scenario import Scenario

HEADER = """# Assumptions

Generated from `sim/behaviour/parameters.toml` and `sim/scenario.py` by `make docs`; edit those, not this page.

Every number the model rests on, with its unit, source and grade:
"""
DEFAULTS = """## Defaults of a scenario

What holds when a scenario file says nothing. Grade A unless the description names a source; the scenario
files grade the values they set themselves. Names are paths in the file.
"""


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def _parameter_table(section: str, entries: list[Parameter]) -> Iterator[str]:
    yield f"## `{section}`\n"
    yield "| name | value | unit | source | grade |"
    yield "|---|---:|---|---|---|"
    for entry in entries:
        source = f"{entry.source}. {entry.note}" if entry.note else entry.source
        cells = (f"`{entry.short}`", f"{entry.value:g}", entry.unit, source, entry.grade)
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"
    yield ""


def _settings_of(annotation: object) -> type[BaseModel] | None:
    """The settings class of a scenario's section, also inside dict[str, …]."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _default_table(section: str, settings: type[BaseModel], named: bool) -> Iterator[str]:
    given = [name for name, field in settings.model_fields.items() if not field.is_required()]
    values = settings.model_construct().model_dump(mode="json", include=set(given), warnings=False)
    path = f"{section}.<name>" if named else section
    described = settings.__doc__ if settings.__doc__ else ""
    yield f"### `{path}`\n"
    if described:
        yield f"{' '.join(described.split())}\n"
    yield "| name | default |"
    yield "|---|---|"
    for name in given:
        yield f"| `{name}` | {_cell(json.dumps(values[name], ensure_ascii=False))} |"
    yield ""


def assumptions_markdown(parameters: Parameters | None = None) -> str:
    """The whole page as Markdown."""
    entries = list(parameters or load_parameters())
    counts = Counter(entry.grade for entry in entries)
    lines = [HEADER, "| grade | means | numbers |", "|---|---|---:|"]
    lines += [f"| {grade} | {meaning} | {counts[grade]} |" for grade, meaning in GRADES.items()]
    lines += ["", "What is marked *calibrated* is found by `python -m sim.experiments.calibrate`.", ""]
    for section, group in groupby(entries, key=lambda entry: entry.section):
        lines += _parameter_table(section, list(group))
    lines.append(DEFAULTS)
    for section, field in Scenario.model_fields.items():
        settings = _settings_of(field.annotation)
        if settings is not None:
            lines += _default_table(section, settings, named=settings is not field.annotation)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    print(assumptions_markdown(), end="")
