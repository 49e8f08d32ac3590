"""What a visit is worth: all that could be done in it, against what people are used to.

A choice among many has an inclusive value, the logarithm of the summed weights (McFadden). What incentives add to it
brings people: the day is likelier to be an active one, a visitor likelier to join. Each user has a reference of their
own, so that a reward that stays loses its pull, and one taken away is missed.
"""

from __future__ import annotations

from math import exp, log

from sim.behaviour.trust import LN2
from sim.compiling import rule


@rule
def visit_gain(keen: float, rest: float, offered: float, plain: float, usual: float) -> float:
    """What a day's offers add to the value of a visit.

    `offered` and `plain` are the summed weights of what can be done with and without rewards, `keen` a person's factor
    on all of them, `rest` what tiredness leaves of it (0 … 1). `usual` is what a visit holds anyhow: a fixed measure,
    so that a further deed which pays nothing takes nothing away.
    """
    return log(1.0 + keen * rest * (offered - plain) / usual)


@rule
def grown_reference(used: float, met: float, keep: float) -> float:
    """What somebody is used to after a day on which an offer of gain `met` was met; 0 on a day not played.

    `keep` is the share of yesterday's reference that a day leaves (half-life of two to four weeks, A; that effects
    fade while a reward stays and dip when it ends: Charness & Gneezy 2009, Meier 2007, signs F).
    """
    return keep * used + (1.0 - keep) * met


@rule
def rested(spent: float, days: int, half_life_days: float) -> float:
    """Willingness spent that is not yet restored after so many days (A)."""
    return spent * exp(-LN2 * days / half_life_days)


@rule
def closeness(days_left: int) -> float:
    """How near a deadline is: 1 on the last day, a half on the day before, 0 when it is over."""
    if days_left <= 0:
        return 0.0
    return 1.0 / days_left
