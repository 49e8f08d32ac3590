"""A scenario written out again with every setting, for manifests and editors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from sim.loading.designs import PLACES
from sim.loading.lines import spelled
from sim.loading.shape import place_of
from sim.loading.wording import as_toml
from sim.scenario import Scenario, Settings

SCHEMA_FILE = "scenario.schema.json"


def resolved_dict(scenario: Scenario) -> dict[str, Any]:
    """Every setting as plain JSON, defaults included; money, durations and hours with their units."""
    return scenario.model_dump(mode="json", exclude_none=True)


def settings_hash(scenario: Scenario, parameters: Mapping[str, float] | None = None) -> str:
    """SHA-256 of the resolved settings and of the parameters that were varied, as hex.

    Settings stand in the order of the model, so how a file orders the settings of a table does not matter.
    Entries stand in the order of the file, because the order of the catalogue numbers its deeds.
    """
    held = resolved_dict(scenario)
    if parameters:
        held["parameters"] = dict(sorted(parameters.items()))
    text = json.dumps(held, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def resolved_toml(scenario: Scenario) -> str:
    """Every setting as TOML that `load_scenario` reads as the same scenario."""
    lines: list[str] = []
    _write((), _with_dates(scenario.model_dump(exclude_none=True), resolved_dict(scenario)), lines)
    return "\n".join(lines).lstrip("\n") + "\n"


def by_itself(scenario: Scenario) -> Scenario:
    """A scenario under a design as one that stands alone: without the designs beside it, and cities that only those
    named."""
    named = any(rule.who.city for rule in scenario.rules.values())
    return scenario.model_copy(update={"designs": {}} | ({} if named else {"cities": {}}))


def json_schema() -> dict[str, Any]:
    """The JSON schema of a scenario file; amounts with units are texts with examples."""
    schema = Scenario.model_json_schema()
    for model in Settings.__subclasses__():
        settings = (schema if model is Scenario else schema["$defs"].get(model.__name__, {"properties": {}}))[
            "properties"
        ]
        for key, setting in settings.items():
            if setting.get("default") is not None:  # pydantic leaves amounts without their units
                here = place_of(model.model_fields[key])
                default = TypeAdapter(here.kind).dump_python(here.default, mode="json", exclude_none=True)
                setting["default"] = default
            settings[key] = _as_editors_read(setting)
    schema["properties"]["designs"] |= _designs(schema["properties"])
    return {"$schema": "http://json-schema.org/draft-07/schema#", **schema, "title": "Beanpeak scenario"}


def _as_editors_read(setting: dict[str, Any]) -> dict[str, Any]:
    """A setting without null, which TOML lacks, and with its hints where draft 7 reads them: not beside a $ref."""
    options = [one for one in setting.get("anyOf", []) if one.get("type") != "null"]
    if len(options) == 1:
        rest = {key: value for key, value in setting.items() if key != "anyOf"}
        setting = {**options[0], **{key: value for key, value in rest.items() if value is not None}}
    if "$ref" in setting and len(setting) > 1:
        setting = {"allOf": [{"$ref": setting["$ref"]}], **{k: v for k, v in setting.items() if k != "$ref"}}
    return setting


def _designs(sections: dict[str, Any]) -> dict[str, Any]:
    """What a design may hold: quoted paths, and tables that it adds."""
    added = {
        name: {
            "type": "object",
            "description": f"{name} that this design adds",
            "additionalProperties": entry,
        }
        for name, section in sections.items()
        if name not in PLACES
        and isinstance(entry := section.get("additionalProperties"), dict)
        and "$ref" in entry
    }
    hint = '"rules.evening.form.times" = 3 changes, [designs.<name>.rules.noon] adds, "rules.evening" = false takes out'
    return {"additionalProperties": {"type": "object", "description": hint, "properties": added}}


def write_json_schema(folder: Path) -> Path:
    """Write the schema into a folder of scenarios, and return its path."""
    file = folder / SCHEMA_FILE
    file.write_text(json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return file


def _with_dates(held: Any, plain: Any) -> Any:
    """The plain value, with dates and instants as the model holds them: TOML has them, JSON does not.

    So with truth that stands where a number should: pydantic would write 1, and nobody would refuse it.
    """
    if isinstance(held, datetime | date | bool):
        return held
    if isinstance(held, dict):
        return {key: _with_dates(held[key], plain[key]) for key in plain}
    if isinstance(held, list | tuple) and not isinstance(plain, str):
        return [_with_dates(a, b) for a, b in zip(held, plain, strict=True)]
    return plain


def _write(path: tuple[str, ...], table: dict[str, Any], lines: list[str]) -> None:
    """One table: its plain settings first, then the tables inside it."""
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    if path and (plain or not table):
        lines += ["", f"[{spelled(path)}]"]
    lines += [f"{spelled((key,))} = {as_toml(value)}" for key, value in plain.items()]
    for key, value in table.items():
        if isinstance(value, dict):
            _write((*path, key), value, lines)
