"""Which deed comes next: every option has a clock of its own, and the first to ring is taken.

A clock is wound to an Exp(1) of the option's own key and runs as fast as the option weighs, so the next to ring is
each option with the chance of its share of the weights: one draw over cumulated weights, taken apart. What has rung is
wound anew; the others keep what they have run, which, an Exp(1) having no memory, is as good as a new draw.

So a dearer quiz rings sooner or more often and moves nothing else: every other deed, and the end of the session, ring
when they would have rung (the common reaction paths of Rathinam, Sheppard & Khammash 2010).
"""

from __future__ import annotations

from sim.compiling import rule
from sim.kernel.rows import MAX_DEEDS
from sim.kernel.rules import exponential, philox
from sim.kernel.world import Pen, Who, World
from sim.streams import Purpose

CHOICE_DRAW = int(Purpose.CHOICE)
STOP = 0  # the option of ending the session; deed j is option 1 + j
SHARE = 4  # options that share a draw
PLACES = MAX_DEEDS // SHARE + 1
RUN_OUT = 0.0


@rule
def option_lots(who: Who, key: int, place: int, turn: int, w: World) -> tuple[int, int, int, int]:
    """The words of four options, from `place` · 4 on, for the (1 + turn)th time that one of them rings in a session."""
    return philox(w.R.k0, w.R.k1, who.user, key, place + PLACES * turn, CHOICE_DRAW)


@rule
def wind(who: Who, key: int, w: World, pen: Pen) -> None:
    """A session begins: wind the clocks of what can be chosen, four with one draw. The others wait until it can."""
    weights, clocks, turns = pen.book.weights, pen.book.clocks, pen.book.turns
    lots = option_lots(who, key, 0, 0, w)
    clocks[STOP] = exponential(lots[STOP])
    for j in range(w.R.n_deeds):
        option = 1 + j
        if option % SHARE == 0:
            lots = option_lots(who, key, option // SHARE, 0, w)
        clocks[option] = exponential(lots[option % SHARE]) if weights[j] > 0.0 else RUN_OUT
        turns[option] = 0


@rule
def picked(who: Who, key: int, sub: int, w: World, pen: Pen) -> int:
    """The deed whose clock rings first, by the book's weights; -1 if the session's end does. `sub` is the slot."""
    R, weights, clocks, turns = w.R, pen.book.weights, pen.book.clocks, pen.book.turns
    if sub == 0:
        wind(who, key, w, pen)
    first = -1
    soonest = clocks[STOP] / R.stop_weight
    for j in range(R.n_deeds):
        weight = weights[j]
        if weight > 0.0:
            option = 1 + j
            if clocks[option] <= RUN_OUT:
                lots = option_lots(who, key, option // SHARE, turns[option], w)
                clocks[option] = exponential(lots[option % SHARE])
            if clocks[option] < soonest * weight:
                first = j
                soonest = clocks[option] / weight
    if first < 0:
        return -1
    clocks[STOP] -= soonest * R.stop_weight
    for j in range(R.n_deeds):
        clocks[1 + j] -= soonest * weights[j]
    clocks[1 + first] = RUN_OUT
    turns[1 + first] += 1
    return first


@rule
def own_lots(j: int, pen: Pen) -> int:
    """The sub-slot of the luck of deed j, just picked: by how often it was done in this session, whatever else was."""
    return int(j + MAX_DEEDS * (pen.book.turns[1 + j] - 1))
