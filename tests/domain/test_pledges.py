"""What a pledged product gives."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.domain.pledges import donation_fen, terms

RATIO_PPM = (1_000, 1_000_000)  # the agreement: 0.1 % … 100 %
FIXED_FEN = (2, 10, 100)
MINIMUM_FEN = 2
prices = st.integers(1, 10**9)
ratios = st.integers(*RATIO_PPM)


@given(prices, ratios)
def test_a_ratio_is_rounded_once_half_to_even(price, ratio):
    """The donation is the exact share rounded half to even, lifted to 0.02 yuan, at most the price."""
    exact = (Decimal(price) * ratio / 1_000_000).quantize(Decimal(1), ROUND_HALF_EVEN)
    assert donation_fen(price, ratio, MINIMUM_FEN) == min(max(int(exact), MINIMUM_FEN), price)


def test_halves_go_to_the_even_fen():
    """2.5 fen are 2, 3.5 fen are 4."""
    assert donation_fen(250, 10_000, MINIMUM_FEN) == 2
    assert donation_fen(350, 10_000, MINIMUM_FEN) == 4


@given(prices, ratios)
def test_the_least_pledge_holds_and_the_price_bounds_it(price, ratio):
    """A ratio never gives less than the least pledge unless the price is less, and never more than the price."""
    for minimum in FIXED_FEN:
        assert min(minimum, price) <= donation_fen(price, ratio, minimum) <= price


@given(prices, st.sampled_from(FIXED_FEN))
def test_a_price_below_the_fixed_amount_is_given_whole(price, fixed):
    """A fixed amount above the price gives the whole price."""
    assert donation_fen(price, 0, fixed) == (fixed if price >= fixed else price)


def test_a_full_ratio_gives_everything():
    """100 % of the price is the price."""
    assert donation_fen(12_345, 1_000_000, MINIMUM_FEN) == 12_345


@given(prices, st.integers(1, 10**9), ratios)
def test_a_dearer_order_never_gives_less(price, more, ratio):
    """The donation of a ratio grows with the price."""
    assert donation_fen(price, ratio, MINIMUM_FEN) <= donation_fen(price + more, ratio, MINIMUM_FEN)


@pytest.mark.parametrize(
    ("wish", "price", "minimum", "given"),
    [
        (0.0, 6_000, 2, (0, 2)),  # whoever pledges gives the minimum at least
        (9.9, 6_000, 2, (0, 2)),  # less than the next sum of the form is no raise
        (12.0, 6_000, 2, (2_000, 2)),  # a share of the price
        (12.0, 60_000, 2, (0, 10)),  # which would be below 0.1 %
        (120.0, 600_000, 2, (0, 100)),
        (9_000.0, 6_000, 2, (1_000_000, 2)),
        (6.0, 6_000, 5, (0, 5)),  # another minimum in the place of 0.02 yuan
        (12.0, 60_000, 11, (0, 11)),
        (12.0, 6_000, 11, (2_000, 11)),
    ],
)
def test_the_form_makes_of_a_wish_what_it_allows(wish, price, minimum, given):
    """The minimum, a ratio from 0.1 yuan on, or the largest fixed sum within it where the ratio would be too small."""
    assert terms(wish, price, minimum) == given
