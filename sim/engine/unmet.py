"""What pools would have paid had they not run dry: claims cut or refused, and gifts that found nothing to ask.

A gift or a confirmed order that comes while its pool is dry asks for nothing, so its match stands nowhere in the
stream. It is worked out here by the pool's rule: ratio × money, within the caps (by lot: what the lot gives in the
mean). What people would have given more under a live match is not guessed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.agents.sponsors import Sponsors
from sim.bookkeeping import Kind
from sim.engine.actions import Actions

SERVES = {Kind.GIFT: "gifts", Kind.ORDER_CONFIRM: "orders"}
_MATCHED = np.isin(np.arange(256), list(SERVES))  # by kind


def cut_claims(claims: Actions, asked: NDArray[np.int64], pools: int) -> NDArray[np.int64]:
    """Served claims that a pool's emptiness cut or refused: (how many, fen not given) by pool."""
    matched = _MATCHED[claims["kind"]]
    refused = np.isin(claims["kind"], (Kind.BEAN_GIFT, Kind.PRIZE)) & (claims["outcome"] != 0)
    short = np.where(matched, asked - claims["match"], np.where(refused, claims["fen"], 0))
    return _by_pool(claims["pool"].astype(np.int64) - 1, short, pools)


def unasked(records: Actions, dry: dict[str, int], sponsors: Sponsors) -> NDArray[np.int64]:
    """Gifts and confirmed orders that came while the pool for them was dry: (how many, fen) by pool.

    `dry` says of what pools serve which one has run dry, as index.
    """
    sums = np.zeros((2, len(sponsors.pools)), np.int64)
    for kind, serves in SERVES.items():
        if serves not in dry:
            continue
        pool = dry[serves]
        rows = records[(records["kind"] == kind) & (records["pool"] == 0) & (records["outcome"] == 0)]
        sums += _by_pool(np.full(len(rows), pool), sponsors.would_match(pool, rows), len(sponsors.pools))
    return sums


def _by_pool(pool: NDArray[np.int64], fen: NDArray[np.int64], pools: int) -> NDArray[np.int64]:
    some = fen > 0
    counts = np.bincount(pool[some], minlength=pools)
    sums = np.zeros(pools, np.int64)
    np.add.at(sums, pool[some], fen[some])
    return np.stack([counts, sums])
