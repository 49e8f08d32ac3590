"""Designs of published experiments that the engine has no world for, as arithmetic over the rules it runs.

Stamp cards are filled under the goal's pull; effort is the one formula
that stands only here, because it tells what a reward to charity weighs.
"""

from __future__ import annotations

from math import exp, log
from typing import Any

import numpy as np
from scipy.linalg import expm
from scipy.optimize import brentq

from sim.behaviour.choice import goal_pull


def root(function: Any, low: float, high: float) -> float:
    """The one zero between two bounds."""
    return float(brentq(function, low, high, xtol=1e-14, rtol=1e-13))


def effort(base: float, reward: float, s0: float, slope: float, weight: float) -> float:
    """How much is done by somebody who works: base·(1 + slope·weight·ln(1 + reward/s0)), in units of `base`.

    `reward` and `s0` are cents per 100 key presses. The log form is what an exponential effort cost implies
    (DellaVigna & Pope 2018, 9,861 workers, V).
    """
    return base * (1.0 + slope * weight * log(1.0 + reward / s0))


def purchase_rate(base: float, stamps: int, endowed: int, goal: int, kappa: float, iota: float) -> float:
    """Purchases a day of a card holder with so many stamps of `goal`, the endowed ones included.

    Inter-purchase times fall by about a fifth from the first stamp to the last (Kivetz et al. 2006, F2).
    """
    return base * exp(goal_pull(stamps / goal, float(endowed), kappa, iota))


def finish_probability(endowed: int, goal: int, dropout: float, kappa: float, iota: float) -> float:
    """Probability that a card is filled when each purchase races against losing interest.

    `dropout` is the rate of losing interest relative to that of buying at an empty card (Nunes & Dreze 2006).
    """
    finished = 1.0
    for stamps in range(endowed, goal):
        buys = purchase_rate(1.0, stamps, endowed, goal, kappa, iota)
        finished *= buys / (buys + dropout)
    return finished


def median_days(base: float, endowed: int, goal: int, kappa: float, iota: float) -> float:
    """Median days to fill a card: purchases are exponential waits, one stage a stamp."""
    rates = [purchase_rate(base, stamps, endowed, goal, kappa, iota) for stamps in range(endowed, goal)]
    moves = np.diag([-r for r in rates] + [0.0]) + np.diag(rates, 1)

    def unfilled(days: float) -> float:
        return 0.5 - float(expm(moves * days)[0, -1])

    return root(unfilled, 1e-6 / base, 1e4 / base)
