"""Telling others: who shares after giving, and what comes of it."""

from __future__ import annotations

from math import exp, log

from sim.compiling import rule


@rule
def share_probability(base: float, reward_yuan: float, cost_yuan: float, slope: float) -> float:
    """Probability of sharing: `base` after a donation, moved on the log-odds if sharing is rewarded.

    14 % post on their wall and 8.4 % message a friend (Castillo, Petrie & Wardell 2014, F); the slope is
    that of every reward.
    """
    if base <= 0.0 or base >= 1.0:
        return base
    odds = base / (1.0 - base) * exp(slope * log(1.0 + reward_yuan / cost_yuan))
    return odds / (1.0 + odds)


@rule
def peer_adoption(
    base: float, broadcast: float, invited: float, broadcast_gain: float, invite_gain: float
) -> float:
    """Adoption hazard of a friend under an automatic broadcast and a personal invitation (0 or 1 each).

    +246 % and a further +98 % of the base (Aral & Walker 2011, 9,687 users, F); read both as upper ends.
    """
    return base * (1.0 + broadcast_gain * broadcast + invite_gain * invited)


@rule
def causal_share(correlation: float, homophily: float) -> float:
    """What is left of an observed peer effect when likeness explains `homophily` of it (sign F, size A)."""
    return correlation * (1.0 - homophily)
