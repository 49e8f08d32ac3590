"""Sharing out a sponsor's money: by ratio or tiers, under caps, to the last fen in the order of the claims."""

from __future__ import annotations

from typing import Any

from sim.domain.ratios import share_of


def ratio_at(gift_fen: int, above: Any, ratios: Any, tiers: int) -> int:
    """The ratio, ppm, of the tier in which the whole gift lies: the last that begins at or below it, 0 below all.

    `above` ascends; `tiers` of its entries count.
    """
    ratio = 0
    for k in range(tiers):
        if gift_fen >= above[k]:
            ratio = ratios[k]
    return ratio


def match_asked_fen(gift_fen: int, ratio_ppm: int, cap_fen: int) -> int:
    """What a gift asks of a pool: its ratio, rounded as every share, at most the cap per gift."""
    return min(share_of(gift_fen, ratio_ppm), cap_fen)


def capped_match_fen(asked_fen: int, used_fen: int, cap_fen: int) -> int:
    """What an account may still ask when it was matched `used_fen` before: never negative."""
    return max(0, min(asked_fen, cap_fen - used_fen))


def granted_fen(asked_fen: int, left_fen: int) -> int:
    """What a claim gets of what earlier claims left: whoever comes first is served whole, to the last fen."""
    return min(asked_fen, left_fen)
