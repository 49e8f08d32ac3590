"""Trust in an NGO, a number in [0, 1]: reports earn it slowly, silence and scandal lose it fast.

Few meet these rules, NGOs once a day, so they stay plain Python; those of every day take all NGOs at once.

Plain thanks do little and broken trust does much; signs F, sizes A unless a rule says otherwise.
"""

from __future__ import annotations

from math import exp

from sim.arrays import Some

LN2 = 0.6931471805599453


def trust_after_report(trust: float, gain: float) -> float:
    """Trust after a report on time (A)."""
    return trust + gain * (1.0 - trust)


def trust_after_missed(trust: float, loss: float, late_days: float, usual_days: float) -> float:
    """Trust after a report that comes so many days late (A): `loss` is the share lost by one of the usual delay.

    The longer it takes the more is lost; a report hardly late costs hardly anything.
    """
    return float(trust * (1.0 - loss) ** (late_days / usual_days))


def trust_after_scandal(trust: float, factor: float) -> float:
    """Trust after a scandal: only `factor` of it is left.

    From 0.5 that costs 0.7 log-odds for small NGOs; donors in Shenzhen fell by 0.8 to 1.0 after the Red
    Cross scandal of 2011 (F2).
    """
    return trust * factor


def recovered(trust: Some, neutral: float, days: float, half_life_days: float) -> Some:
    """Trust after so many quiet days: half the distance to neutral is made up in a half-life (A)."""
    return neutral + (trust - neutral) * exp(-LN2 * days / half_life_days)


def trust_pull(trust: Some, neutral: float, slope: Some) -> Some:
    """Log-odds of giving from trust; the slope is larger for small NGOs (Yoruk 2016, sign F; sizes A)."""
    return slope * (trust - neutral)
