"""Walker's alias table: an order finds its product by popularity with one row and one coin.

A pledge makes its product a little more popular: the label's log-odds of a purchase (behaviour §5.5), which
for the usual 0.02 yuan is next to nothing.
"""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.label import label_pull
from sim.behaviour.parameters import Parameters
from sim.compiling import table_rule
from sim.kernel.rows import NOBODY


def build_alias(
    product: NDArray[np.void], popularity: NDArray[np.float64], price_median_fen: float, p: Parameters, badge: bool
) -> None:  # fmt: skip
    """Fill `keep` and `other` of the products so that a row is drawn by its popularity times its label's odds.

    Without a badge nobody sees which products give, and popularity alone decides.
    """
    weight = popularity.copy()
    if badge:
        _label(product, weight, price_median_fen, p["label_scale"], p["label_half"], p["label_established"])
    _fill(product, weight * (len(weight) / weight.sum()), np.zeros(len(weight), np.int64))


@table_rule
def _label(
    product: Any, weight: Any, price_median_fen: float, scale: float, half: float, factor: float
) -> None:
    """Lift the weight of every pledged product by exp(label_pull) of its donation share."""
    for k in range(len(weight)):
        if product[k].project != NOBODY:
            share = product[k].ppm / 1e6
            if product[k].ppm == 0:
                share = min(product[k].fixed / (price_median_fen * product[k].price), 1.0)
            weight[k] *= exp(label_pull(share, scale, half, factor))


@table_rule
def _fill(product: Any, scaled: Any, stack: Any) -> None:
    """Vose's method with one stack: poor rows grow from the left, rich ones from the right."""
    n = len(scaled)
    poor = 0
    rich = n
    for k in range(n):
        if scaled[k] < 1.0:
            stack[poor] = k
            poor += 1
        else:
            rich -= 1
            stack[rich] = k
    while poor > 0 and rich < n:
        poor -= 1
        a = stack[poor]
        b = stack[rich]
        product[a].keep = scaled[a]
        product[a].other = b
        scaled[b] -= 1.0 - scaled[a]
        if scaled[b] < 1.0:
            rich += 1
            stack[poor] = b
            poor += 1
    while rich < n:
        product[stack[rich]].keep = 1.0
        product[stack[rich]].other = stack[rich]
        rich += 1
    while poor > 0:
        poor -= 1
        product[stack[poor]].keep = 1.0
        product[stack[poor]].other = stack[poor]
