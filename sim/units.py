"""Units as they are written in a scenario, and the integers they become.

"24 h", "24 小时" → microseconds · "0.02 yuan", "0.02 元" → fen · 0.1 charity hours → minutes · 1.15, "115 %" → parts
per million · a bare number → a count.
Each reader has a writer that undoes it, so that resolved settings can be read again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from sim.domain.ratios import MOST_PPM, PPM
from sim.suggestions import nearest

DURATION_US = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "min": 60_000_000,
    "h": 3_600_000_000,
    "day": 86_400_000_000,
    "days": 86_400_000_000,
    "week": 604_800_000_000,
    "weeks": 604_800_000_000,
    "秒": 1_000_000,
    "分钟": 60_000_000,
    "小时": 3_600_000_000,
    "天": 86_400_000_000,
    "周": 604_800_000_000,
}
MONEY_FEN = {"yuan": 100, "元": 100, "fen": 1, "分": 1, "万元": 1_000_000, "亿元": 10_000_000_000}
MINUTES_OF_A_TENTH = 6
SHANGHAI = timedelta(hours=8)
LARGEST = 2**53  # beyond it a float no longer tells neighbours apart

_QUANTITY = re.compile(r"^\s*(-?[0-9][0-9_]*(?:\.[0-9]+)?)\s*(\w*[^\W\d])\s*$")
_PERCENT = re.compile(r"^\s*(-?[0-9][0-9_]*(?:\.[0-9]+)?)\s*%\s*$")
# A Chinese keyboard types ２４　ｈ: the same signs, wide.
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
# What people write instead, too far from the unit for a comparison of letters.
_MEANT = {
    "hour": "h",
    "hours": "h",
    "hr": "h",
    "hrs": "h",
    "个小时": "小时",
    "钟头": "小时",
    "时": "小时",
    "m": "min",
    "mins": "min",
    "minute": "min",
    "minutes": "min",
    "分": "分钟",
    "sec": "s",
    "secs": "s",
    "second": "s",
    "seconds": "s",
    "秒钟": "秒",
    "d": "days",
    "日": "天",
    "w": "weeks",
    "星期": "周",
    "礼拜": "周",
    "cny": "yuan",
    "rmb": "yuan",
    "kuai": "yuan",
    "块": "元",
    "块钱": "元",
    "圆": "元",
    "人民币": "元",
    "万": "万元",
    "亿": "亿元",
    "yuans": "yuan",
    "cent": "fen",
    "cents": "fen",
    "fens": "fen",
}


def _quantity(text: object, example: str) -> tuple[Decimal, str]:
    if not isinstance(text, str):
        raise ValueError(f"needs a unit in quotes, for instance {example}")
    match = _QUANTITY.match(text.translate(_NARROW))
    if match is None:
        raise ValueError(f"is not a number with a unit; write it like {example}")
    return Decimal(match[1].replace("_", "")), match[2]


def _factor(unit: str, units: dict[str, int], what: str) -> int:
    if unit in units:
        return units[unit]
    known = f"has no {what} unit {unit!r}; use one of {', '.join(units)}"
    near = [_MEANT.get(unit.lower()), nearest(unit, units)]
    meant = next((word for word in near if word in units), None)
    raise ValueError(f"{known}, did you mean {meant!r}?" if meant else known)


def _whole(value: Decimal, what: str) -> int:
    if value < 0:
        raise ValueError("must not be negative")
    if value != value.to_integral_value():
        raise ValueError(f"is not a whole number of {what}")
    if value > LARGEST:
        raise ValueError(f"is too large: the most is {LARGEST} {what}")
    return int(value)


def parse_duration(value: object) -> int:
    """Microseconds of a text such as "24 h". Raises ValueError saying what is wrong with the text."""
    number, unit = _quantity(value, '"24 h"')
    return _whole(number * _factor(unit, DURATION_US, "duration"), "microseconds")


def parse_fen(value: object) -> int:
    """Fen of a text such as "0.02 yuan" or "5 fen". Raises ValueError saying what is wrong with the text."""
    number, unit = _quantity(value, '"0.02 yuan"')
    return _whole(number * _factor(unit, MONEY_FEN, "money"), "fen")


def parse_minutes(value: object) -> int:
    """Minutes of charity hours given as a number that is a multiple of 0.1. Raises ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("is a number of charity hours without a unit, for instance 0.1")
    tenths = Decimal(str(value)) * 10
    if not tenths.is_finite():
        raise ValueError("is not a finite number of charity hours")
    if tenths < 0:
        raise ValueError("must not be negative")
    if tenths != tenths.to_integral_value():
        raise ValueError("must be a multiple of 0.1 charity hours (6 minutes)")
    return _whole(tenths * MINUTES_OF_A_TENTH, "minutes")


