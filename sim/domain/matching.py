"""Sharing out a sponsor's money: first come, by lot, under caps, and splits that lose no fen."""

from __future__ import annotations

from collections.abc import Sequence

from sim.domain.ratios import share_of


def match_asked_fen(gift_fen: int, ratio_ppm: int, cap_fen: int) -> int:
    """What a gift asks of a pool: its ratio, rounded as every share, at most the cap per gift."""
    return min(share_of(gift_fen, ratio_ppm), cap_fen)


def capped_match_fen(asked_fen: int, used_fen: int, cap_fen: int) -> int:
    """What an account may still ask when it was matched `used_fen` before: never negative."""
    return max(0, min(asked_fen, cap_fen - used_fen))


def first_come(asked: Sequence[int], left: int) -> list[int]:
    """Grants in the order of asking until the pool is empty, to the last fen."""
    grants = []
    for fen in asked:
        grant = min(fen, left)
        grants.append(grant)
        left -= grant
    return grants


def by_lot(asked: Sequence[int], lots: Sequence[int], left: int) -> list[int]:
    """Grants in the order of each asker's lot (ties: who asked first), to the last fen."""
    grants = [0] * len(asked)
    for k in sorted(range(len(asked)), key=lambda i: (lots[i], i)):
        grants[k] = min(asked[k], left)
        left -= grants[k]
    return grants


def largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """Split a total by non-negative whole weights so that the parts sum to it exactly.

    Each part is its exact share rounded down or up; ties go to the earlier one. Nothing can be split over
    weights that are all zero: ValueError.
    """
    whole = sum(weights)
    if whole <= 0:
        raise ValueError("a split needs a positive weight")
    parts = [total * weight // whole for weight in weights]
    rests = [total * weight % whole for weight in weights]
    spare = total - sum(parts)
    for k in sorted(range(len(weights)), key=lambda i: (-rests[i], i))[:spare]:
        parts[k] += 1
    return parts
