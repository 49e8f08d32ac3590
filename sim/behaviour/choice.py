"""Choosing an action: what rewards and goals add to its odds.

Pulls are log-odds against stopping. Money is yuan as a float; nothing here is a balance.
"""

from __future__ import annotations

from math import exp, log

from sim.compiling import rule

COMMITS = 6.0  # a sixth of the goal is what the coffee card gave


@rule
def felt_reward(reward_yuan: float, cost_yuan: float, weight: float, slope: float) -> float:
    """Log-odds that a reward adds to an action of that perceived cost, both in yuan.

    `slope` and the cost of a blood donation fit gift cards of 5, 10, 15 dollars for blood (Lacetera, Macis &
    Slonim, F2). `weight` is 1 for money to oneself now, less for charity, lotteries and delay (DellaVigna &
    Pope 2018, V): it stands on the effect, not inside the log, where it would miss the lottery arm.
    """
    return slope * weight * log(1.0 + reward_yuan / cost_yuan)


@rule
def felt_beans(
    beans: float, self_yuan: float, charity_yuan: float, cost_yuan: float, weight: float, slope: float
) -> float:
    """Log-odds that beans add to an action: as much as the better of their uses is felt.

    A bean is worth `self_yuan` in what it buys for oneself, `charity_yuan` in what it gives, which weighs less.
    """
    if self_yuan >= charity_yuan:  # `weight` is at most 1
        return felt_reward(beans * self_yuan, cost_yuan, 1.0, slope)
    own = felt_reward(beans * self_yuan, cost_yuan, 1.0, slope)
    return max(own, felt_reward(beans * charity_yuan, cost_yuan, weight, slope))


@rule
def felt_mix(reward_yuan: float, left_yuan: float, cost_yuan: float, slope: float) -> float:
    """Log-odds of rewards together, of which so much is left by their weights: charity, chance, delay.

    The weight is that of the rewards in the mean, each by its size (behaviour §5.2).
    """
    if reward_yuan <= 0.0:
        return 0.0
    return felt_reward(reward_yuan, cost_yuan, left_yuan / reward_yuan, slope)


@rule
def share_left(level: int) -> float:
    """What a further bean is worth to somebody who has so many halves of the next thing's price beyond it (A)."""
    return 1.0 / (1.0 + 0.5 * level)


@rule
def goal_pull(progress: float, endowed: float, kappa: float, iota: float) -> float:
    """Log-odds (or log-hazard) from a goal that is not reached: its gradient, and the commitment of a head start.

    `progress` is the share completed, head start included; from 1 on there is nothing left to pull. The slope kappa
    is the speed-up over a coffee card, iota that of its 12-stamp variant with two given (Kivetz et al. 2006, F2): a
    smaller share `endowed` of the goal commits in proportion, a larger one no more (A).
    """
    if progress >= 1.0:
        return 0.0
    return kappa * max(progress, 0.0) + iota * min(endowed * COMMITS, 1.0)


@rule
def crossed(base: float, pull: float) -> float:
    """The probability `base` moved by `pull` log-odds; 0 and 1 stay where they are."""
    if base <= 0.0 or base >= 1.0:
        return base
    odds = base / (1.0 - base) * exp(pull)
    return odds / (1.0 + odds)
