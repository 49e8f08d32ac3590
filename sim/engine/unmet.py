"""What pools would have paid had they not run dry: claims cut or refused.

What comes while a pool is dry asks it as well, for what its rule promised: ratio × money, within the caps (by lot: what
the lot gives in the mean). It is only reckoned with: the stream names no pool that nobody could ask. What people would
have given more under a live match is not guessed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import Kind
from sim.engine.actions import Actions

_MATCHED = np.isin(np.arange(256), [Kind.GIFT, Kind.ORDER_CONFIRM])  # by kind


def forget_dry(claims: Actions, asked: NDArray[np.int64], dry: list[int]) -> None:
    """Take pool and rule off matches that asked pools which were dry from the start, and what they asked."""
    idle = _MATCHED[claims["kind"]] & np.isin(claims["pool"], [1 + pool for pool in dry])
    claims["pool"][idle] = claims["rule"][idle] = asked[idle] = 0


def cut_claims(claims: Actions, asked: NDArray[np.int64], pools: int) -> NDArray[np.int64]:
    """Served claims that a pool's emptiness cut or refused: (how many, fen not given) by pool."""
    refused = np.isin(claims["kind"], (Kind.BEAN_GIFT, Kind.PRIZE)) & (claims["outcome"] != 0)
    short = np.where(_MATCHED[claims["kind"]], asked - claims["match"], np.where(refused, claims["fen"], 0))
    some = short > 0
    pool, fen = claims["pool"][some].astype(np.int64) - 1, short[some]
    sums = np.zeros(pools, np.int64)
    np.add.at(sums, pool, fen)
    return np.stack([np.bincount(pool, minlength=pools), sums])
