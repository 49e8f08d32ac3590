"""Charity hours: the published conversions, to the minute."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.domain.hours import (
    STANDARD_MINUTES,
    Klass,
    Statement,
    blood_minutes,
    capped_minutes,
    review_minutes,
    service_minutes,
    statement,
)

ROOT = Path(__file__).parents[2]
minutes = st.integers(0, 10**6)


@given(minutes)
def test_service_counts_every_full_six_minutes(worked):
    """What counts is a multiple of 6, never more than was worked, and less than 6 short of it."""
    credited = service_minutes(worked)
    assert credited % 6 == 0
    assert 0 <= worked - credited < 6


def test_fifty_nine_minutes_count_fifty_four():
    """The published examples: 59 → 54, an hour is an hour."""
    assert [service_minutes(n) for n in (5, 6, 59, 60)] == [0, 6, 54, 60]


@given(st.integers(0, 10_000))
def test_blood_counts_in_proportion(millilitres):
    """Four hours per 200 ml, off by less than half a minute."""
    assert abs(blood_minutes(millilitres) * 10 - millilitres * 12) < 5


def test_blood_examples():
    """200, 250 and 400 ml are 4, 5 and 8 hours."""
    assert [blood_minutes(ml) for ml in (200, 250, 400)] == [240, 300, 480]


def test_review_counts_full_twenties():
    """Twenty review tasks are a tenth of an hour, nineteen nothing."""
    assert [review_minutes(n) for n in (0, 19, 20, 39, 40)] == [0, 0, 6, 6, 12]


@given(minutes, minutes, minutes)
def test_a_cap_is_filled_exactly_and_never_passed(asked, used, cap):
    """Credits never push what is used over the cap, take nothing away, and fill it if enough is asked."""
    credited = capped_minutes(asked, used, cap)
    assert 0 <= credited <= asked
    assert credited + used <= max(cap, used)
    if asked + used >= cap >= used:
        assert credited + used == cap


@given(st.lists(minutes, max_size=30), minutes)
def test_many_small_credits_reach_the_cap_like_one_large(parts, cap):
    """The order and size of credits do not matter for what a cap lets through."""
    used = 0
    for part in parts:
        used += capped_minutes(part, used, cap)
    assert used == min(sum(parts), cap)


def test_the_reporters_check_value():
    """A report and a quiz give 0.6 charity hours and two actions, by the standard and in the catalogue."""
    record = [(Klass.LABOUR, STANDARD_MINUTES["report"]), (Klass.LABOUR, STANDARD_MINUTES["quiz"])]
    mine = statement(record)
    assert (mine.minutes, mine.actions) == (36, 2)
    catalogue = tomllib.loads((ROOT / "scenarios" / "week95_2022.toml").read_text(encoding="utf-8"))["deeds"]
    tenths = [round(catalogue[deed]["hours"] * 10) for deed in ("report", "quiz")]
    assert sum(tenths) * 6 == 36


@given(st.lists(st.tuples(st.sampled_from(list(Klass)), st.integers(0, 600))))
def test_labour_and_donated_stay_apart_and_general_is_worth_none(records):
    """Each class sums by itself; general participation is counted beside the actions, without minutes."""
    mine = statement(records)
    assert mine.labour == sum(m for k, m in records if k is Klass.LABOUR)
    assert mine.donated == sum(m for k, m in records if k is Klass.DONATED)
    assert mine.actions + mine.general == len(records)
    assert mine.general == sum(k is Klass.GENERAL for k, _ in records)


def test_an_empty_record_is_zero():
    """Nobody starts with hours."""
    assert statement([]) == Statement(0, 0, 0, 0)


@pytest.mark.parametrize("name", STANDARD_MINUTES)
def test_every_conversion_is_a_tenth_of_an_hour_or_more(name):
    """The standard knows tenths: multiples of six minutes."""
    assert STANDARD_MINUTES[name] % 6 == 0
    assert STANDARD_MINUTES[name] > 0
