"""Merchants: taking up a pledge, and how much it gives.

On the platform itself best-sellers pledge, often just before promotions, and almost never stop although
revenue hardly moves: warm glow and inertia (Jiang, Xing, Xu & Zou 2022, more than 2 M sellers, F).
"""

from __future__ import annotations

from math import exp, log

from sim.behaviour.choice import crossed
from sim.compiling import rule


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


@rule
def larger_pledge_yuan(normal: float, mean_yuan: float, sigma: float) -> float:
    """A pledge above the minimum: lognormal with that mean, from a standard normal (D on F)."""
    return exp(log(mean_yuan) - 0.5 * sigma * sigma + sigma * normal)
