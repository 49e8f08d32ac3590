"""Shares of whole amounts: rounded once, halves to the even one, exact from the decimals as they are written."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

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
