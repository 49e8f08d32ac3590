"""Telling others: who shares after giving, and what comes of it."""

from __future__ import annotations

from math import exp

from sim.behaviour.choice import crossed, felt_reward
from sim.compiling import rule


@rule
def share_probability(
    base: float, reward_yuan: float, cost_yuan: float, slope: float, weight: float = 1.0
) -> float:
    """Probability of sharing: `base` after a donation, moved on the log-odds if sharing is rewarded.

    14 % post on their wall and 8.4 % message a friend (Castillo, Petrie & Wardell 2014, F); the slope is
    that of every reward; `weight` is what is left of its effect where it is not sure.
    """
    return crossed(base, felt_reward(reward_yuan, cost_yuan, weight, slope))


def reached_share(posts_a_user: float, seen_by: float) -> float:
    """Share of all users who have seen one of so many posts, each seen by so many people drawn evenly."""
    return 1.0 - exp(-posts_a_user * seen_by)
