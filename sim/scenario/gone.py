"""Settings that became rules: what a scenario of 0.1 wrote, what it was there, and what says it now.

A table, and the words for who still writes one. `sim.loading.upgrade` rewrites a file by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from sim.domain.ratios import PPM
from sim.scenario.settings import Count, Whole
from sim.units import Fen, Ratio

GONE_ERROR = "gone_setting"
UNKNOWN = "extra_forbidden"


@dataclass(frozen=True)
class Gone:
    """A setting of 0.1: what stood there, what stood there if nothing was written, and what says it now."""

    kind: Any
    default: Any
    became: str


# `{0}` is the name of the entry: the phase, the deed, the pool.
GONE: dict[tuple[str, ...], Gone] = {
    tuple(path.split(".")): Gone(kind, default, became)
    for path, kind, default, became in (
        ("beans.streak_bonus", Ratio, 0, "[rules.streak] form.streak.steps"),
        ("beans.streak_full", Annotated[Whole, Field(ge=1, le=7)], 7, "[rules.streak] form.streak.steps"),
        ("beans.team_bonus", Ratio, 0, "[rules.teams] form.times"),
        ("beans.goal", Count, 100, "[rules.goal] form.goal.beans"),
        ("beans.head_start", Count, 0, "[rules.goal] form.goal.head_start"),
        ("beans.daily_cap", Count, 200, "[rules.daily_cap] form.cap"),
        ("phases.*.beans_factor", Ratio, PPM, "[rules.{0}_beans] form.times"),
        ("deeds.*.per_day", Annotated[Whole, Field(ge=0, le=3)], 1, "[rules.once_a_day] (twice, thrice) form.limit"),
        ("play.reminder", bool, False, "[rules.reminder] form.nudge"),
        ("sharing.reward", Count, 0, "[rules.pass_on] form.add"),
        ("pools.*.rule", Literal["first_come", "random"], "first_come", "[rules.{0}_match] form.match.lot"),
        ("pools.*.ratio", Ratio, PPM, "[rules.{0}_match] (of orders: _cofund) form.match.ratio"),
        ("pools.*.cap_per_gift", Fen, 100_000, "[rules.{0}_match] (of orders: _cofund) form.match.most"),
        ("pools.*.cap_per_account", Fen, 100_000, "[rules.{0}_match] (of orders: _cofund) form.match.per_account"),
        ("gifts.named_matcher", bool, False, "[rules.<pool>_match] form.match.named"),
    )
}  # fmt: skip


def gone(path: Iterable[str | int]) -> Gone | None:
    """The setting of 0.1 that stood at a path, or None."""
    parts = tuple(path)
    if len(parts) not in (2, 3) or not all(isinstance(part, str) for part in parts):
        return None
    return GONE.get((str(parts[0]), *("*" for _ in parts[1:-1]), str(parts[-1])))


def gone_problem(path: Iterable[str | int]) -> str:
    """What to tell who writes a setting of 0.1; empty for any other path."""
    parts = tuple(path)
    old = gone(parts)
    if old is None:
        return ""
    became = old.became.format(parts[1])
    return f"became a rule: {became}; `beanpeak scenarios upgrade FILE` rewrites a file of 0.1"


def with_gone_settings_told(error: ValidationError) -> ValidationError:
    """The same complaints, those of unknown keys that became rules in words that say so."""
    return ValidationError.from_exception_data(error.title, list(_retold(error.errors())))


def _retold(details: Iterable[Mapping[str, Any]]) -> Iterator[InitErrorDetails]:
    for detail in details:
        problem = gone_problem(detail["loc"]) if detail["type"] == UNKNOWN else ""
        kind: Any = (
            PydanticCustomError(GONE_ERROR, "{problem}", {"problem": problem}) if problem else detail["type"]
        )
        told = InitErrorDetails(type=kind, loc=detail["loc"], input=detail["input"])
        if "ctx" in detail and not problem:
            told["ctx"] = detail["ctx"]
        yield told
