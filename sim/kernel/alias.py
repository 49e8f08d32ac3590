"""How an order finds its product: by popularity, with one row and one coin of Walker's alias table; and by its label.

A pledge makes its product a little more popular: the label's log-odds of a purchase (behaviour §5.5), which
for the usual 0.02 yuan is next to nothing. What else stands on the label counts with the pledge: a sponsor's
addition for everybody, beans of the order for who grows them. Popularity stays as it is drawn, and so does its
table: runs that differ in labels differ in the orders that labels decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.label import cofunded, label_pull
from sim.behaviour.parameters import Parameters
from sim.compiling import table_rule
from sim.kernel.rows import MAX_COFUNDS, NOBODY

Cofund = tuple[
    float, float, float
]  # what a sponsor adds to a pledge: a ratio, from so many fen on, at most so many
NOTHING_ADDED = (0.0, 0.0, 0.0)


def build_alias(product: NDArray[np.void], popularity: NDArray[np.float64]) -> None:
    """Fill `keep` and `other` of the products so that a row is drawn by its popularity."""
    _fill(product, popularity * (len(popularity) / popularity.sum()), np.zeros(len(popularity), np.int64))


def set_labels(
    product: NDArray[np.void], price_median_fen: float, p: Parameters, badge: bool,
    beans_fen: float = 0.0, cofunds: Sequence[Cofund] = (),
) -> None:  # fmt: skip
    """Fill `taken` of the products: in proportion to their labels' odds, and 1 for the strongest.

    `beans_fen` is what the beans of a charity order are felt to be worth to who gets them; `cofunds` are what sponsors
    add to pledges, each for some people. Without a badge nobody sees which products give, and popularity alone decides.
    """
    odds = np.ones((2, 1 + MAX_COFUNDS, len(product)))
    if badge:
        rule = p["label_scale"], p["label_half"], p["label_established"]
        for grows, beans in enumerate((0.0, beans_fen)):
            for look, added in enumerate((NOTHING_ADDED, *cofunds)):
                _label(product, odds[grows, look], price_median_fen, beans, *added, *rule)
    product["taken"] = (odds / odds.max(axis=-1, keepdims=True)).reshape(-1, len(product)).T


@table_rule
def _label(
    product: Any, odds: Any, price_median_fen: float, beans_fen: float,
    ratio: float, above_fen: float, most_fen: float, scale: float, half: float, factor: float,
) -> None:  # fmt: skip
    """The odds of every pledged product by what its label shows, as a share of its price."""
    for k in range(len(odds)):
        if product[k].project != NOBODY:
            price = price_median_fen * product[k].price
            share = product[k].ppm / 1e6
            if product[k].ppm == 0:
                share = product[k].fixed / price
            beside = (beans_fen + cofunded(share * price, ratio, above_fen, most_fen)) / price
            odds[k] = exp(label_pull(min(share + beside, 1.0), scale, half, factor))


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
