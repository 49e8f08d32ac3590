"""Who has given before: what a donor brings along as the scenario begins, and what a gift leaves behind.

Nothing of a past is counted as given here: only who gives again, and how much, follow from it.
"""

from __future__ import annotations

from typing import Any

from sim.behaviour.giving import parts_of_gift
from sim.compiling import rule
from sim.kernel.rules import philox, quantile, unit
from sim.kernel.world import Who
from sim.streams import Purpose

PAST_DRAW = int(Purpose.PAST)
KNOWS_DRAW = int(Purpose.KNOWS)
# Rows of the table of pasts: each column is one of equally likely values.
PAST_GIFTS, PAST_MONTHS, PAST_YUAN = range(3)
MOST_GIFTS = 255
MOST_YUAN = 65_535
MOST_PARTS = 5  # gifts that one decision may be split into


@rule
def has_past(who: Who, lots: Any, R: Any) -> bool:
    """Whether somebody gave before the scenario began; farmers did not."""
    return bool(who.user < R.honest and unit(lots[0]) < R.donors_at_start)


@rule
def has_given(who: Who, R: Any) -> bool:
    """Whether somebody gave in this run: more than they brought along."""
    lots = philox(R.k0, R.k1, who.user, 0, 0, PAST_DRAW)
    before = int(R.past[PAST_GIFTS, quantile(lots[1])]) if has_past(who, lots, R) else 0
    return bool(who.u.gifts > before)


@rule
def recall_past(who: Who, R: Any) -> None:
    """Some users have given before the scenario begins: how often, how long ago, how much at most."""
    u = who.u
    lots = philox(R.k0, R.k1, who.user, 0, 0, PAST_DRAW)
    if not has_past(who, lots, R):
        return
    u.gifts = int(R.past[PAST_GIFTS, quantile(lots[1])])
    u.gift_month = -int(R.past[PAST_MONTHS, quantile(lots[2])])
    u.gift_yuan = int(R.past[PAST_YUAN, quantile(lots[3])])


@rule
def remember_gift(u: Any, fen: int, month: int) -> None:
    """What somebody decided to give is one gift more of theirs, in however many parts it came."""
    u.gifts = min(u.gifts + 1, MOST_GIFTS)
    u.gift_yuan = max(u.gift_yuan, min((fen + 99) // 100, MOST_YUAN))
    u.gift_month = month


@rule
def parts_given(who: Who, fen: int, by_lot: bool, R: Any) -> int:
    """In how many gifts the fen are given: one, but for those who know that their match draws a lot a gift."""
    if not by_lot:
        return 1
    if unit(philox(R.k0, R.k1, who.user, 0, 0, KNOWS_DRAW)[0]) >= R.giving_split_share:
        return 1
    return parts_of_gift(fen, R.giving_split_parts, MOST_PARTS)
