"""Which incentive rules hold for somebody at an instant, and which of their conditions fail.

A rule holds if everything holds that its `who` and `when` name. What is not known of somebody (None) holds for no
condition. Plain Python, for explanations; the engine has the same rule compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.scenario.incentives import Rule, When
    from sim.scenario.play import Phase

Phases = Mapping[str, "Phase"]
MOST_STREAK = 7  # longer ones count as this many days
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Person:
    """Somebody as the rules see them; None is not known."""

    segment: str | None = None
    city: str | None = None
    channel: str | None = None
    cohort: int | None = None  # the percentile, 0 … 99
    holder: bool = False
    team: bool = False
    joined_us: int | None = None  # since they began to play
    away_us: int = 0
    streak: int = 1  # days in a row, the present one included
    minutes: int = 0  # charity time so far


def _known_and(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda wanted, own: own is not None and holds(wanted, own)


# A condition of `who`: what of a person it looks at, and when it holds.
WHO: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "segment": ("segment", lambda wanted, own: own in wanted),
    "city": ("city", lambda wanted, own: own in wanted),
    "channel": ("channel", lambda wanted, own: own in wanted),
    "cohort": ("cohort", _known_and(lambda wanted, own: wanted[0] <= own < wanted[1])),
    "holder": ("holder", lambda wanted, own: own is wanted),
    "team": ("team", lambda wanted, own: own is wanted),
    "joined_within": ("joined_us", _known_and(lambda within, own: own < within)),
    "away_for": ("away_us", lambda least, own: own >= least),
    "streak": ("streak", lambda days, own: days[0] <= min(own, MOST_STREAK) <= days[1]),
    "minutes_from": ("minutes", lambda least, own: own >= least),
    "minutes_below": ("minutes", lambda below, own: own < below),
}


def _in_phase(when: When, at: datetime, phases: Phases) -> bool:
    phase = phases[str(when.phase)]
    return phase.start <= at < phase.end


def _in_hours(when: When, at: datetime, phases: Phases) -> bool:
    first, last = when.hours or (0, 0)
    minute = at.hour * 60 + at.minute
    return first <= minute < last if first < last else minute >= first or minute < last


def _first(when: When, at: datetime, phases: Phases) -> bool:
    phase = phases[when.phase].start if when.phase is not None else None
    begins = [begin for begin in (phase, when.start) if begin is not None]
    return not begins or at - max(begins) < timedelta(microseconds=when.first or 0)


# A condition of `when`: whether it holds at an instant, by the clock of Shanghai.
WHEN: dict[str, Callable[[When, datetime, Phases], bool]] = {
    "phase": _in_phase,
    "start": lambda when, at, phases: when.start is not None and at >= when.start,
    "end": lambda when, at, phases: when.end is not None and at < when.end,
    "weekdays": lambda when, at, phases: WEEKDAYS[at.weekday()] in when.weekdays,
    "hours": _in_hours,
    "first": _first,
}


def failing(rule: Rule, person: Person, at: datetime, phases: Phases) -> tuple[str, ...]:
    """The conditions of a rule that do not hold: "who.city", "when.hours"; none if it holds."""
    who = [
        f"who.{name}"
        for name, (own, holds) in WHO.items()
        if (wanted := getattr(rule.who, name)) not in (None, ()) and not holds(wanted, getattr(person, own))
    ]
    when = [
        f"when.{name}"
        for name, holds in WHEN.items()
        if getattr(rule.when, name) not in (None, ()) and not holds(rule.when, at, phases)
    ]
    return (*who, *when)
