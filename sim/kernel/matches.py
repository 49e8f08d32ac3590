"""Matches (配捐): which sponsor's promise covers a gift or an order, and what is asked of its pool.

`G.matches` and `G.cofunds` are the promises of gifts and of orders as published, in the order of the file: first those
that can be kept, then those whose pool has run dry. A dry pool is asked as well: what it cannot pay is
unmet (`sim.engine.unmet`).
"""

from __future__ import annotations

from math import log
from typing import Any

from sim.compiling import rule
from sim.domain.ratios import PPM
from sim.kernel.donors import has_given
from sim.kernel.rows import MAX_COFUNDS, NOBODY
from sim.kernel.rules import match_asked_fen, ratio_at, unit
from sim.kernel.world import Who, World

ANY_CAUSE = -1


@rule
def covers(row: Any, mask: int, who: Who, cause: int, R: Any) -> bool:
    """Whether a promise is for somebody for whom these rules hold, and for a project of that cause."""
    if (mask >> row.rule) & 1 == 0 or (row.cause != ANY_CAUSE and row.cause != cause):
        return False
    return row.first == 0 or not has_given(who, R)


@rule
def announced(who: Who, mask: int, cause: int, w: World) -> float:
    """Log-odds of giving by the match that somebody is shown beside a project: the first that covers it (presence
    counts, not how many there are)."""
    for k in range(w.G.n_matches):
        if covers(w.G.matches[k], mask, who, cause, w.R):
            return float(w.G.matches[k].pull)
    return 0.0


@rule
def match_of(who: Who, mask: int, cause: int, fen: int, w: World) -> int:
    """The promise for a gift of so many fen, NOBODY for none: the first that covers it and gives for that size."""
    for k in range(w.G.n_matches):
        row = w.G.matches[k]
        if ratio_at(fen, row.above, row.ratio, row.tiers) > 0 and covers(row, mask, who, cause, w.R):
            return int(k)
    return NOBODY


@rule
def cofund_of(who: Who, mask: int, fen: int, w: World) -> int:
    """The same for a pledge of so many fen."""
    for k in range(w.G.n_cofunds):
        row = w.G.cofunds[k]
        if ratio_at(fen, row.above, row.ratio, row.tiers) > 0 and covers(row, mask, who, ANY_CAUSE, w.R):
            return int(k)
    return NOBODY


@rule
def label_look(who: Who, mask: int, beans: bool, w: World) -> int:
    """Which chance to be taken somebody's look at a label gives: by whether it shows them beans, and by the first
    promise to add to pledges that is kept for them."""
    look = (1 + MAX_COFUNDS) * beans
    for k in range(w.G.live_cofunds):
        if covers(w.G.cofunds[k], mask, who, ANY_CAUSE, w.R):
            return int(look + 1 + k)
    return int(look)


@rule
def asked(row: Any, fen: int) -> int:
    """What a gift or a pledge asks: its ratio, at most the most for one; by lot this is the mean."""
    return match_asked_fen(fen, ratio_at(fen, row.above, row.ratio, row.tiers), row.most)


@rule
def drawn(row: Any, fen: int, lot: int) -> int:
    """The same by a lot of its own: an exponential multiple where the promise draws one."""
    if row.lot == 0:
        return asked(row, fen)
    ratio = ratio_at(fen, row.above, row.ratio, row.tiers)
    return int(min(fen * ratio * -log(unit(lot)) / PPM + 0.5, row.most))
