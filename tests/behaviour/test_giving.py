"""Money gifts: who gives, how much, what a match changes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.behaviour.giving import (
    HEAPS_YUAN,
    completes,
    first_gift_yuan,
    gives_logit,
    heaped_gift_yuan,
    logistic,
    match_effect,
    part_fen,
    parts_of_gift,
    repeat_gift_yuan,
    stars_pull,
)


@given(st.floats(-800, 800))
def test_logistic_is_a_probability_at_any_log_odds(x):
    """It never overflows, is symmetric around one half, and undoes the log-odds."""
    p = logistic(x)
    assert 0.0 <= p <= 1.0
    assert p + logistic(-x) == pytest.approx(1.0)
    if abs(x) < 30:
        assert math.log(p / (1 - p)) == pytest.approx(x, abs=1e-3)


def test_frequent_and_recent_donors_give_more():
    """Gifts so far raise the chance, months since the last one lower it; match and trust add up."""

    def logit(prior=0.0, months=0.0, match=0.0, trust=0.0):
        return gives_logit(-3.834, prior, months, 0.498, 0.593, match, trust)

    assert logit() == -3.834
    assert logit(prior=5.0) == pytest.approx(-3.834 + 0.498 * math.log(6))
    assert logit(months=11.0) == pytest.approx(-3.834 - 0.593 * math.log(12))
    assert logit(match=0.2, trust=-0.7) == pytest.approx(-3.834 - 0.5)


def test_a_match_counts_by_its_presence():
    """From one half upwards the ratio changes nothing; below, part of the effect is left; without, none."""
    assert [match_effect(r, 0.2, 0.3) for r in (0.0, 0.25, 0.5, 1.0, 3.0)] == [
        0.0,
        pytest.approx(0.06),
        0.2,
        0.2,
        0.2,
    ]


def test_stars_move_small_charities_only():
    """Three stars are neutral, and large charities gain nothing from five."""
    assert stars_pull(3.0, True, 0.18) == 0.0
    assert stars_pull(5.0, True, 0.18) == pytest.approx(0.36)
    assert stars_pull(5.0, False, 0.18) == 0.0


@pytest.mark.parametrize("rate", [1.0, 6.74, 8.2])
@pytest.mark.parametrize("dollars", [0.25, 1.9, 50.0, 400.0])
def test_repeat_gifts_are_the_published_regression_in_dollars(dollars, rate):
    """Who gave so many dollars at most gives in the median exp(0.095 + 0.854 ln of them); yuan go in and out."""
    in_dollars = math.exp(0.095 + 0.854 * math.log(dollars))
    given = repeat_gift_yuan(dollars * rate, 0.0, rate, 0.095, 0.854, 0.627)
    assert given == pytest.approx(in_dollars * rate)
    far = repeat_gift_yuan(dollars * rate, 1.0, rate, 0.095, 0.854, 0.627)
    assert far == pytest.approx(given * math.exp(0.627))


def test_without_changing_money_repeat_gifts_would_be_a_quarter_too_small():
    """The slope is below one: yuan put in as if they were dollars give seven to the power 0.146 too little."""
    unchanged = repeat_gift_yuan(350.0, 0.0, 1.0, 0.095, 0.854, 0.627)
    changed = repeat_gift_yuan(350.0, 0.0, 7.0, 0.095, 0.854, 0.627)
    assert unchanged / changed == pytest.approx(7.0**-0.146)
    assert unchanged / changed == pytest.approx(0.753, abs=1e-3)


def test_a_first_gift_has_the_median_it_is_given():
    """Half of the first gifts are smaller, half larger."""
    assert first_gift_yuan(30.0, 0.0, 1.0) == 30.0
    assert first_gift_yuan(30.0, 1.0, 1.0) > 30.0 > first_gift_yuan(30.0, -1.0, 1.0)


@given(st.integers(1, 10**7), st.floats(0, 9), st.integers(1, 9))
def test_a_split_gift_is_the_same_money_in_like_gifts(fen, parts, most):
    """Nothing is lost or added, no gift is nothing, and none differs from another by more than a fen."""
    count = parts_of_gift(fen, parts, most)
    gifts = [part_fen(fen, count, part) for part in range(count)]
    assert sum(gifts) == fen
    assert 1 <= min(gifts) <= max(gifts) <= min(gifts) + 1
    assert 1 <= count <= min(most, fen, max(int(parts), 1))


@given(st.floats(0.01, 10_000))
def test_heaped_gifts_are_the_nearest_button(yuan):
    """A heaped gift is the button nearest in log space; one that is not heaped stays as it is."""
    nearest = min(HEAPS_YUAN, key=lambda heap: abs(math.log(heap / yuan)))
    heaped = heaped_gift_yuan(yuan, 0.3, 0.9)
    assert heaped in HEAPS_YUAN
    assert abs(math.log(heaped / yuan)) == pytest.approx(abs(math.log(nearest / yuan)), abs=1e-9)
    assert heaped_gift_yuan(yuan, 0.9, 0.9) == yuan


def test_a_project_is_completed_only_from_near():
    """Within reach and by chance; a funded project has nothing to complete."""
    assert completes(3.9, 1.0, 0.2, 0.25, 4.0)
    assert not completes(4.1, 1.0, 0.2, 0.25, 4.0)
    assert not completes(3.9, 1.0, 0.3, 0.25, 4.0)
    assert not completes(0.0, 1.0, 0.2, 0.25, 4.0)
