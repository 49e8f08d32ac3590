"""A scenario of 0.1 becomes one of rules: the same text, with what became a rule written as one.

The rules are worked out on the document (`sim.loading.before`), written into the text key by key
(`sim.loading.editing`), and the text is read again: if it does not say exactly what was worked out, it is refused.
A design is rewritten by what it makes of the rules: the difference is what it overrides now.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sim.doors import parsed_toml
from sim.errors import Mistake, ScenarioError, UsageError
from sim.loading.before import UNWRITTEN, Leaf, Made, Old, acts, rules_of, wrong
from sim.loading.designs import BASE, apply_design, mistakes_in_designs
from sim.loading.editing import Sheet, pair, pair_in_lines
from sim.loading.edits import override_path
from sim.loading.finding import Finding
from sim.loading.idle import idle_settings
from sim.loading.lines import Lines, Path, spelled
from sim.loading.reading import Document, read
from sim.loading.shape import at
from sim.loading.wording import as_toml, problem_at
from sim.scenario.gone import gone

HEADING = "# Incentive rules: what for whom, when, in which form. Those for the same deed act in this order."
BY_ITSELF = "by itself"
TAKEN_OUT = "taken out: it is so without a rule"
LONGEST = 90


@dataclass(frozen=True)
class Change:
    """One thing that was rewritten: its line (0 for what 0.1 did unasked), what stood there, what says it now."""

    line: int
    was: str
    now: str


@dataclass(frozen=True)
class Upgraded:
    """The new text and all that changed."""

    text: str
    changes: tuple[Change, ...]


def upgraded(text: str, shown: str) -> Upgraded | None:
    """The scenario with rules in place of what became rules; None if there is nothing to do.

    Raises ScenarioError with every mistake of the file, UsageError if it cannot be rewritten safely.
    """
    plain = text.replace("\r\n", "\n")
    work = _Work(parsed_toml(plain, shown), plain, shown)
    if not work.written and ("rules" in work.document or not work.base):
        work.refuse(_mistakes(work.document))
        return None
    work.refuse(work.wrong_values())
    made = work.rewritten()
    return Upgraded(made.text.replace("\n", "\r\n") if "\r\n" in text else made.text, made.changes)


def diff(old: str, new: str, shown: str) -> str:
    """What differs between two texts, as patches are written."""
    before, after = (text.replace("\r\n", "\n").splitlines(keepends=True) for text in (old, new))
    return "".join(difflib.unified_diff(before, after, shown, f"{shown} (upgraded)"))


@dataclass
class _Override:
    """What a design says of the rules now: where it stood, and the pairs that stand there instead."""

    place: Path
    pairs: dict[str, Any] = field(default_factory=dict)


class _Work:
    """One file on its way: what is written in it, and the rules that say so."""

    def __init__(self, document: Document, text: str, shown: str) -> None:
        self.document, self.text, self.shown = document, text, shown
        self.lines = Lines(text)
        self.written = sorted(filter(self._is_gone, self.lines.paths), key=self.lines.of)
        designs = document.get("designs", {})
        self.designs = (
            {n: d for n, d in designs.items() if isinstance(d, dict)} if isinstance(designs, dict) else {}
        )
        versions = {BASE: document} | {
            name: apply_design(document, name) for name in self.designs if name != BASE
        }
        acting = frozenset[str]().union(*(acts(Old(one)) for one in versions.values()))
        rules = {name: rules_of(Old(one, acting)) for name, one in versions.items()}
        self.base = {name: made for name, made in rules.pop(BASE).items() if self._is_meant(made)}
        for design, made in rules.items():
            rules[design] = {
                k: one for k, one in made.items() if k in self.base or self._is_meant(one, design)
            }
        self.overrides = {name: list(self._overrides(name, made)) for name, made in rules.items()}
        self.came_from: dict[Path, Path] = {}

    # --- what is written --------------------------------------------------------------------------------

    def _is_gone(self, path: Path) -> bool:
        return gone(_setting(path)) is not None

    def _is_meant(self, made: Made, design: str = BASE) -> bool:
        """A file that knows rules already does nothing unasked."""
        here = {_setting(p) for p in self.written if (p[1] if p[0] == "designs" else BASE) == design}
        return "rules" not in self.document or any(here & {*leaf.origins} for leaf in made.leaves)

    def _origin(self, leaf: Leaf) -> Path | None:
        """Where a setting of a rule was written."""
        return next((path for path in leaf.origins if path in self.written), None)

    def wrong_values(self) -> Iterator[Finding]:
        """Values that 0.1 would have refused, and what cannot be said by rules."""
        for path in self.written:
            error = wrong(_setting(path), at(self.document, path))
            if error is not None:
                yield Finding(path, problem_at(path, error))
        old = Old(self.document)
        if old.value("beans", "head_start") and not old.value("beans", "goal"):
            yield Finding(
                ("beans", "head_start"), "needs a goal, and there is none; give a goal or take it out"
            )
        known = old.entries("rules")
        for made in self.base.values():
            if made.name in known:
                path = next(filter(None, map(self._origin, made.leaves)), ("rules", made.name))
                yield Finding(
                    path, f"becomes [rules.{made.name}], which is there already; take one of them out"
                )

    def refuse(self, found: Iterator[Finding] | list[Finding]) -> None:
        """Raises ScenarioError if anything was found, told where it stands in the file as it is."""
        told = [(self._before(finding.path), finding.problem) for finding in found]
        if told:
            raise ScenarioError(
                [
                    Mistake(self.shown, self.lines.of(path), spelled(path) or "text", problem)
                    for path, problem in told
                ]
            )

    def _before(self, path: Path) -> Path:
        """Where in the file as it is something stood that the new one says at a path."""
        for new, old in self.came_from.items():
            length = min(len(new), len(path))
            if new[:length] == path[:length] and length > 1:
                return old
        return path

    # --- designs ----------------------------------------------------------------------------------------

    def _overrides(self, name: str, rules: dict[str, Made]) -> Iterator[_Override]:
        """What a design has to say so that it makes of the new file what it made of the old one."""
        found: dict[Path, _Override] = {}
        for rule in dict.fromkeys([*self.base, *rules]):
            for key, value, leaves in _difference(self.base.get(rule), rules.get(rule), rule):
                place = self._place(name, leaves)
                found.setdefault(place, _Override(place)).pairs[key] = value
        yield from found.values()

    def _place(self, name: str, leaves: list[Leaf]) -> Path:
        """The override that is to blame for a difference, else the last one of the design."""
        origins = {path for leaf in leaves for path in leaf.origins}
        places: list[Path] = [("designs", name, dotted) for dotted in self.designs[name]]
        for place in places:
            setting = override_path(str(place[-1]))
            if any(origin[: len(setting)] == setting for origin in origins):
                return place
        return places[-1]

    # --- writing ----------------------------------------------------------------------------------------

    def rewritten(self) -> Upgraded:
        """The new text, once it is sure that it says what it should and is sound."""
        sheet, expected = Sheet(self.text), copy.deepcopy(self.document)
        self._write_designs(sheet, expected)
        self._write_rules(sheet, expected)
        if _pruned(parsed_toml(sheet.text, self.shown)) != _pruned(expected):
            raise UsageError(
                f"{self.shown}: is written in a way that cannot be rewritten by itself; write tables with headers, "
                "as in `beanpeak scenarios show hello`, and one setting a line"
            )
        self.refuse(_mistakes(parsed_toml(sheet.text, self.shown)))
        return Upgraded(sheet.text, tuple(self._changes()))

    def _write_designs(self, sheet: Sheet, expected: Document) -> None:
        for name, overrides in self.overrides.items():
            instead = {one.place: one.pairs for one in overrides}
            places = dict.fromkeys(
                [*instead, *(p for p in self.written if p[:2] == ("designs", name) and len(p) == 3)]
            )
            for path in [p for p in self.written if p[:2] == ("designs", name) and len(p) > 3]:
                _take_out(expected, path)
                sheet.silence(path)
            for place in places:
                pairs, old = instead.get(place, {}), place in self.written
                if old:
                    _take_out(expected, place)
                if pairs:
                    sheet.replace(
                        place, [_override_pair(key, value) for key, value in pairs.items()], keep=not old
                    )
                elif old:
                    sheet.silence(place)
                for key, value in pairs.items():
                    here: Path = ("designs", name, *_override(key, value))
                    _put(expected, here, value)
                    self.came_from[here] = place

    def _write_rules(self, sheet: Sheet, expected: Document) -> None:
        above: dict[Path, tuple[str, ...]] = {}
        behind: dict[Path, str] = {}
        used = {path for made in self.base.values() for leaf in made.leaves for path in leaf.origins}
        for path in self.written:
            if path[0] == "designs":
                continue
            _take_out(expected, path)
            if path in used:
                cut = sheet.cut(path)
                above[path], behind[path] = cut.above, cut.behind
            else:
                sheet.silence(path)
        for path in dict.fromkeys(path[:-1] for path in self.written if path[0] != "designs"):
            sheet.drop_header(path)
        block = [] if "rules" in self.document else [HEADING]
        for made in self.base.values():
            block += [*([""] if block else []), *self._table(made, above, behind)]
            _put(expected, ("rules", made.name), made.table)
        if self.base:
            sheet.insert("\n".join(block), "designs")

    def _table(
        self, made: Made, above: dict[Path, tuple[str, ...]], behind: dict[Path, str]
    ) -> Iterator[str]:
        """The lines of a rule, with the comments of what it comes from."""
        for path in dict.fromkeys(path for leaf in made.leaves for path in leaf.origins):
            yield from (f"# {line}" for line in above.pop(path, ()))
        said = {leaf.key: {p: behind.pop(p) for p in leaf.origins if behind.get(p)} for leaf in made.leaves}
        for comments in said.values():
            if len(set(comments.values())) > 1:
                yield from (
                    f"# {'.'.join(map(str, path[1:]))}: {comment}" for path, comment in comments.items()
                )
        yield f"[rules.{spelled((made.name,))}]"
        for leaf in made.leaves:
            one = set(said[leaf.key].values())
            yield from pair_in_lines(leaf.key, leaf.value, one.pop() if len(one) == 1 else "")
            origin = self._origin(leaf)
            if origin is not None:
                self.came_from[("rules", made.name, *leaf.key.split("."))] = origin

    # --- what changed -----------------------------------------------------------------------------------

    def _changes(self) -> Iterator[Change]:
        """Line by line what was rewritten, and first what 0.1 did unasked."""
        for made in self.base.values():
            if not any(self._origin(leaf) for leaf in made.leaves):
                all_of_it = "; ".join(pair(leaf.key, leaf.value) for leaf in made.leaves)
                yield Change(0, BY_ITSELF, _short(f"[rules.{made.name}] {all_of_it}"))
        places = {one.place: one.pairs for overrides in self.overrides.values() for one in overrides}
        for path in sorted({*self.written, *places}, key=lambda path: (self.lines.of(path), path)):
            if path[0] == "designs":
                said = [_override_pair(key, value) for key, value in places.get(path, {}).items()]
            else:
                said = [
                    f"[rules.{made.name}] {pair(leaf.key, leaf.value)}"
                    for made in self.base.values() for leaf in made.leaves if path in leaf.origins
                ]  # fmt: skip
            was = _short(f"{spelled(path)} = {as_toml(at(self.document, path))}")
            yield Change(self.lines.of(path), was, "; ".join(map(_short, said)) or TAKEN_OUT)


def _mistakes(document: Document) -> list[Finding]:
    """All that the loader finds wrong with a document."""
    found = read(document)[1]
    return [*found, *mistakes_in_designs(document, found), *idle_settings(document)]


def _setting(path: Path) -> Path:
    """The setting at a path of the file: in a design, the one that is overridden."""
    if path[0] == "designs":
        return (*override_path(str(path[2])), *path[3:]) if len(path) > 2 else ()
    return path


def _difference(base: Made | None, new: Made | None, rule: str) -> Iterator[tuple[str, Any, list[Leaf]]]:
    """The overrides that make one rule of another, each with the settings of rules it comes from."""
    if new is None:
        assert base is not None
        yield f"rules.{rule}", False, base.leaves
    elif base is None:
        yield f"rules.{rule}", new.table, new.leaves
    else:
        before, after = ({leaf.key: leaf for leaf in made.leaves} for made in (base, new))
        for key in dict.fromkeys([*before, *after]):
            leaves = [one[key] for one in (before, after) if key in one]
            value = after[key].value if key in after else UNWRITTEN.get(key.rpartition(".")[2])
            if key not in before or before[key].value != value:
                yield f"rules.{rule}.{key}", value, leaves


def _override(key: str, value: Any) -> Path:
    """Where an override stands in its design: a rule that it adds as a table, all others as one quoted path."""
    return ("rules", key.removeprefix("rules.")) if isinstance(value, dict) else (key,)


def _override_pair(key: str, value: Any) -> str:
    return pair(spelled(_override(key, value)), value)


def _take_out(document: Document, path: Path) -> None:
    held: Any = document
    for part in path[:-1]:
        held = held[part]
    del held[path[-1]]


def _put(document: Document, path: Path, value: Any) -> None:
    held: Any = document
    for part in path[:-1]:
        held = held.setdefault(part, {})
    held[path[-1]] = value


def _pruned(value: Any) -> Any:
    """Without empty tables: a header that stands over nothing says nothing."""
    if not isinstance(value, dict):
        return value
    kept = {key: _pruned(one) for key, one in value.items()}
    return {key: one for key, one in kept.items() if one != {}}


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
