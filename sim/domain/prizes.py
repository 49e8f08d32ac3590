"""Prizes and budgets: what a budget buys, who wins by lot or by rank, and what each gets. Whole numbers only."""

from __future__ import annotations

from collections.abc import Sequence


def scaled(amount: int, users: int, real_users: int) -> int:
    """An amount at real size, at the simulated one: whole, rounded down."""
    return amount * users // real_users


def scaled_places(places: int, users: int, real_users: int, lot: float) -> int:
    """How many of so many places there are among fewer people: in the mean as many as they are a share of all.

    `lot`, between 0 and 1, decides about the broken rest: one winner in a thousand simulated people is one in ten days
    among a hundred.
    """
    whole, rest = divmod(places * users, real_users)
    return whole + (lot * real_users < rest)


def beans_of_fen(fen: int, beans_per_yuan: int) -> int:
    """The beans that a budget buys at their price, rounded down."""
    return fen * beans_per_yuan // 100


def share_alike(fen: int, winners: int) -> int:
    """What each of so many winners gets of a prize that they share; what does not divide stays."""
    return fen // winners if winners else 0


def best(points: Sequence[int], lots: Sequence[float], places: int) -> list[int]:
    """Who wins: those with the most points, of equals the one with the smaller lot; nobody without a point."""
    ranked = sorted((k for k in range(len(points)) if points[k] > 0), key=lambda k: (-points[k], lots[k]))
    return ranked[:places]
