"""Walker's alias table: an order finds its product by popularity with one row and one coin."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.compiling import kernel


def build_alias(product: NDArray[np.void], popularity: NDArray[np.float64]) -> None:
    """Fill `keep` and `other` of the products so that row k is drawn with probability popularity[k]."""
    _fill(product, popularity * len(popularity), np.zeros(len(popularity), np.int64))


@kernel
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
