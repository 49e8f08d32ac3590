"""Rewards, goals and effort."""

from __future__ import annotations

import math

import pytest

from sim.behaviour.cards import finish_probability, purchase_rate
from sim.behaviour.choice import crossed, effort, felt_reward, goal_pull, motivation, slump


def test_a_reward_adds_log_odds_with_diminishing_returns():
    """No reward adds nothing; each doubling of a large reward adds about the same."""
    assert felt_reward(0.0, 1.0, 1.0, 0.7) == 0.0
    steps = [
        felt_reward(2.0 ** (k + 1), 1.0, 1.0, 0.7) - felt_reward(2.0**k, 1.0, 1.0, 0.7) for k in range(12)
    ]
    assert steps == sorted(steps)
    assert steps[-1] == pytest.approx(0.7 * math.log(2), rel=1e-3)


def test_the_weight_stands_on_the_effect():
    """A reward to charity is worth its weight of the effect, whatever the sum."""
    for reward in (0.01, 1.0, 100.0):
        assert felt_reward(reward, 2.0, 0.7, 0.7) == pytest.approx(0.7 * felt_reward(reward, 2.0, 1.0, 0.7))


def test_progress_counts_between_nothing_and_done():
    """The goal gradient stops at its ends, and the head start counts only where there is one."""
    assert goal_pull(-1.0, 0.0, 0.3, 0.4) == 0.0
    assert goal_pull(2.0, 0.0, 0.3, 0.4) == 0.3
    assert goal_pull(0.5, 0.0, 0.3, 0.4) == 0.15
    assert goal_pull(0.5, 0.1, 0.3, 0.4) == pytest.approx(0.55)


def test_effort_without_reward_is_the_base():
    """No reward, no extra effort; ten times the reward adds a fixed share of the base."""
    assert effort(1520.0, 0.0, 1e-3, 0.04, 1.0) == 1520.0
    ten = effort(1.0, 10.0, 1e-9, 0.04, 1.0) - effort(1.0, 1.0, 1e-9, 0.04, 1.0)
    assert ten == pytest.approx(0.04 * math.log(10))


def test_motives_besides_money_are_capped():
    """Single motives count in full; together they stop at the cap."""
    assert motivation(0.16, 0.0, 0.0, 0.0, 0.35) == pytest.approx(1.16)
    assert motivation(0.16, 0.21, 0.14, 0.05, 0.35) == pytest.approx(1.35)


def test_the_slump_lasts_some_days_after_the_reward():
    """Nothing before a reward and nothing after the slump's days."""
    assert [slump(d, 0.2, 3.0) for d in (-1.0, 0.0, 2.9, 3.0)] == [0.0, -0.2, -0.2, 0.0]


def test_crossing_by_log_odds_keeps_certainties():
    """0 and 1 do not move, a half moved by ln 3 is three quarters, and there is a way back."""
    assert (crossed(0.0, 5.0), crossed(1.0, -5.0)) == (0.0, 1.0)
    assert crossed(0.5, math.log(3)) == pytest.approx(0.75)
    assert crossed(crossed(0.2, 1.3), -1.3) == pytest.approx(0.2)


def test_a_nearly_full_card_is_filled_faster():
    """The purchase rate rises with stamps, and a head start makes finishing likelier at equal purchases."""
    rates = [purchase_rate(0.5, k, 0, 10, 0.28, 0.38) for k in range(10)]
    assert rates == sorted(rates)
    assert rates[0] == 0.5
    assert finish_probability(2, 10, 0.26, 0.28, 0.38) > finish_probability(0, 8, 0.26, 0.28, 0.38)
    assert finish_probability(0, 8, 0.0, 0.28, 0.38) == 1.0
