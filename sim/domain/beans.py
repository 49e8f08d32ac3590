"""Beans (爱豆): grown, harvested, spent earliest first, and gone in time. Whole numbers only.

What grows is kept by lots: a lot begins at a second and gathers what is earned for its length. What is harvested is
kept by periods, at whose end it expires. Seconds count from the scenario's start.
"""

from __future__ import annotations

from collections.abc import Sequence


def is_ripe(now_s: int, lot_s: int, lot_length_s: int, ripen_s: int, fade_s: int) -> bool:
    """Whether beans of a lot can be harvested now: ripe, and not yet gone."""
    return lot_s + ripen_s <= now_s < lot_s + lot_length_s + ripen_s + fade_s


def gone_at_s(lot_s: int, lot_length_s: int, ripen_s: int, fade_s: int) -> int:
    """When unharvested beans of a lot fade: a lot is kept until the last bean that it may hold has had its time."""
    return lot_s + lot_length_s + ripen_s + fade_s


def expiry_period(month: int, valid_months: int) -> int:
    """Period at whose end beans harvested in a month expire; 0 valid months means that month's end."""
    return month + valid_months


def capped_beans(asked: int, today: int, cap: int) -> int:
    """What is issued of `asked` beans after `today` were issued: never negative, never above the cap."""
    return max(0, min(asked, cap - today))


def full_hundreds(beans: int) -> int:
    """The most that can be given of so many beans: "give all" gives full hundreds."""
    return beans // 100 * 100


def fen_of_beans(beans: int, beans_per_yuan: int) -> int:
    """What a sponsor pays for beans, in fen, rounded down; exact for full hundreds at 100 beans a yuan."""
    return beans * 100 // beans_per_yuan


def spend_earliest(buckets: Sequence[int], amount: int) -> tuple[int, ...] | None:
    """How much each bucket gives of `amount`, buckets in order of expiry; None if they hold less."""
    if amount < 0 or amount > sum(buckets):
        return None
    taken = []
    left = amount
    for held in buckets:
        part = min(held, left)
        taken.append(part)
        left -= part
    return tuple(taken)
