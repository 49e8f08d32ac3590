"""What a scenario of 0.1 says, as rules: the table of `sim.scenario.gone`, carried out on a document.

A document here is what `tomllib` gives of any text, sound or not; what cannot be read counts as not written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sim.domain.ratios import PPM
from sim.loading.lines import Path
from sim.loading.reading import Document, frozen
from sim.scenario.gone import gone
from sim.units import format_ratio

OFTEN = {1: "once_a_day", 2: "twice_a_day", 3: "thrice_a_day"}
REMINDED_AT = "20:00"
ONCE_FOR_ALL = ("team", "account")  # effects that nobody has twice
UNWRITTEN = {"lot": False, "named": False}  # what a match does if a key of it is not written


@dataclass(frozen=True)
class Leaf:
    """A setting of a rule, and the settings of 0.1 that it comes from."""

    key: str
    value: Any
    origins: tuple[Path, ...] = ()


@dataclass
class Made:
    """A rule: its settings in the order in which they are written."""

    name: str
    leaves: list[Leaf] = field(default_factory=list)

    def put(self, key: str, value: Any, *origins: Path) -> Made:
        """The rule itself, with one more setting."""
        self.leaves.append(Leaf(key, value, origins))
        return self

    @property
    def table(self) -> Document:
        """The rule as `tomllib` would give it."""
        made: Document = {}
        for leaf in self.leaves:
            *tables, last = leaf.key.split(".")
            holder = made
            for part in tables:
                holder = holder.setdefault(part, {})
            holder[last] = leaf.value
        return made


class Old:
    """A document of 0.1 and how its settings are asked for; `acting` is what acts in it or in any of its designs."""

    def __init__(self, document: Document, acting: frozenset[str] = frozenset()) -> None:
        self.document = document
        self.acting = acting

    def entries(self, section: str) -> dict[str, Any]:
        """The tables of a section, or the section itself; empty if it is something else."""
        held = self.document.get(section, {})
        return held if isinstance(held, dict) else {}

    def tables(self, section: str) -> dict[str, Document]:
        return {name: one for name, one in self.entries(section).items() if isinstance(one, dict)}

    def written(self, *path: str) -> Any:
        """What is written at the path, or None."""
        held: Any = self.document
        for part in path:
            held = held.get(part) if isinstance(held, dict) else None
        return held

    def value(self, *path: str) -> Any:
        """A setting that is gone, as the model of 0.1 held it: a wrong one counts as not written."""
        old = gone(path)
        assert old is not None
        written = self.written(*path)
        return old.default if written is None or wrong(path, written) else read_as(old.kind, written)

    def number(self, *path: str) -> float:
        held = self.written(*path)
        return held if isinstance(held, int | float) else 0


def read_as(kind: Any, value: Any) -> Any:
    """The value as a kind of setting holds it. Raises ValidationError."""
    return TypeAdapter(kind).validate_python(frozen(value), strict=True)


def wrong(path: Path, value: Any) -> ValidationError | None:
    """What is wrong with the value of a setting that is gone."""
    old = gone(path)
    assert old is not None
    try:
        read_as(old.kind, value)
    except ValidationError as error:
        return error
    return None


# --- what acts ----------------------------------------------------------------------------------------------


def acts(old: Old) -> frozenset[str]:
    """What there is for rules to act on."""
    deeds = old.tables("deeds")
    rewarded = any(old.number("deeds", name, "beans") for name in deeds)
    tells = {
        "play": old.written("play", "open") is not False,
        "rewarded": rewarded,
        "growing": rewarded or any(map(bool, (
            old.number("orders", "beans"), old.value("sharing", "reward"), old.value("beans", "head_start"),
        ))),
        "teams": old.written("teams", "open") is True,
        "gifts": any(deed.get("effect") == "gift" for deed in deeds.values()),
    }  # fmt: skip
    return frozenset(name for name, holds in tells.items() if holds)


# --- the rules ----------------------------------------------------------------------------------------------


def rules_of(old: Old) -> dict[str, Made]:
    """The rules that say what the settings of 0.1 said, in the order in which they act."""
    return {made.name: made for make in MAKERS for made in make(old)}


def _streak(old: Old) -> Iterator[Made]:
    bonus, full = old.value("beans", "streak_bonus"), old.value("beans", "streak_full")
    if bonus and old.acting >= {"play", "rewarded"}:
        steps = [{"day": day, "times": _part(bonus, day, full)} for day in range(1, full + 1)]
        yield Made("streak").put(
            "form.streak.steps", steps, ("beans", "streak_bonus"), ("beans", "streak_full")
        )


def _part(bonus: int, day: int, full: int) -> float:
    return format_ratio(PPM + round(Fraction(bonus * day, full)))


def _teams(old: Old) -> Iterator[Made]:
    bonus = old.value("beans", "team_bonus")
    deeds = [name for name, deed in old.tables("deeds").items() if deed.get("team") is True]
    if bonus and deeds and old.acting >= {"play", "rewarded", "teams"}:
        made = Made("teams").put("what", _names(deeds)).put("who.team", True)
        yield made.put("form.times", format_ratio(PPM + bonus), ("beans", "team_bonus"))


def _phases(old: Old) -> Iterator[Made]:
    for name in old.tables("phases"):
        if old.value("phases", name, "beans_factor") != PPM and old.acting >= {"play", "rewarded"}:
            path = ("phases", name, "beans_factor")
            made = Made(f"{name}_beans").put("when.phase", name)
            yield made.put("form.times", old.written(*path), path)


def _often(old: Old) -> Iterator[Made]:
    for times, called in OFTEN.items():
        names = [
            name
            for name, deed in old.tables("deeds").items()
            if old.value("deeds", name, "per_day") == times and deed.get("effect") not in ONCE_FOR_ALL
        ]
        if names and "play" in old.acting:
            told: list[Path] = [("deeds", name, "per_day") for name in names]
            yield Made(called).put("what", _names(names), *told).put("form.limit", times)


def _cap(old: Old) -> Iterator[Made]:
    if old.acting >= {"play", "growing"}:
        yield Made("daily_cap").put("form.cap", old.value("beans", "daily_cap"), ("beans", "daily_cap"))


def _goal(old: Old) -> Iterator[Made]:
    goal = old.value("beans", "goal")
    if goal and old.acting >= {"play", "growing"}:
        made = Made("goal").put("form.goal.beans", goal, ("beans", "goal"))
        if old.written("beans", "head_start") is not None:
            made.put("form.goal.head_start", old.value("beans", "head_start"), ("beans", "head_start"))
        yield made


def _reminder(old: Old) -> Iterator[Made]:
    if old.value("play", "reminder") and "play" in old.acting:
        yield Made("reminder").put("form.nudge.at", REMINDED_AT, ("play", "reminder"))


def _pass_on(old: Old) -> Iterator[Made]:
    reward = old.value("sharing", "reward")
    if reward and old.acting >= {"play", "gifts"}:
        yield Made("pass_on").put("what", "invite").put("form.add", reward, ("sharing", "reward"))


def _matches(old: Old) -> Iterator[Made]:
    for name in _giving(old, "gifts"):
        made = _from_pool(old, name, "match", "gift")
        if old.written("pools", name, "rule") is not None:
            lot = old.value("pools", name, "rule") == "random"
            made.put("form.match.lot", lot, ("pools", name, "rule"))
        if old.written("gifts", "named_matcher") is not None:
            made.put("form.match.named", old.value("gifts", "named_matcher"), ("gifts", "named_matcher"))
        yield made


def _cofunds(old: Old) -> Iterator[Made]:
    for name in _giving(old, "orders"):
        yield _from_pool(old, name, "cofund", "order")


def _giving(old: Old, what: str) -> Iterator[str]:
    """The pools for gifts or orders that add anything to them."""
    for name, pool in old.tables("pools").items():
        most = (old.value("pools", name, "ratio"), old.value("pools", name, "cap_per_gift"))
        if pool.get("serves", "gifts") == what and all(most):
            yield name


def _from_pool(old: Old, name: str, form: str, what: str) -> Made:
    made = Made(f"{name}_{form}").put("what", what).put(f"form.{form}.pool", name)
    for key, was in (("ratio", "ratio"), ("most", "cap_per_gift"), ("per_account", "cap_per_account")):
        written = old.written("pools", name, was)
        if written is not None:
            made.put(f"form.{form}.{key}", written, ("pools", name, was))
    return made


def _names(names: list[str]) -> Any:
    """One name as a text, several as an array."""
    return names[0] if len(names) == 1 else names


MAKERS: tuple[Callable[[Old], Iterator[Made]], ...] = (
    _streak, _teams, _phases, _often, _cap, _goal, _reminder, _pass_on, _matches, _cofunds,
)  # fmt: skip
