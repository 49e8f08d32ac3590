"""Charity labels and the merchants who pledge."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from sim.behaviour.label import label_pull, sales_gain
from sim.behaviour.merchants import larger_pledge_yuan, pledge_hazard

SCALE, HALF = 0.1546, 0.02681


def test_a_label_pulls_more_the_more_is_given_but_ever_less():
    """Nothing for no donation, rising, each further percent adding less; new sellers gain more."""
    pulls = [label_pull(share / 100, SCALE, HALF, 1.0) for share in range(101)]
    assert pulls[0] == 0.0
    gains = [b - a for a, b in pairwise(pulls)]
    assert gains == sorted(gains, reverse=True)
    assert min(gains) > 0
    assert label_pull(0.1, SCALE, HALF, 1.5) == pytest.approx(1.5 * pulls[10])
    assert sales_gain(math.log(1.1)) == pytest.approx(0.1)


def test_pledges_spread_by_imitation_and_best_sellers_come_first():
    """The hazard starts at innovation, grows with those who joined, with sales and before promotions."""
    assert pledge_hazard(0.0, 0.0006, 0.0073, 0.0, 0.5, 0.0, 0.7) == 0.0006
    assert pledge_hazard(0.5, 0.0006, 0.0073, 0.0, 0.5, 0.0, 0.7) == pytest.approx(0.00425)
    assert pledge_hazard(0.0, 0.0006, 0.0, 2.0, 0.5, 1.0, 0.7) == pytest.approx(0.0006 * math.exp(1.7))


def test_a_larger_pledge_is_lognormal_around_its_mean():
    """Median below the mean by half the variance."""
    assert larger_pledge_yuan(0.0, 0.124, 0.8) == pytest.approx(0.124 * math.exp(-0.32))
