"""Charity hours: the published conversions, to the minute."""

from __future__ import annotations

import tomllib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sim.domain.hours import capped_minutes, service_minutes

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
    """A report and a quiz give a reporter 0.6 charity hours, so it was published, and so says the catalogue."""
    catalogue = tomllib.loads((ROOT / "scenarios" / "week95_2022.toml").read_text(encoding="utf-8"))["deeds"]
    tenths = [round(catalogue[deed]["hours"] * 10) for deed in ("report", "quiz")]
    assert sum(tenths) * 6 == 36
