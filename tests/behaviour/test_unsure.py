"""What a chance and a delay leave of a reward's effect: as measured where measured, and straight between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.behaviour.unsure import delay_weight, lottery_weight

RARE, COIN = 0.74, 0.90
TWO, FOUR = 0.95, 0.88


@pytest.mark.parametrize(
    ("chance", "weight"), [(0.0001, RARE), (0.01, RARE), (0.5, COIN), (1.0, 1.0), (0.01 * 50**0.5, 0.82)]
)
def test_a_lottery_weighs_what_was_measured(chance, weight):
    """The two measured chances, certainty, and half-way between them in the logarithm."""
    assert lottery_weight(chance, RARE, COIN) == pytest.approx(weight)


@pytest.mark.parametrize(
    ("days", "weight"), [(0, 1.0), (7, 0.975), (14, TWO), (21, 0.915), (28, FOUR), (42, 0.81), (4_000, 0.0)]
)
def test_a_delay_weighs_what_was_measured(days, weight):
    """Two weeks, four weeks, straight between and on; never below nothing."""
    assert delay_weight(days, TWO, FOUR) == pytest.approx(weight)


@given(st.floats(1e-6, 1.0), st.floats(1e-6, 1.0))
def test_a_better_chance_never_weighs_less(one, two):
    low, high = sorted((one, two))
    assert lottery_weight(low, RARE, COIN) <= lottery_weight(high, RARE, COIN) <= 1.0


@given(st.floats(0, 400), st.floats(0, 400))
def test_a_longer_delay_never_weighs_more(one, two):
    soon, late = sorted((one, two))
    assert 0.0 <= delay_weight(late, TWO, FOUR) <= delay_weight(soon, TWO, FOUR)
