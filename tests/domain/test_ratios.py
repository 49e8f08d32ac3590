"""Shares of whole amounts: rounded once, halves to the even one, exact from the decimals as they are written."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from sim.domain.beans import rewarded_beans
from sim.domain.ratios import MOST_PPM, PPM, most_of, share_of
from sim.units import parse_ratio

MOST_AMOUNT = 92_000_000_000  # the bound that the module states
amounts, ratios = st.integers(0, MOST_AMOUNT), st.integers(0, MOST_PPM)


@given(amounts, ratios)
def test_a_share_is_the_nearest_whole_amount_halves_to_the_even(amount, ratio):
    exact = Decimal(amount) * ratio / PPM
    assert share_of(amount, ratio) == int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))


@given(amounts, ratios)
def test_a_limit_is_never_rounded_up(amount, ratio):
    assert most_of(amount, ratio) <= Fraction(amount * ratio, PPM) < most_of(amount, ratio) + 1


def test_every_product_has_room_in_64_bits():
    """What is compiled wraps above 2^63 without a word."""
    assert MOST_AMOUNT * MOST_PPM + PPM < 2**63


@given(st.integers(0, 100_000), st.decimals(0, 100, places=2))
def test_a_ratio_with_two_decimals_is_exact_for_hundreds(hundreds, ratio):
    """100 × 1.15 is 115: no binary fraction comes between what is written and what is counted."""
    assert share_of(100 * hundreds, parse_ratio(float(ratio))) == hundreds * int(ratio * 100)


@given(st.integers(0, 60_000), ratios, ratios, st.integers(0, 7), st.integers(1, 7), ratios)
def test_a_reward_is_rounded_once_over_all_its_factors(beans, factor, streak_bonus, streak, full, team_bonus):
    """Phase, streak and team multiply exactly; only their product is rounded."""
    by_streak, by_team = 1 + Fraction(streak_bonus * streak, PPM * full), 1 + Fraction(team_bonus, PPM)
    exact = Fraction(beans * factor, PPM) * by_streak * by_team
    assert rewarded_beans(beans, factor, streak_bonus, streak, full, team_bonus) == round(exact)


def test_the_reward_of_a_hundred_beans_with_fifteen_percent_more():
    """The example that truncation told wrong."""
    assert rewarded_beans(100, 1_150_000, 0, 0, 7, 0) == 115
    assert rewarded_beans(100, PPM, 150_000, 7, 7, 0) == 115
    assert rewarded_beans(100, PPM, 0, 0, 7, 150_000) == 115
