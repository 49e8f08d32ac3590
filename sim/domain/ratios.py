"""Ratios in parts per million: what a share of so many fen, beans or minutes is, in whole ones.

A ratio is written as 1.15 or "115 %" and kept as 1_150_000 (`sim.units`), so that 100 × 1.15 is 115 and not what
a binary fraction leaves of it. A share is rounded once, at the end, to the nearest whole amount, halves to the even
one: as the seller's agreement's donations are booked, and so that many small shares are neither too much nor too
little together. A limit (a cap, a fee's most) is rounded down: what may not be exceeded is not rounded up.

Whole numbers of 64 bits, compiled or not: an amount times its ratio stays below 2^63. A ratio is at most 100
(`MOST_PPM`), so an amount may be 92 billion; fen of one gift or order have 31 bits.
"""

from __future__ import annotations

PPM = 1_000_000
MOST_PPM = 100 * PPM


def share_of(amount: int, ratio_ppm: int) -> int:
    """The share of an amount, rounded once, halves to even; amount and ratio are not negative."""
    return nearest(amount * ratio_ppm, PPM)


def nearest(dividend: int, divisor: int) -> int:
    """The nearest whole quotient, halves to even; neither is negative, and the divisor is not 0."""
    whole = dividend // divisor
    rest = dividend - whole * divisor
    if rest > divisor - rest or (rest == divisor - rest and whole % 2 == 1):
        return whole + 1
    return whole


def most_of(amount: int, ratio_ppm: int) -> int:
    """The most that may be taken of an amount under a limit: rounded down."""
    return amount * ratio_ppm // PPM
