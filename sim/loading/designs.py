"""Designs: the incentive rules compared, written as edits of the scenario, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from sim.errors import UsageError
from sim.loading.edits import Edit, can_be_taken_out, edited, edits_of, has_free_keys
from sim.loading.finding import Finding
from sim.loading.lines import Path, spelled
from sim.loading.reading import Document, Judged, frozen, judge
from sim.loading.shape import at, keys_of, leans_on, place
from sim.scenario.gone import gone_problem
from sim.suggestions import did_you_mean

BASE = "base"
# Who somebody is follows from one draw over all entries: one more or less, and everybody is somebody else.
PLACES = {
    "segments": "share",
    "channels": "audience",
    "cities": "share",
}


@dataclass(frozen=True)
class Variant:
    """A design of a document: its sound edits, what is wrong with the others, and the scenario it makes."""

    name: str
    edits: list[Edit]
    wrong: list[Finding]
    judged: Judged = field(repr=False)

    @property
    def here(self) -> Path:
        """Where it stands."""
        return ("designs", self.name)


def apply_design(document: Document, design: str) -> Document:
    """The document with a design's edits made; the document itself for `base`.

    Raises UsageError if the scenario has no such design.
    """
    if design == BASE:
        return document
    designs = document.get("designs", {})
    if design not in designs:
        known = [BASE, *designs]
        raise UsageError(f"--design {design}: is no design of this scenario{did_you_mean(design, known)}")
    return edited(document, edits_of(designs[design]))


def variants_of(document: Document) -> list[Variant]:
    """Every design of a document that edits something, each read once. Tables that no edit touches are shared."""
    plain = {**document, "designs": {}}
    return [_variant(plain, name, design) for name, design in _written(document) if design and name != BASE]


def mistakes_in_designs(
    document: Document, base: list[Finding], variants: list[Variant] | None = None
) -> list[Finding]:
    """What is wrong with any design of a document whose own findings are `base`."""
    found = []
    for name, design in _written(document):
        if name == BASE:
            problem = "is the name of the scenario without any design; choose another"
            found.append(Finding(("designs", name), problem))
        elif not design:
            problem = "overrides nothing; add a setting or remove the design"
            found.append(Finding(("designs", name), problem))
    known = {(f.path, f.problem) for f in base}
    for one in variants_of(document) if variants is None else variants:
        news = [f for f in one.judged.mistakes if (f.path, f.problem) not in known]
        found += [*one.wrong, *(_moved(one, finding) for finding in news), *_idle(document, one)]
    return found


def _written(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    """The designs that are tables, as they are written."""
    designs = document.get("designs", {})
    if isinstance(designs, dict):
        yield from ((name, one) for name, one in designs.items() if isinstance(one, dict))


def _variant(document: Document, name: str, design: dict[str, Any]) -> Variant:
    edits = edits_of(design)
    wrong = {edit.at: problem for edit in edits if (problem := _wrong(document, edit))}
    wrong |= dict(_at_odds([edit for edit in edits if edit.at not in wrong]))
    sound = [edit for edit in edits if edit.at not in wrong]
    told = [Finding(("designs", name, *at), problem) for at, problem in wrong.items()]
    return Variant(name, sound, told, judge(edited(document, sound)))


# --- what is wrong with a single edit -----------------------------------------------------------------------


def _wrong(document: Document, edit: Edit) -> str:
    """Why a design cannot make an edit; empty if it can."""
    path = edit.path
    if path[0] == "scenario":
        return "is fixed for all designs; give users and seed on the command line instead"
    if path[0] == "designs":
        return "is a design itself; override settings of the scenario"
    if place(path) is None and (became := gone_problem(path)):
        return became
    if edit.adds and _may_be_added(path):
        return _wrong_addition(document, edit)
    missing = next((part for part in _prefixes(path) if not _exists(document, part)), None)
    if missing is not None:
        return _not_there(document, edit, missing)
    if edit.value == {} and len(path) == 1 and has_free_keys(place(path)):
        return f'adds nothing; write a table below it, or "{spelled(path)}" = false to take all of it out'
    if edit.by_table or (isinstance(edit.value, dict) and len(path) == 1):
        return _to_be_quoted(edit)
    return _wrong_removal(document, path) if edit.takes_out else ""


def _may_be_added(path: Path) -> bool:
    """Whether a path names an entry of a table whose entries are tables with names of their own."""
    here = place(path)
    return here is not None and here.model is not None and has_free_keys(place(path[:-1]))


def _wrong_addition(document: Document, edit: Edit) -> str:
    path = edit.path
    if path[0] in PLACES:
        return _moves_people(str(path[0]), "added")
    if path[-1] in _entries(document, path[:-1]):
        inside = f"{spelled(path)}.{next(iter(edit.value), '…')}"
        return f'is in the scenario already; change it by its path, for instance "{inside}" = …, or choose another name'
    return ""


def _wrong_removal(document: Document, path: Path) -> str:
    if path[0] in PLACES and len(path) < 3:
        return _moves_people(str(path[0]), "taken out")
    if not can_be_taken_out(path):
        return _cannot_go(path)
    try:
        at(document, path)
    except KeyError:
        here = place(path)
        if not has_free_keys(place(path[:-1])) or (
            here is not None and path[-1] not in _entries(document, path[:-1])
        ):
            return "is not set, so there is nothing to take out; remove the line"
    return ""


def _cannot_go(path: Path) -> str:
    """A value of another kind would be told where it is read; here false stands for something that has to be there."""
    here = place(path)
    if here is not None and (here.model is not None or has_free_keys(here)):
        return (
            "cannot be taken out: every scenario has it; change what is in it, or take out one of its entries"
        )
    return ""


def _moves_people(section: str, what: str) -> str:
    return (
        f"cannot be {what} by a design: people's places are drawn over all {section}, so it would move everybody; "
        f'put it into the scenario, with {PLACES[section]} = 0 where nobody belongs there, and change "{section}.….'
        f'{PLACES[section]}"'
    )


def _not_there(document: Document, edit: Edit, missing: Path) -> str:
    known = keys_of(missing[:-1]) or list(_entries(document, missing[:-1]))
    hint = did_you_mean(missing[-1], known)
    if missing == edit.path and isinstance(edit.value, dict) and _may_be_added(missing):
        hint += f"{'' if hint.endswith('?') else ';'} to add it, write [designs.….{spelled(missing)}]"
    return f"{spelled(missing)} is not in the scenario{hint}"


def _to_be_quoted(edit: Edit) -> str:
    path, value = edit.path, edit.value
    while isinstance(value, dict) and value:
        key, value = next(iter(value.items()))
        path = (*path, key)
    return f'must be one quoted path, for instance "{spelled(path)}" = …'


def _prefixes(path: Path) -> Iterator[Path]:
    return (path[:length] for length in range(1, len(path) + 1))


def _exists(document: Document, path: Path) -> bool:
    """Whether there is something to override: a setting of the model, or an entry; one that is no table may be new."""
    here = place(path)
    if here is None:
        return False
    if keys_of(path[:-1]):
        return True
    return path[-1] in _entries(document, path[:-1]) or (
        has_free_keys(place(path[:-1])) and here.model is None
    )


def _entries(document: Document, path: Path) -> Collection[str]:
    """The names of the entries of a table with free keys: those written, else those there by default."""
    here = place(path)
    try:
        written = at(document, path)
    except KeyError:
        written = here.default if here is not None else None
    return written if isinstance(written, dict) else ()


# --- what is wrong with edits together ----------------------------------------------------------------------


def _at_odds(edits: list[Edit]) -> Iterator[tuple[Path, str]]:
    """Edits that take each other back, told at the later one."""
    for one, two in combinations(edits, 2):
        inner, outer = sorted((one, two), key=lambda edit: -len(edit.path))
        if inner.path[: len(outer.path)] != outer.path:
            continue
        by = spelled(one.at)
        if one.takes_out and two.takes_out:
            yield two.at, f"is taken out already by {by} = false; remove one of the lines"
        elif one.takes_out or two.takes_out:
            yield (
                two.at,
                f"and {by} take each other back: one takes out what the other writes; keep one of them",
            )
        elif outer.adds or inner.path == outer.path:
            yield two.at, f"changes what {by} of the same design writes; write it there"


def _idle(document: Document, variant: Variant) -> list[Finding]:
    """Edits that set what the scenario says already."""
    problem = "sets what the scenario says already; change the value or remove the line"
    return [
        Finding((*variant.here, *edit.at), problem)
        for edit in variant.edits
        if not (edit.takes_out or edit.adds) and _same(document, edit.path, edit.value)
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


def _moved(variant: Variant, finding: Finding) -> Finding:
    """A finding told at the edit that causes it, or at the design if none does so alone."""
    for edit in variant.edits:
        if finding.path[: len(edit.path)] == edit.path:
            rest = finding.path[len(edit.path) :]
            return Finding((*variant.here, *edit.at, *rest), finding.problem)
    where = spelled(finding.path)
    causes = [e for e in variant.edits if any(leans_on(read, e.path) for read in finding.reads)]
    if len(causes) != 1:
        return Finding(variant.here, f"makes {where} wrong: it {finding.problem}")
    verb = "takes out what" if causes[0].takes_out else "makes"
    problem = f"{verb} {where} {'needs' if causes[0].takes_out else 'wrong'}: it {finding.problem}"
    return Finding((*variant.here, *causes[0].at), problem)
