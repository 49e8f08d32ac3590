"""Settings that are written and do nothing where they stand: refused, for who wrote them expects something.

A setting of the scenario is idle if it acts neither there nor in any of its designs; one of a design, if it does not
act in that design. So a design may switch off what the scenario sets, and a scenario may prepare what a design
switches on. Nothing is said about what a setting switches off (0, false): that is true anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.loading.designs import Variant, variants_of
from sim.loading.effects import Condition, missing
from sim.loading.finding import Finding
from sim.loading.lines import Path
from sim.loading.reading import Document, Judged, judge
from sim.loading.shape import keys_of, leans_on
from sim.scenario import Scenario, Settings


def idle_settings(
    document: Document, base: Judged | None = None, variants: list[Variant] | None = None
) -> list[Finding]:
    """A finding for every setting, of the scenario or a design, that is written and can do nothing.

    `base` and `variants` are what the document and its designs were read as, if that is known.
    """
    if _is_written_out(document):
        return []
    base = judge(document) if base is None else base
    variants = variants_of(document) if variants is None else variants
    found = dict(_idle(base, _leaves({k: v for k, v in document.items() if k != "designs"})))
    everywhere = [dict(_idle(one.judged, list(found))) for one in variants]
    told = [finding for path, finding in found.items() if all(path in one for one in everywhere)]
    for one in variants:
        for edit in one.edits:
            leaves = _leaves(edit.value, edit.path) if isinstance(edit.value, dict) else [edit.path]
            for _, finding in _idle(one.judged, leaves):
                rest = finding.path[len(edit.path) :]
                told.append(Finding((*one.here, *edit.at, *rest), finding.problem))
    return list(dict.fromkeys(told))


def _idle(judged: Judged, written: list[Path]) -> Iterator[tuple[Path, Finding]]:
    """Those of the written paths at which nothing happens, each with its finding."""
    for path in written:
        lack = None if _is_off(judged.scenario, path) else next(missing(judged.scenario, path), None)
        if lack is not None:
            here, condition = lack
            if not any(leans_on(one, doubt) for one in (path, *condition.reads) for doubt in judged.doubts):
                yield path, Finding(here, _problem(condition), condition.reads)


def _problem(condition: Condition) -> str:
    return f"does nothing here: it acts only with {condition.needs}; see to that or remove it"


def _is_written_out(document: Document) -> bool:
    """Whether this is a scenario as `resolved_toml` writes it: every section stands there, also what is idle."""
    return all(section in document for section in keys_of(()) if keys_of((section,)))


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
