"""How an order finds its product: by popularity, with one row and one coin of Walker's alias table; and by its label.

A pledge makes its product a little more popular: the label's log-odds of a purchase (behaviour §5.5), which
for the usual 0.02 yuan is next to nothing. What else stands on the label counts with the pledge: a sponsor's
addition for everybody, beans of the order for who grows them. Popularity stays as it is drawn, and so does its
table: runs that differ in labels differ in the orders that labels decide.
"""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.label import cofunded, label_pull
from sim.behaviour.parameters import Parameters
from sim.compiling import table_rule
from sim.kernel.rows import NOBODY


def build_alias(product: NDArray[np.void], popularity: NDArray[np.float64]) -> None:
    """Fill `keep` and `other` of the products so that a row is drawn by its popularity."""
    _fill(product, popularity * (len(popularity) / popularity.sum()), np.zeros(len(popularity), np.int64))


def set_labels(
    product: NDArray[np.void], price_median_fen: float, p: Parameters, badge: bool,
    beans_fen: float = 0.0, ratio: float = 0.0, most_fen: float = 0.0,
) -> None:  # fmt: skip
    """Fill `taken` of the products: in proportion to their labels' odds, and 1 for the strongest.

    `beans_fen` is what the beans of a charity order are felt to be worth to who gets them; `ratio` and `most_fen` are
    what a sponsor adds to a pledge. Without a badge nobody sees which products give, and popularity alone decides.
    """
    odds = np.ones((2, len(product)))
    if badge:
        rule = p["label_scale"], p["label_half"], p["label_established"]
        for look, beans in enumerate((0.0, beans_fen)):
            _label(product, odds[look], price_median_fen, beans, ratio, most_fen, *rule)
    product["taken"] = (odds / odds.max(axis=1, keepdims=True)).T


@table_rule
def _label(
    product: Any, odds: Any, price_median_fen: float, beans_fen: float, ratio: float, most_fen: float,
    scale: float, half: float, factor: float,
) -> None:  # fmt: skip
    """The odds of every pledged product by what its label shows, as a share of its price."""
    for k in range(len(odds)):
        if product[k].project != NOBODY:
            price = price_median_fen * product[k].price
            share = product[k].ppm / 1e6
            if product[k].ppm == 0:
                share = product[k].fixed / price
            beside = (beans_fen + cofunded(share * price, ratio, most_fen)) / price
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
