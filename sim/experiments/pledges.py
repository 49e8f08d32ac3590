"""What sellers pledge by the rule of what is worth it to them, over all sellers and prices of a market.

A closed form beside the engine's market: the fit moves warm glow, and thousands of sellers would have to be drawn
for every step of it. Prices and margins are those of an ordinary market; shares are of charity orders.
"""

from __future__ import annotations

from math import log

import numpy as np
from scipy.special import ndtr, ndtri

from sim.agents.merchants import MARGINS
from sim.behaviour.label import label_pull, sales_gain
from sim.behaviour.merchants import glow_yuan, wish_yuan
from sim.behaviour.parameters import Parameters
from sim.domain.pledges import FIXED_FEN, RATIO_PPM
from sim.scenario.market import Merchants, Shopping

PRICES, GLOWS = 25, 48  # as many equal shares of all
RAISED = FIXED_FEN[0] / 100.0  # yuan; less is no raise
LEAST_RATIO = RATIO_PPM[0] / 1e6


def pledged(p: Parameters) -> tuple[float, float]:
    """The share of charity orders that give the minimum, and what they give in the mean, yuan."""
    shopping = Shopping()
    spread = np.exp(shopping.price_sigma * ndtri((np.arange(PRICES) + 0.5) / PRICES))
    prices = (shopping.price_median / 100.0 * spread).tolist()
    shops = [_Shop(p, price, p["merchants_counted"] * p[margin]) for price in prices for margin in MARGINS]
    given = [shop.gives() for shop in shops]
    raised = [shop.share_above(RAISED) for shop in shops]
    return 1.0 - float(np.mean(raised)), float(np.mean(given))


class _Shop:
    """Sellers of products of one price and margin, who differ in warm glow."""

    def __init__(self, p: Parameters, price: float, earned: float) -> None:
        self.price, self.earned = price, earned
        self.median, self.sigma = p["merchants_glow_median_yuan"], p["merchants_glow_sigma"]
        self.label = p["label_scale"], p["label_half"], p["label_established"]

    def share_above(self, donation: float) -> float:
        """The share of sellers to whom that much is worth it."""
        pull = label_pull(min(donation / self.price, 1.0), *self.label)
        unpaid = min(donation, self.price) - self.earned * self.price * sales_gain(pull)
        return 1.0 if unpaid <= 0.0 else 1.0 - float(ndtr((log(unpaid) - log(self.median)) / self.sigma))

    def gives(self) -> float:
        """What an order gives in the mean: the minimum, 0.1 yuan where the least ratio is more, else the wish."""
        minimum = min(Merchants().minimum_pledge / 100.0, self.price)
        fixed, ratio = self.share_above(RAISED), self.share_above(max(RAISED, LEAST_RATIO * self.price))
        ranks = 1.0 - ratio * (np.arange(GLOWS) + 0.5) / GLOWS
        glows = [glow_yuan(float(z), self.median, self.sigma) for z in ndtri(ranks)]
        wishes = [wish_yuan(self.price, self.earned, glow, 0.0, 0.0, 0.0, *self.label) for glow in glows]
        return minimum * (1.0 - fixed) + RAISED * (fixed - ratio) + ratio * float(np.mean(wishes))
