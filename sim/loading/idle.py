"""Settings that are written and do nothing where they stand: refused, for who wrote them expects something.

A setting of the scenario is idle if it acts neither there nor in any of its designs; one of a design, if it does not
act in that design. So a design may switch off what the scenario sets, and a scenario may prepare what a design
switches on. Nothing is said about what a setting switches off (0, false): that is true anyway.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from sim.loading.designs import BASE, override_path, with_sound_overrides
from sim.loading.effects import Condition, missing
from sim.loading.finding import Finding
from sim.loading.lines import Path
from sim.loading.reading import Document, as_near_as_can_be
from sim.loading.shape import keys_of, leans_on
from sim.scenario import Scenario, Settings

Judged = tuple[Scenario, set[Path]]  # and the paths whose values had to be guessed


def idle_settings(document: Document) -> list[Finding]:
    """A finding for every setting, of the scenario or a design, that is written and can do nothing."""
    if _is_written_out(document):
        return []
    base = _judged({**document, "designs": {}})
    written: Any = document.get("designs")
    designs = {k: v for k, v in written.items() if _is_design(k, v)} if isinstance(written, dict) else {}
    changed = {name: _judged(with_sound_overrides(document, name)) for name in designs}
    found = dict(_idle(base, _leaves({k: v for k, v in document.items() if k != "designs"})))
    everywhere = [dict(_idle(one, list(found))) for one in changed.values()]
    told = [finding for path, finding in found.items() if all(path in one for one in everywhere)]
    for name, overrides in designs.items():
        for dotted, value in overrides.items():
            path = override_path(dotted)
            leaves = _leaves(value, path) if isinstance(value, dict) else [path]
            for _, finding in _idle(changed[name], leaves):
                told.append(Finding(("designs", name, dotted, *finding.path[len(path) :]), finding.problem))
    return list(dict.fromkeys(told))


def _idle(judged: Judged, written: list[Path]) -> Iterator[tuple[Path, Finding]]:
    """Those of the written paths at which nothing happens, each with its finding."""
    scenario, doubts = judged
    for path in written:
        if not _is_off(scenario, path) and (lack := next(missing(scenario, path), None)) is not None:
            here, condition = lack
            if not any(leans_on(one, doubt) for one in (path, *condition.reads) for doubt in doubts):
                yield path, Finding(here, _problem(condition), condition.reads)


def _problem(condition: Condition) -> str:
    return f"does nothing here: it acts only with {condition.needs}; see to that or remove it"


def _judged(document: Document) -> Judged:
    return as_near_as_can_be(copy.deepcopy(document))


def _is_written_out(document: Document) -> bool:
    """Whether this is a scenario as `resolved_toml` writes it: every section stands there, also what is idle."""
    return all(section in document for section in keys_of(()) if keys_of((section,)))


def _is_design(name: str, overrides: object) -> bool:
    return isinstance(overrides, dict) and bool(overrides) and name != BASE


def _leaves(table: dict[str, Any], above: Path = ()) -> list[Path]:
    """The paths of all that is written in a table and is no table itself."""
    found: list[Path] = []
    for key, value in table.items():
        found += _leaves(value, (*above, key)) if isinstance(value, dict) and value else [(*above, key)]
    return found


def _is_off(scenario: Scenario, path: Path) -> bool:
    """Whether a path holds 0, false or nothing at all, or is not there (then something else is wrong)."""
    value: Any = scenario
    for part in path:
        value = getattr(value, str(part), None) if isinstance(value, Settings) else value.get(part, None)
        if not isinstance(value, Settings | dict):
            break
    return value in (None, 0, (), {})
