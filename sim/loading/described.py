"""Somebody described on one line, "segment=95后, city=杭州, streak=6", and an instant of a scenario's calendar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from sim.domain.holding import Person
from sim.domain.paying import BEYOND_THE_CATALOGUE
from sim.errors import UsageError
from sim.scenario import Scenario
from sim.suggestions import did_you_mean
from sim.units import DURATION_US, SHANGHAI, parse_duration, parse_minutes

MOST_DONE = 200  # of one deed on one day
YES, NO = ("yes", "true", "1", "是"), ("no", "false", "0", "否")
_NARROW = str.maketrans("，；＝：", ",,=:")


@dataclass(frozen=True)
class Described:
    """Somebody, what they did today before (deed → times, in that order), and what of it was said."""

    person: Person
    done: Mapping[str, int]
    told: frozenset[str]  # fields of the person


class Key(NamedTuple):
    """What may be said of somebody: the field of a person it fills, what it takes, and how it is read."""

    field: str
    takes: str
    read: Callable[[Scenario, str], Any]


def _named(table: str, what: str) -> Callable[[Scenario, str], str]:
    """An entry of a table, by its name or its label."""

    def read(scenario: Scenario, text: str) -> str:
        entries: Mapping[str, Any] = getattr(scenario, table)
        if not entries:
            raise ValueError(f"the scenario has no [{table}]; leave it out")
        return _entry(entries, text, what)

    return read


def _entry(entries: Mapping[str, Any], text: str, what: str, also: tuple[str, ...] = ()) -> str:
    by_label = {entry.label: name for name, entry in entries.items()}
    if text in entries or text in also:
        return text
    if text in by_label:
        return by_label[text]
    raise ValueError(f"is no {what} of this scenario{did_you_mean(text, [*entries, *by_label, *also])}")


def _whole(least: int, most: int) -> Callable[[Scenario, str], int]:
    def read(scenario: Scenario, text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number between {least} and {most:,}")
        return int(text)

    return read


def _since(scenario: Scenario, text: str) -> int:
    """Microseconds of a number of days, or of a duration with its unit."""
    if text.isascii() and text.isdigit():
        return int(text[:9]) * DURATION_US["day"]
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ValueError('must be days, for instance 12, or a duration like "12 h"') from error


def _hours(scenario: Scenario, text: str) -> int:
    try:
        return parse_minutes(float(text))
    except ValueError as error:
        raise ValueError("must be charity hours, a multiple of 0.1, for instance 3 or 0.5") from error


def _truth(scenario: Scenario, text: str) -> bool:
    if text.lower() not in (*YES, *NO):
        raise ValueError("must be yes or no")
    return text.lower() in YES


KEYS: dict[str, Key] = {
    "segment": Key("segment", "a segment of the scenario, by name or label", _named("segments", "segment")),
    "city": Key("city", "a city of the scenario, by name or label", _named("cities", "city")),
    "channel": Key("channel", "a channel of the scenario, by name or label", _named("channels", "channel")),
    "cohort": Key("cohort", "a percentile, 0 to 99", _whole(0, 99)),
    "holder": Key("holder", "yes or no (they hold the charity account)", _truth),
    "team": Key("team", "yes or no (they are in a team)", _truth),
    "joined": Key("joined_us", "days since they began to play, or 12 h", _since),
    "away": Key("away_us", "days they were away before today", _since),
    "streak": Key("streak", "days in a row, this one included", _whole(1, 10_000)),
    "hours": Key("minutes", "charity hours so far", _hours),
}
DONE = "done"
TAKES = {**{name: key.takes for name, key in KEYS.items()}, DONE: "a deed done today, and how often (quiz:2)"}


def parse_user(scenario: Scenario, text: str, flag: str = "--user") -> Described:
    """Somebody from what is said of them. Raises UsageError with everything that is wrong."""
    fields: dict[str, Any] = {}
    done: dict[str, int] = {}
    wrong, unknown = [], False
    for word, key, value in _pairs(text):
        try:
            if key == DONE:
                deed, times = _done(scenario, value)
                done[deed] = done.get(deed, 0) + times
            else:
                known = _key(key)
                if known.field in fields:
                    raise ValueError("is said twice; say it once")
                fields[known.field] = known.read(scenario, value)
        except ValueError as error:
            wrong.append(f"{flag} {word}: {error}")
            unknown = unknown or isinstance(error, _UnknownKey)
    if unknown:
        wrong.append("what can be said: " + "; ".join(f"{key} = {takes}" for key, takes in TAKES.items()))
    if wrong:
        raise UsageError("\n".join(wrong))
    return Described(Person(**fields), done, frozenset(fields))


def _pairs(text: str) -> Iterator[tuple[str, str, str]]:
    for word in filter(str.strip, text.translate(_NARROW).split(",")):
        key, _, value = word.partition("=")
        yield word.strip(), key.strip(), value.strip().strip("\"'")


def _key(name: str) -> Key:
    if name not in KEYS:
        near = did_you_mean(name, TAKES)
        raise _UnknownKey(f"{name!r} cannot be said of a user{near if near.startswith(', did') else ''}")
    return KEYS[name]


class _UnknownKey(ValueError):
    pass


def _done(scenario: Scenario, text: str) -> tuple[str, int]:
    deed, _, times = text.partition(":")
    return (
        _entry(scenario.deeds, deed.strip(), "deed", BEYOND_THE_CATALOGUE),
        _whole(1, MOST_DONE)(scenario, times.strip()) if times else 1,
    )


# --- instants ---------------------------------------------------------------------------------------------------


def first_noon(scenario: Scenario) -> datetime:
    """Noon of the first day of the first phase, or of the scenario if it has none."""
    begun = min((phase.start for phase in scenario.phases.values()), default=scenario.scenario.start)
    return datetime.combine(begun.date(), time(12), begun.tzinfo)


def parse_at(scenario: Scenario, text: str, flag: str = "--at") -> datetime:
    """An instant by the clock of Shanghai, "2022-09-07 20:00"; of a day alone its noon. Raises UsageError."""
    try:
        at = datetime.fromisoformat(text.strip().translate(_NARROW))
    except ValueError:
        raise UsageError(
            f'{flag} {text}: is no instant; write it like "{first_noon(scenario):%Y-%m-%d} 20:00"'
        ) from None
    if len(text.strip()) == len("2022-09-07"):
        at = datetime.combine(at, time(12))
    start = scenario.scenario.start
    if at.tzinfo is None:
        at = at.replace(tzinfo=start.tzinfo)
    if at.utcoffset() != SHANGHAI:
        raise UsageError(f"{flag} {text}: must be in the time zone +08:00; leave the zone out")
    end = start + timedelta(microseconds=scenario.scenario.length)
    if not start <= at < end:
        raise UsageError(
            f"{flag} {text}: is outside the scenario, which runs {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}; "
            "name an instant within"
        )
    return at
