"""Stamp cards: what a goal and a head start do to a chain of purchases."""

from __future__ import annotations

from math import exp

from sim.behaviour.choice import goal_pull
from sim.compiling import rule


@rule
def purchase_rate(base: float, stamps: int, endowed: int, goal: int, kappa: float, iota: float) -> float:
    """Purchases a day of a card holder with so many stamps of `goal`, the endowed ones included.

    Inter-purchase times fall by about a fifth from the first stamp to the last (Kivetz et al. 2006, F2).
    """
    return base * exp(goal_pull(stamps / goal, float(endowed), kappa, iota))


@rule
def finish_probability(endowed: int, goal: int, dropout: float, kappa: float, iota: float) -> float:
    """Probability that a card is filled when each purchase races against losing interest.

    `dropout` is the rate of losing interest relative to that of buying at an empty card (Nunes & Dreze 2006).
    """
    finished = 1.0
    for stamps in range(endowed, goal):
        buys = exp(goal_pull(stamps / goal, float(endowed), kappa, iota))
        finished *= buys / (buys + dropout)
    return finished
