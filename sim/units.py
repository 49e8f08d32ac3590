"""Units as they are written in a scenario, and the integers they become.

"24 h", "24 小时" → microseconds · "0.02 yuan", "0.02 元" → fen · 0.1 charity hours → minutes · 1.15, "115 %" → parts
per million · a bare number → a count.
Each reader has a writer that undoes it, so that resolved settings can be read again.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

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
Instant = Annotated[datetime, AfterValidator(in_shanghai)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
