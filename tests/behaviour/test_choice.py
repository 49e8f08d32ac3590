"""Rewards and goals."""

from __future__ import annotations

import math

import pytest

from sim.behaviour.choice import crossed, felt_beans, felt_reward, goal_pull


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
    """The goal gradient stops at its ends: a goal that is reached pulls no more."""
    assert goal_pull(-1.0, 0.0, 0.3, 0.4) == 0.0
    assert goal_pull(0.5, 0.0, 0.3, 0.4) == 0.15
    assert goal_pull(1.0, 0.5, 0.3, 0.4) == goal_pull(2.0, 0.5, 0.3, 0.4) == 0.0


def test_a_head_start_commits_by_its_share_of_the_goal():
    """Two of twelve stamps commit fully, one half as much, one bean of five hundred hardly at all."""
    assert goal_pull(0.5, 2 / 12, 0.3, 0.4) == pytest.approx(0.55)
    assert goal_pull(0.5, 2 / 10, 0.3, 0.4) == pytest.approx(0.55)
    assert goal_pull(0.5, 1 / 12, 0.3, 0.4) == pytest.approx(0.35)
    assert goal_pull(0.0, 1 / 500, 0.3, 0.4) < 0.005


def test_beans_are_felt_by_the_better_of_their_uses():
    """A use for oneself counts whole, a gift with its weight; nothing to buy is no reward."""
    assert felt_beans(20, 0.01, 0.0, 1.0, 0.7, 0.7) == felt_reward(0.2, 1.0, 1.0, 0.7)
    assert felt_beans(20, 0.0, 0.01, 1.0, 0.7, 0.7) == felt_reward(0.2, 1.0, 0.7, 0.7)
    assert felt_beans(20, 0.01, 0.01, 1.0, 0.7, 0.7) == felt_beans(20, 0.01, 0.0, 1.0, 0.7, 0.7)
    assert felt_beans(20, 0.0, 0.0, 1.0, 0.7, 0.7) == 0.0


def test_crossing_by_log_odds_keeps_certainties():
    """0 and 1 do not move, a half moved by ln 3 is three quarters, and there is a way back."""
    assert (crossed(0.0, 5.0), crossed(1.0, -5.0)) == (0.0, 1.0)
    assert crossed(0.5, math.log(3)) == pytest.approx(0.75)
    assert crossed(crossed(0.2, 1.3), -1.3) == pytest.approx(0.2)