def parse_ratio(value: object) -> int:
    """Parts per million of 1.15 or "115 %". Raises ValueError saying what is wrong with it."""
    if isinstance(value, str):
        match = _PERCENT.match(value.translate(_NARROW))
        if match is None:
            raise ValueError('is not a ratio; write it like 1.15 or "115 %"')
        ratio = Decimal(match[1].replace("_", "")) / 100
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError('is a ratio, for instance 1.15 or "115 %"')
    else:
        ratio = Decimal(str(value))  # the decimals as they were written, not the binary fraction beside them
    if not ratio.is_finite():
        raise ValueError("must be a finite number")
    if ratio < 0:
        raise ValueError("must not be negative")
    if ratio * PPM > MOST_PPM:
        raise ValueError(f"is too large: the most is {MOST_PPM // PPM}")
    ppm = ratio * PPM
    if ppm != ppm.to_integral_value():
        raise ValueError("has more than six decimals, and ratios are counted in parts per million; round it")
    return int(ppm)


_COHORT = re.compile(r"^\s*(\d{1,3})\s*[-–]\s*(\d{1,3})\s*%\s*$")
_CLOCK = re.compile(r"^\s*(\d{1,2}):([0-5]\d)\s*[-–]\s*(\d{1,2}):([0-5]\d)\s*$")
_MOMENT = re.compile(r"^\s*(\d{1,2}):([0-5]\d)\s*$")
_RANGE = re.compile(r"^\s*(\d{1,4})\s*(?:[-–]\s*(\d{1,4})\s*)?$")
MINUTES_OF_A_DAY = 1_440


