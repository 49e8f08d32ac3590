"""Choosing an action: what rewards and goals add to its odds.

Pulls are log-odds against stopping. Money is yuan as a float; nothing here is a balance.
"""

from __future__ import annotations

from math import exp, log

from sim.compiling import rule


@rule
def felt_reward(reward_yuan: float, cost_yuan: float, weight: float, slope: float) -> float:
    """Log-odds that a reward adds to an action of that perceived cost, both in yuan.

    `slope` and the cost of a blood donation fit gift cards of 5, 10, 15 dollars for blood (Lacetera, Macis &
    Slonim, F2). `weight` is 1 for money to oneself now, less for charity, lotteries and delay (DellaVigna &
    Pope 2018, V): it stands on the effect, not inside the log, where it would miss the lottery arm.
    """
    return slope * weight * log(1.0 + reward_yuan / cost_yuan)


@rule
def goal_pull(progress: float, head_start: float, kappa: float, iota: float) -> float:
    """Log-odds (or log-hazard) from a goal: its gradient, and the commitment of an endowed head start.

    `progress` is the share completed, head start included; it counts from 0 to 1. The slope kappa is the
    speed-up over a coffee card, iota its 12-stamp variant with two given (Kivetz et al. 2006, F2).
    """
    pull = kappa * min(max(progress, 0.0), 1.0)
    if head_start > 0.0:
        pull += iota
    return pull


@rule
def crossed(base: float, pull: float) -> float:
    """The probability `base` moved by `pull` log-odds; 0 and 1 stay where they are."""
    if base <= 0.0 or base >= 1.0:
        return base
    odds = base / (1.0 - base) * exp(pull)
    return odds / (1.0 + odds)
