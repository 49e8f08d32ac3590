"""Whom a rule can be for: conditions of `who` that nobody meets, and whether two rules are for the same people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.loading.finding import Finding, Findings
from sim.loading.lines import Path
from sim.loading.stretches import run_us
from sim.scenario import Scenario
from sim.scenario.incentives import Rule, Who
from sim.spans import DAY_US
from sim.suggestions import did_you_mean
from sim.units import format_duration

LONGEST_STREAK = 7  # longer ones count as this
# Where the names in a condition are found, and what says how many people have them.
SECTIONS = {
    "segment": ("segments", "share"),
    "city": ("cities", "share"),
    "channel": ("channels", "audience"),
}


def names_are_known(s: Scenario) -> Findings:
    """Segments, cities and channels are those of the scenario, each named once, and somebody has them."""
    for name, rule in s.rules.items():
        for key, (section, share) in SECTIONS.items():
            path: Path = ("rules", name, "who", key)
            named, known = getattr(rule.who, key), getattr(s, section)
            yield from unknown(path, named, known, f"is no {key} of this scenario", section)
            there = [known[one] for one in named if one in known]
            if there and len(there) == len(named) and not any(getattr(one, share) for one in there):
                reads = tuple((section, one, share) for one in named)
                yield Finding(path, f"names nobody: {share} is 0 in [{section}.{named[0]}]; raise it", reads)


def unknown(
    path: Path, named: tuple[str, ...], known: Mapping[str, Any], problem: str, section: str
) -> Findings:
    """A finding for every name that is not known, and for every one that stands there twice."""
    for i, one in enumerate(named):
        here: Path = (*path, i) if len(named) > 1 else path
        if one not in known:
            hint = did_you_mean(one, list(known)) or f"; add a table [{section}.{one}]"
            yield Finding(here, problem + hint, ((section, one), path))
        elif one in named[:i]:
            yield Finding(here, "is named twice; remove one", (path,))


def somebody_is_meant(s: Scenario) -> Findings:
    """Conditions that exclude each other, or that nobody can meet in this run, are no rule."""
    for name, rule in s.rules.items():
        path: Path = ("rules", name, "who")
        for key, problem, also in (*_alone(rule.who, run_us(s)), *_together(rule.who, s)):
            reads = tuple((*path, other) for other in also)
            yield Finding((*path, key), problem, (*reads, ("scenario", "length")))


Told = list[
    tuple[str, str, tuple[str, ...]]
]  # a condition, what is wrong with it, and the others it leans on


def _alone(who: Who, length: int) -> Told:
    """What is wrong with single conditions."""
    told: Told = []
    if who.joined_within == 0:
        told.append(("joined_within", 'leaves nobody a newcomer; write it like "7 days"', ()))
    if who.away_for == 0:
        told.append(("away_for", 'is no absence; write it like "5 days"', ()))
    elif who.away_for is not None and who.away_for >= length:
        run = format_duration(length)
        told.append(("away_for", f"is as long as the whole run ({run}): nobody comes back; shorten it", ()))
    if who.streak is not None and who.streak[1] > LONGEST_STREAK:
        problem = (
            f"goes beyond {LONGEST_STREAK}: longer streaks count as {LONGEST_STREAK} days; use at most that"
        )
        told.append(("streak", problem, ()))
    return told


def _together(who: Who, s: Scenario) -> Told:
    """What is wrong with conditions beside each other."""
    told: Told = []
    low, below = who.minutes_from, who.minutes_below
    if below == 0 or (low is not None and below is not None and low >= below):
        told.append(
            ("minutes_below", "leaves nobody: it is not above minutes_from; raise it", ("minutes_from",))
        )
    within, away, streak = who.joined_within, who.away_for, who.streak or (1, LONGEST_STREAK)
    if within and streak[0] <= LONGEST_STREAK and streak[0] > (days := -(-within // DAY_US) + 1):
        problem = f"takes longer than joined_within lasts: that is {days} days of the calendar at most"
        told.append(("streak", f"{problem}; lower one or raise the other", ("joined_within",)))
    if within and away and within <= away:
        problem = "excludes joined_within: who joined so lately has not been away so long; shorten it"
        told.append(("away_for", problem, ("joined_within",)))
    if away and away > DAY_US and streak[0] > 1 and not _repairs(s):
        problem = "excludes away_for: who was away begins a streak anew; drop one of them"
        told.append(("streak", problem, ("away_for",)))
    return told


def _repairs(s: Scenario) -> bool:
    """Whether any rule lets a streak last over missed days."""
    return any(rule.form.streak is not None and rule.form.streak.repairs for rule in s.rules.values())


def somebody_may_do_it(s: Scenario) -> Findings:
    """Those who are meant may do what the rule is about."""
    for name, rule in s.rules.items():
        for deed in rule.what:
            problem = _barred(s, rule, deed)
            if problem and len(rule.what) == 1:
                reads: tuple[Path, ...] = (("deeds", deed), ("segments", "*", "minor"))
                yield Finding(("rules", name, "who"), problem, reads)


def _barred(s: Scenario, rule: Rule, deed: str) -> str:
    if deed not in s.deeds:
        return ""
    named = [s.segments[one] for one in rule.who.segment if one in s.segments]
    if s.deeds[deed].adults_only and named and all(one.minor for one in named):
        return f"names minors only, and {deed} is for adults; name another segment or another deed"
    if s.deeds[deed].needs_account and rule.who.holder is False:
        return f"leaves out holders of the account, whom {deed} is for; drop holder = false"
    return ""


def may_meet(one: Who, two: Who) -> bool:
    """Whether somebody can be meant by both; if in doubt, yes."""
    return not any(
        (
            *(_apart(set(getattr(one, key)), set(getattr(two, key))) for key in SECTIONS),
            _excluding(one.cohort, two.cohort),
            _excluding(_past(one.streak), _past(two.streak)),
            _excluding(_minutes(one), _minutes(two)),
            None not in (one.holder, two.holder) and one.holder != two.holder,
            None not in (one.team, two.team) and one.team != two.team,
            _too_new(one, two),
            _too_new(two, one),
        )
    )


def covers(outer: Who, inner: Who) -> bool:
    """Whether everybody whom the one means is meant by the other; if in doubt, no."""
    return all(
        (
            *(_holds(set(getattr(outer, key)), set(getattr(inner, key))) for key in SECTIONS),
            _around(outer.cohort, inner.cohort),
            _around(outer.streak, inner.streak),
            _around(_minutes(outer), _minutes(inner)),
            outer.holder in (None, inner.holder),
            outer.team in (None, inner.team),
            outer.joined_within is None
            or (inner.joined_within or outer.joined_within + 1) <= outer.joined_within,
            outer.away_for is None or (inner.away_for or 0) >= outer.away_for,
        )
    )


Range = tuple[int, int]


def _apart(one: set[str], two: set[str]) -> bool:
    return bool(one and two and not one & two)


def _holds(outer: set[str], inner: set[str]) -> bool:
    return not outer or bool(inner and inner <= outer)


def _past(days: Range | None) -> Range | None:
    """Days with the last one excluded."""
    return None if days is None else (days[0], days[1] + 1)


def _minutes(who: Who) -> Range:
    most = 1 << 60 if who.minutes_below is None else who.minutes_below
    return who.minutes_from or 0, most


def _excluding(one: Range | None, two: Range | None) -> bool:
    return one is not None and two is not None and max(one[0], two[0]) >= min(one[1], two[1])


def _around(outer: Range | None, inner: Range | None) -> bool:
    return outer is None or (inner is not None and outer[0] <= inner[0] and inner[1] <= outer[1])


def _too_new(one: Who, two: Who) -> bool:
    """Whether who joined as lately as the one says cannot have been away as long as the other says."""
    return bool(one.joined_within and two.away_for and one.joined_within <= two.away_for)
