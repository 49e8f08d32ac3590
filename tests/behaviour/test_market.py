"""Charity labels and the merchants who pledge."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from sim.behaviour.label import cofunded, label_pull, sales_gain
from sim.behaviour.merchants import glow_yuan, is_worth, pledge_hazard, wish_yuan

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


def wish(earned=0.0, glow=0.07, ratio=0.0, most=1.0, price=60.0, above=0.0):
    return wish_yuan(price, earned, glow, ratio, above, most, SCALE, HALF, 0.5)


def test_without_a_label_a_seller_gives_what_giving_is_worth():
    """Nothing comes back, so warm glow alone pays; it is lognormal, and nobody gives more than the price."""
    assert wish() == pytest.approx(0.07)
    assert wish(price=0.05) == pytest.approx(0.05)
    assert glow_yuan(0.0, 0.07, 0.4) == 0.07
    assert glow_yuan(1.0, 0.07, 0.4) == pytest.approx(0.07 * math.exp(0.4))


def test_a_seller_gives_until_the_last_fen_is_no_longer_covered():
    """margin·(e^u - 1)·price + glow = d at the wish: below it is worth it, above it is not."""
    most = wish(earned=0.2)
    pull = label_pull(most / 60.0, SCALE, HALF, 0.5)
    assert 0.2 * 60.0 * (math.exp(pull) - 1.0) + 0.07 == pytest.approx(most)
    worth = [
        is_worth(most * d, 60.0, 0.2, 0.07, 0.0, 0.0, 1.0, SCALE, HALF, 0.5)
        for d in (0.02, 0.5, 0.99, 1.01, 2.0)
    ]
    assert worth == [True, True, True, False, False]


def test_a_dearer_margin_and_a_sponsor_let_a_seller_give_more():
    """Both pay back more of the donation; a sponsor's addition only as far as it goes, and only where labels sell."""
    assert wish(earned=0.04) < wish(earned=0.05) < wish(earned=0.05, ratio=0.5) < wish(earned=0.05, ratio=1.0)
    assert wish(earned=0.05) < wish(earned=0.05, ratio=1.0, most=0.01) < wish(earned=0.05, ratio=1.0)
    assert wish(ratio=1.0) == wish()
    assert cofunded(0.02, 0.5, 0.0, 1.0) == 0.01
    assert cofunded(5.0, 0.5, 0.0, 1.0) == 1.0


def test_a_sponsor_who_adds_from_a_sum_on_moves_only_who_would_give_that_much():
    """Below the sum nothing is added: who gives it is lifted as by a sponsor of all, who does not as by none."""
    assert cofunded(0.04, 1.0, 0.05, 1.0) == 0.0
    assert cofunded(0.05, 1.0, 0.05, 1.0) == 0.05
    none, every = wish(earned=0.05), wish(earned=0.05, ratio=1.0)
    assert wish(earned=0.05, ratio=1.0, above=0.05) == every > none > 0.05
    assert wish(earned=0.05, ratio=1.0, above=(none + every) / 2) == every
    assert wish(earned=0.05, ratio=1.0, above=every + 0.01) == none
