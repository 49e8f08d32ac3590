"""Merchants: taking up a pledge, and how much it is worth to them.

On the platform itself best-sellers pledge, often just before promotions, and almost never stop although
revenue hardly moves: warm glow and inertia (Jiang, Xing, Xu & Zou 2022, more than 2 M sellers, F). A donation is
worth it as long as warm glow and the margin on what the label sells cover it: margin·(e^u - 1)·price + glow > d.
"""

from __future__ import annotations

from math import exp

from sim.behaviour.choice import crossed
from sim.behaviour.label import cofunded, label_pull, sales_gain
from sim.compiling import rule

HALVINGS = 60  # of the price, until a wish is exact


def pledge_hazard(
    adopted_share: float,
    innovation: float,
    imitation: float,
    sales_z: float,
    sales_slope: float,
    promotion: float,
    promotion_pull: float,
) -> float:
    """Hazard per week of taking up a pledge, or of weighing those that stand (Bass, U; who and when F, sizes A).

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
def glow_yuan(normal: float, median_yuan: float, sigma: float) -> float:
    """What giving is worth to a seller an order, from a standard normal (lognormal A; both numbers D on F)."""
    return median_yuan * exp(sigma * normal)


@rule
def is_worth(
    donation: float, price: float, earned: float, glow: float,
    ratio: float, above: float, most: float, scale: float, half: float, seller_factor: float,
) -> bool:  # fmt: skip
    """Whether a seller finds a donation worth it: what its label earns and the warm glow cover it (form F, sizes A).

    `earned` is what the seller counts on of a unit of sales the label brings, as a share of the price: 0 without a
    badge. `ratio`, from `above` on and at most `most`, is a sponsor's addition, which the label shows as well. All
    sums are in yuan.
    """
    shown = min((donation + cofunded(donation, ratio, above, most)) / price, 1.0)
    return earned * price * sales_gain(label_pull(shown, scale, half, seller_factor)) + glow >= donation


@rule
def wish_yuan(
    price: float, earned: float, glow: float,
    ratio: float, above: float, most: float, scale: float, half: float, seller_factor: float,
) -> float:  # fmt: skip
    """The largest donation that is worth it, up to the price: each further fen earns less, so there is one.

    A sponsor may lift it, but not by what it adds from a sum on that is not worth it: then it is as if nobody added.
    """
    lifted = _largest(price, earned, glow, ratio, 0.0, most, scale, half, seller_factor)
    if lifted >= above:
        return lifted
    return _largest(price, earned, glow, 0.0, 0.0, 0.0, scale, half, seller_factor)


@rule
def _largest(
    price: float, earned: float, glow: float,
    ratio: float, above: float, most: float, scale: float, half: float, seller_factor: float,
) -> float:  # fmt: skip
    low, high = 0.0, price
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if is_worth(middle, price, earned, glow, ratio, above, most, scale, half, seller_factor):
            low = middle
        else:
            high = middle
    return low
