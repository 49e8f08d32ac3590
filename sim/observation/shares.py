"""How unequally something is held: the Gini coefficient and what the largest hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def gini(values: ArrayLike) -> float:
    """Gini coefficient of non-negative values: 0 all alike, 1 one has all; 0 when there is nothing."""
    ordered = np.sort(np.asarray(values, float))
    n, total = len(ordered), ordered.sum()
    if total <= 0:
        return 0.0
    return float(2.0 * (np.arange(1, n + 1) * ordered).sum() / (n * total) - (n + 1) / n)


def top_share(values: ArrayLike, share: float) -> float:
    """What the largest `share` of the values hold of the total; 0 when there is nothing."""
    ordered = np.sort(np.asarray(values, float))[::-1]
    count = max(round(share * len(ordered)), 1)
    return float(ordered[:count].sum() / max(ordered.sum(), 1e-12))
