"""Merchants: taking up a pledge, keeping it, and how much it gives.

On the platform itself best-sellers pledge, often just before promotions, and almost never stop although
revenue hardly moves: warm glow and inertia (Jiang, Xing, Xu & Zou 2022, more than 2 M sellers, F).
"""

from __future__ import annotations

from math import exp, log

from sim.behaviour.choice import crossed


def pledge_hazard(
    adopted_share: float,
    innovation: float,
    imitation: float,
    sales_z: float,
    sales_slope: float,
    promotion: float,
    promotion_pull: float,
) -> float:
    """Hazard per product and week of taking up a pledge (Bass, U; who and when F, sizes A).

    `sales_z` is the seller's standardised log sales, `promotion` 1 in the two weeks before one, else 0.
    """
    return (innovation + imitation * adopted_share) * exp(sales_slope * sales_z + promotion_pull * promotion)


def notice_chance(base: float, badge: float, trust_pull: float) -> float:
    """Chance that a merchant puts a notice on its parcels this week (A).

    `base` is that of a merchant without badge at neutral trust; `badge` the log-odds its badge adds, 0 without
    one; `trust_pull` those of the trust in the platform's projects, as it pulls givers. Who cares enough to pledge
    speaks of it more (warm glow: Jiang et al. 2022, sign F), and nobody likes to speak of what is mistrusted.
    """
    return crossed(base, badge + trust_pull)


def raises_pledge(margin_yuan: float, label_gain: float, glow_yuan: float, donation_yuan: float) -> bool:
    """Whether to pledge `donation_yuan` a sale: the label's extra margin and the glow exceed it.

    `label_gain` is the label's log-odds; the gain in sales is exp(label_gain) - 1. At 0.05 % of the price
    and 20 % margin the label just pays for itself; anything larger needs glow.
    """
    return margin_yuan * (exp(label_gain) - 1.0) + glow_yuan > donation_yuan


def keeps_pledge(margin_yuan: float, label_gain: float, glow_yuan: float, donation_yuan: float) -> bool:
    """Whether a standing pledge is kept: as in `raises_pledge`, but who is indifferent stays (inertia, F)."""
    return margin_yuan * (exp(label_gain) - 1.0) + glow_yuan >= donation_yuan


def larger_pledge_yuan(normal: float, mean_yuan: float, sigma: float) -> float:
    """A pledge above the minimum: lognormal with that mean, from a standard normal (D on F)."""
    return exp(log(mean_yuan) - 0.5 * sigma * sigma + sigma * normal)
