"""Rewards that are not sure, or not at once: how much of their effect is left.

Both weights are ratios of effects on effort to that of the same money for sure and now (DellaVigna & Pope 2018, V).
They stand on the effect of the expected value, not inside its logarithm, where they would miss the lottery arm.
"""

from __future__ import annotations

from math import log

from sim.compiling import rule

RARE, COIN = 0.01, 0.5  # the two chances that were paid, with the same expected value
TWO_WEEKS, FOUR_WEEKS = 14.0, 28.0  # the two delays, in days


@rule
def lottery_weight(chance: float, rare: float, coin: float) -> float:
    """What is left of a reward's effect if it comes with a chance: `rare` at 1 %, `coin` at a half, all at 1.

    Straight in the logarithm of the chance between them (D); below 1 % nobody measured, and it stays (A).
    """
    if chance <= RARE:
        return rare
    if chance < COIN:
        return rare + (coin - rare) * log(chance / RARE) / log(COIN / RARE)
    return 1.0 - (1.0 - coin) * log(min(chance, 1.0)) / log(COIN)


@rule
def delay_weight(days: float, two_weeks: float, four_weeks: float) -> float:
    """What is left of a reward's effect if it comes after so many days.

    Straight between now, two weeks and four (D); beyond them it falls as from two weeks to four (A).
    """
    if days <= TWO_WEEKS:
        return 1.0 - (1.0 - two_weeks) * days / TWO_WEEKS
    beyond = (days - TWO_WEEKS) / (FOUR_WEEKS - TWO_WEEKS)
    return max(two_weeks - (two_weeks - four_weeks) * beyond, 0.0)
