"""The designs of published experiments that are scored by formula only."""

from __future__ import annotations

import math

import pytest

from sim.experiments.designs import effort, finish_probability, purchase_rate


def test_effort_without_reward_is_the_base():
    """No reward, no extra effort; ten times the reward adds a fixed share of the base."""
    assert effort(1520.0, 0.0, 1e-3, 0.04, 1.0) == 1520.0
    ten = effort(1.0, 10.0, 1e-9, 0.04, 1.0) - effort(1.0, 1.0, 1e-9, 0.04, 1.0)
    assert ten == pytest.approx(0.04 * math.log(10))


def test_a_nearly_full_card_is_filled_faster():
    """The purchase rate rises with stamps, and a head start makes finishing likelier at equal purchases."""
    rates = [purchase_rate(0.5, k, 0, 10, 0.28, 0.38) for k in range(10)]
    assert rates == sorted(rates)
    assert rates[0] == 0.5
    assert finish_probability(2, 10, 0.26, 0.28, 0.38) > finish_probability(0, 8, 0.26, 0.28, 0.38)
    assert finish_probability(0, 8, 0.0, 0.28, 0.38) == 1.0
