"""What a pledged product gives."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from hypothesis import given
from hypothesis import strategies as st

from sim.domain.pledges import MINIMUM_FEN, donation_fen

RATIO_PPM = (1_000, 1_000_000)  # the agreement: 0.1 % … 100 %
FIXED_FEN = (2, 10, 100)
prices = st.integers(1, 10**9)
ratios = st.integers(*RATIO_PPM)


@given(prices, ratios)
def test_a_ratio_is_rounded_once_half_to_even(price, ratio):
    """The donation is the exact share rounded half to even, lifted to 0.02 yuan, at most the price."""
    exact = (Decimal(price) * ratio / 1_000_000).quantize(Decimal(1), ROUND_HALF_EVEN)
    assert donation_fen(price, ratio, 0) == min(max(int(exact), MINIMUM_FEN), price)


def test_halves_go_to_the_even_fen():
    """2.5 fen are 2, 3.5 fen are 4."""
    assert donation_fen(250, 10_000, 0) == 2
    assert donation_fen(350, 10_000, 0) == 4


@given(prices, ratios)
def test_the_floor_of_two_fen_holds_and_the_price_bounds_it(price, ratio):
    """A ratio never gives less than 0.02 yuan unless the price is less, and never more than the price."""
    fen = donation_fen(price, ratio, 0)
    assert min(MINIMUM_FEN, price) <= fen <= price


@given(prices, st.sampled_from(FIXED_FEN))
def test_a_price_below_the_fixed_amount_is_given_whole(price, fixed):
    """A fixed amount above the price gives the whole price."""
    assert donation_fen(price, 0, fixed) == (fixed if price >= fixed else price)


def test_a_full_ratio_gives_everything():
    """100 % of the price is the price."""
    assert donation_fen(12_345, 1_000_000, 0) == 12_345


@given(prices, st.integers(1, 10**9), ratios)
def test_a_dearer_order_never_gives_less(price, more, ratio):
    """The donation of a ratio grows with the price."""
    assert donation_fen(price, ratio, 0) <= donation_fen(price + more, ratio, 0)
