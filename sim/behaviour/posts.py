"""Writing posts and comments: far more unequal than giving."""

from __future__ import annotations

from math import exp

from sim.compiling import rule


@rule
def posts_of(normal: float, sigma: float) -> float:
    """Relative propensity of a user to write, lognormal, from a standard normal.

    The top 1 % wrote 74.7 % of 578,349 posts (van Mierlo 2014, F).
    """
    return exp(sigma * normal)
