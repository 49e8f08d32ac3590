"""Trust in an NGO, a number in [0, 1]: reports earn it slowly, silence and scandal lose it fast.

Plain thanks do little and broken trust does much; signs F, sizes A unless a rule says otherwise.
"""

from __future__ import annotations

from math import exp

from sim.compiling import rule

LN2 = 0.6931471805599453


@rule
def trust_after_report(trust: float, gain: float) -> float:
    """Trust after a report on time (A)."""
    return trust + gain * (1.0 - trust)


@rule
def trust_after_missed(trust: float, loss: float) -> float:
    """Trust after a report that did not come in time (A)."""
    return trust - loss * trust


@rule
def trust_after_scandal(trust: float, factor: float) -> float:
    """Trust after a scandal: only `factor` of it is left.

    From 0.5 that costs 0.7 log-odds for small NGOs; donors in Shenzhen fell by 0.8 to 1.0 after the Red
    Cross scandal of 2011 (F2).
    """
    return trust * factor


@rule
def recovered(trust: float, neutral: float, days: float, half_life_days: float) -> float:
    """Trust after so many quiet days: half the distance to neutral is made up in a half-life (A)."""
    return neutral + (trust - neutral) * exp(-LN2 * days / half_life_days)


@rule
def trust_pull(trust: float, neutral: float, slope: float) -> float:
    """Log-odds of giving from trust; the slope is larger for small NGOs (Yoruk 2016, sign F; sizes A)."""
    return slope * (trust - neutral)