def _narrow(value: object, example: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be written in quotes, for instance {example}")
    return value.translate(_NARROW)


def parse_cohort(value: object) -> tuple[int, int]:
    """Percentiles of "0-50 %", the second excluded. Raises ValueError saying what is wrong with the text."""
    match = _COHORT.match(_narrow(value, '"0-50 %"'))
    if match is None:
        raise ValueError('is not a share of the users; write it like "0-50 %"')
    low, high = int(match[1]), int(match[2])
    if not 0 <= low < high <= 100:
        raise ValueError('must run upwards within 0 and 100, for instance "50-100 %"')
    return low, high


def parse_clock(value: object) -> tuple[int, int]:
    """Minutes of the day of "18:00-22:00", the second excluded; over midnight the second is smaller.

    Raises ValueError saying what is wrong with the text.
    """
    match = _CLOCK.match(_narrow(value, '"18:00-22:00"'))
    if match is None:
        raise ValueError('is not a stretch of the day; write it like "18:00-22:00"')
    first, last = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if first >= MINUTES_OF_A_DAY or last > MINUTES_OF_A_DAY:
        raise ValueError("has more than 24 hours; a day ends at 24:00")
    if first == last:
        raise ValueError('begins and ends at once; leave it out for the whole day, or write "0:00-24:00"')
    return first, last


def parse_moment(value: object) -> int:
    """The minute of the day of "20:00". Raises ValueError saying what is wrong with the text."""
    match = _MOMENT.match(_narrow(value, '"20:00"'))
    if match is None or int(match[1]) >= 24:
        raise ValueError('is not a time of day; write it like "20:00"')
    return int(match[1]) * 60 + int(match[2])


def parse_days(value: object) -> tuple[int, int]:
    """The days of "3-7", both included, or of "7". Raises ValueError saying what is wrong with the text."""
    match = _RANGE.match(_narrow(value, '"3-7"'))
    if match is None:
        raise ValueError('is not a number of days, or a first and a last; write it like "3-7"')
    low, high = int(match[1]), int(match[2] or match[1])
    if not 1 <= low <= high:
        raise ValueError('must run upwards from 1 on, for instance "3-7"')
    return low, high


def format_moment(minute: int) -> str:
    """The text that `parse_moment` reads as this minute of the day."""
    return f"{minute // 60}:{minute % 60:02d}"


def in_shanghai(instant: datetime) -> datetime:
    """The instant itself. Raises ValueError unless it is told by the clock of Shanghai."""
    if instant.utcoffset() != SHANGHAI:
        example = instant.replace(tzinfo=None).isoformat()
        raise ValueError(f"must be in the time zone +08:00; write it as {example}+08:00")
    return instant


def format_duration(us: int) -> str:
    """The shortest text that `parse_duration` reads as these microseconds: 86_400_000_000 → "1 day"."""
    day = DURATION_US["day"]
    if us and us % day == 0:
        return f"{us // day} {'day' if us == day else 'days'}"
    unit = next(u for u in ("h", "min", "s", "ms", "us") if us % DURATION_US[u] == 0)
    return f"{us // DURATION_US[unit]} {unit}"


def format_fen(fen: int) -> str:
    """The text that `parse_fen` reads as these fen: 2 → "0.02 yuan", 500 → "5 yuan"."""
    yuan, rest = divmod(fen, 100)
    return f"{yuan}.{rest:02d} yuan" if rest else f"{yuan} yuan"


def format_ratio(ppm: int) -> float:
    """The number that `parse_ratio` reads as these parts per million: 1_150_000 → 1.15."""
    return ppm / PPM


def format_minutes(minutes: int) -> float:
    """Charity hours of minutes that are a multiple of 6: 6 → 0.1."""
    return float(Decimal(minutes // MINUTES_OF_A_TENTH) / 10)


def _at_most_the_whole(ppm: int) -> int:
    if ppm > PPM:
        raise ValueError('must lie between 0 and 1, or "0 %" and "100 %"')
    return ppm


def _text_schema(units: dict[str, int], *examples: str) -> WithJsonSchema:
    pattern = rf"^\s*[0-9][0-9_]*(\.[0-9]+)?\s*({'|'.join(units)})\s*$"
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    _text_schema(DURATION_US, "24 h", "10 min", "3 days"),
]
Fen = Annotated[
    int,
    BeforeValidator(parse_fen),
    PlainSerializer(format_fen, return_type=str, when_used="json"),
    _text_schema(MONEY_FEN, "0.02 yuan", "5000 yuan", "5 fen"),
]
Minutes = Annotated[
    int,
    BeforeValidator(parse_minutes),
    PlainSerializer(format_minutes, return_type=float, when_used="json"),
    WithJsonSchema(
        {"type": "number", "minimum": 0, "description": "multiples of 0.1", "examples": [0.1, 1, 4]}
    ),
]
Ratio = Annotated[
    int,
    BeforeValidator(parse_ratio),
    PlainSerializer(format_ratio, return_type=float, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": MOST_PPM // PPM},
                {"type": "string", "pattern": r"^\s*[0-9][0-9_]*(\.[0-9]+)?\s*%\s*$"},
            ],
            "description": "at most six decimals",
            "examples": [1.15, "115 %"],
        }
    ),
]
Portion = Annotated[Ratio, AfterValidator(_at_most_the_whole)]


def _pattern(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


def _as_text(write: Callable[[Any], str]) -> PlainSerializer:
    return PlainSerializer(write, return_type=str, when_used="json")


Cohort = Annotated[
    tuple[int, int],
    BeforeValidator(parse_cohort),
    _as_text(lambda c: f"{c[0]}-{c[1]} %"),
    _pattern(_COHORT.pattern, "0-50 %", "50-100 %"),
]
Clock = Annotated[
    tuple[int, int],
    BeforeValidator(parse_clock),
    _as_text(lambda c: f"{format_moment(c[0])}-{format_moment(c[1])}"),
    _pattern(_CLOCK.pattern, "18:00-22:00", "22:00-2:00"),
]
Moment = Annotated[
    int, BeforeValidator(parse_moment), _as_text(format_moment), _pattern(_MOMENT.pattern, "20:00")
]
Days = Annotated[
    tuple[int, int],
    BeforeValidator(parse_days),
    _as_text(lambda d: f"{d[0]}-{d[1]}"),
    _pattern(_RANGE.pattern, "3-7", "7"),
]
Instant = Annotated[datetime, AfterValidator(in_shanghai)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
