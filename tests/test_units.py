"""Units: what is written in a scenario becomes whole fen, minutes and microseconds, and back."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.domain.ratios import MOST_PPM
from sim.loading.wording import as_toml
from sim.units import (
    DURATION_US,
    LARGEST,
    format_duration,
    format_fen,
    format_minutes,
    format_ratio,
    in_shanghai,
    parse_duration,
    parse_fen,
    parse_minutes,
    parse_ratio,
)

amounts = st.integers(min_value=0, max_value=LARGEST)


@given(amounts)
def test_durations_survive_writing_and_reading(us: int) -> None:
    """Every whole number of microseconds is read back from its own text."""
    assert parse_duration(format_duration(us)) == us


@given(amounts)
def test_money_survives_writing_and_reading(fen: int) -> None:
    """Every whole number of fen is read back from its own text."""
    assert parse_fen(format_fen(fen)) == fen


@given(st.integers(min_value=0, max_value=10**9))
def test_charity_hours_survive_writing_and_reading(tenths: int) -> None:
    """Every multiple of 0.1 hours is read back as its minutes."""
    assert parse_minutes(format_minutes(6 * tenths)) == 6 * tenths


@given(st.integers(min_value=0, max_value=10**4), st.sampled_from(sorted(DURATION_US)))
def test_a_duration_is_its_number_times_its_unit(number: int, unit: str) -> None:
    """The blank between number and unit does not matter."""
    assert (
        parse_duration(f"{number} {unit}") == parse_duration(f"{number}{unit}") == number * DURATION_US[unit]
    )


@given(st.integers(min_value=0, max_value=10**12))
def test_two_decimals_of_a_yuan_are_exact(fen: int) -> None:
    """No amount of yuan with two decimals is rounded."""
    assert parse_fen(f"{fen // 100}.{fen % 100:02d} yuan") == fen


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("24 h", 86_400_000_000),
        ("0.5 s", 500_000),
        ("1_000 min", 60_000_000_000),
        ("2 weeks", 14 * 86_400_000_000),
        ("24 小时", 86_400_000_000),
        ("30分钟", 1_800_000_000),
        ("0.5 秒", 500_000),
        ("3 天", 3 * 86_400_000_000),
        ("2 周", 14 * 86_400_000_000),
        ("２４　小时", 86_400_000_000),
        ("１．５ ｈ", 5_400_000_000),
    ],
)
def test_durations_as_people_write_them(text: str, us: int) -> None:
    """Decimals, underscores and long units are read exactly."""
    assert parse_duration(text) == us


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "0 h"),
        (86_400_000_000, "1 day"),
        (3 * 86_400_000_000, "3 days"),
        (90 * 60_000_000, "90 min"),
        (7, "7 us"),
    ],
)
def test_durations_are_written_with_the_largest_whole_unit(us: int, text: str) -> None:
    """A duration is written as people would write it."""
    assert format_duration(us) == text


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0.02 yuan", 2),
        ("5 fen", 5),
        ("1 元", 100),
        ("5_000 yuan", 500_000),
        ("1.5 万元", 1_500_000),
        ("５元", 500),
    ],
)
def test_money_as_people_write_it(text: str, fen: int) -> None:
    """Yuan and fen are read, in Latin letters and in Chinese."""
    assert parse_fen(text) == fen


@pytest.mark.parametrize(("hours", "minutes"), [(0.1, 6), (1, 60), (0.6, 36), (0, 0), (4, 240)])
def test_a_tenth_of_an_hour_is_six_minutes(hours: float, minutes: int) -> None:
    """Charity hours are stored as whole minutes, six to the tenth."""
    assert parse_minutes(hours) == minutes


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (24, 'needs a unit in quotes, for instance "24 h"'),
        (True, "needs a unit in quotes"),
        ("24", 'is not a number with a unit; write it like "24 h"'),
        ("soon", "is not a number with a unit"),
        ("24 hours", "has no duration unit 'hours'; use one of us, ms, s, min, h, day, days, week, weeks, "
                     "秒, 分钟, 小时, 天, 周, did you mean 'h'?"),
        ("3 dayz", "did you mean 'day'?"),
        ("3 日", "did you mean '天'?"),
        ("24 个小时", "did you mean '小时'?"),
        ("5 分", "did you mean '分钟'?"),
        ("5 yuan", "has no duration unit 'yuan'"),
        ("-1 h", "must not be negative"),
        ("0.5 us", "is not a whole number of microseconds"),
        ("99999999999 weeks", "is too large"),
    ],
)  # fmt: skip
def test_wrong_durations_say_what_to_write(value: object, words: str) -> None:
    """A duration without a unit, with a wrong one or with a wrong amount is refused with a hint."""
    with pytest.raises(ValueError, match=re.escape(words)):
        parse_duration(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (5, 'needs a unit in quotes, for instance "0.02 yuan"'),
        ("5", 'is not a number with a unit; write it like "0.02 yuan"'),
        ("5 RMB", "has no money unit 'RMB'; use one of yuan, 元, fen, 分, 万元, 亿元, did you mean 'yuan'?"),
        ("5 h", "has no money unit 'h'; use one of yuan, 元, fen, 分"),
        ("-0.02 yuan", "must not be negative"),
        ("0.025 yuan", "is not a whole number of fen"),
    ],
)
def test_wrong_money_says_what_to_write(value: object, words: str) -> None:
    """Money without a unit, with a wrong one, below zero or finer than a fen is refused with a hint."""
    with pytest.raises(ValueError, match=re.escape(words)):
        parse_fen(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("0.1 h", "is a number of charity hours without a unit"),
        (True, "is a number of charity hours"),
        (0.15, "must be a multiple of 0.1 charity hours (6 minutes)"),
        (-1, "must not be negative"),
        (float("nan"), "is not a finite number"),
        (float("inf"), "is not a finite number"),
    ],
)
def test_wrong_charity_hours_say_what_to_write(value: object, words: str) -> None:
    """Charity hours are plain numbers, whole tenths, not below zero."""
    with pytest.raises(ValueError, match=re.escape(words)):
        parse_minutes(value)


@pytest.mark.parametrize("instant", [datetime(2022, 9, 5, 9), datetime(2022, 9, 5, 1, tzinfo=UTC)])
def test_instants_are_told_by_the_clock_of_shanghai(instant: datetime) -> None:
    """An instant without a zone or in another one is refused, and the message shows the spelling."""
    with pytest.raises(ValueError, match=r"time zone \+08:00; write it as 2022-09-05T0\d:00:00\+08:00"):
        in_shanghai(instant)


@given(st.integers(min_value=0, max_value=MOST_PPM))
def test_ratios_survive_writing_and_reading(ppm: int) -> None:
    """Every whole number of parts per million is read back from its own number, and as TOML writes it."""
    assert parse_ratio(format_ratio(ppm)) == ppm
    assert parse_ratio(tomllib.loads(f"ratio = {as_toml(format_ratio(ppm))}")["ratio"]) == ppm


@pytest.mark.parametrize(
    ("written", "ppm"),
    [
        (1.15, 1_150_000), ("115 %", 1_150_000), ("15%", 150_000), (1, 1_000_000), (0, 0), (1e-6, 1),
        ("0.0001 %", 1), ("１５　％", 150_000), (100, 100_000_000), (0.29, 290_000),
    ],
)  # fmt: skip
def test_ratios_are_what_is_written(written: object, ppm: int) -> None:
    """A number or a percentage, exact to six decimals."""
    assert parse_ratio(written) == ppm


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (0.1234567, "has more than six decimals"),
        ("0.00001 %", "has more than six decimals"),
        (-0.1, "must not be negative"),
        ("-1 %", "must not be negative"),
        (100.000001, "is too large: the most is 100"),
        (float("inf"), "must be a finite number"),
        (float("nan"), "must be a finite number"),
        (True, "is a ratio, for instance 1.15"),
        ([1], "is a ratio, for instance 1.15"),
        ("1.15", 'is not a ratio; write it like 1.15 or "115 %"'),
        ("15 yuan", "is not a ratio"),
    ],
)
def test_what_is_no_ratio_is_told(written: object, problem: str) -> None:
    """Each refusal says what is wrong."""
    with pytest.raises(ValueError, match=re.escape(problem)):
        parse_ratio(written)
