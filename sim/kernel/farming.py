"""What farmers do: deeds that a script can do, vouchers, and gifts that go round for the match.

A script is nobody in particular. It does what is done on the spot; whatever needs a person, of age, with an account or
with a body (service, blood), is closed to it.
"""

from __future__ import annotations

from typing import Any

from sim.bookkeeping import Kind
from sim.compiling import rule, table_rule
from sim.kernel import tallies as T
from sim.kernel.choosing import feasible
from sim.kernel.deeds import ask_match, count_today, harvest, plain_deed, redeem
from sim.kernel.matches import asked, covers
from sim.kernel.rows import E_DEED, E_REDEEM, MAX_DEEDS, NO_DEED, NOBODY
from sim.kernel.rules import capped_beans
from sim.kernel.world import Pen, Slot, Who, World
from sim.kernel.writing import MOST, record, writes

K_GIFT = int(Kind.GIFT)
K_BACK = int(Kind.RECYCLE_BACK)
MOST_FARMED = MAX_DEEDS  # deeds of an account in a day (A)
ALL_HOLD = -1


@rule
def can_script(u: Any, j: int, effect: int, w: World) -> bool:
    """Whether a script can do deed j now and that is its effect: nobody's deed, no adult's and no holder's."""
    return bool(w.R.deeds[j].effect == effect and feasible(u, j, w, True, False))


@rule
def best_paid(u: Any, w: World) -> int:
    """The best paid deed that a script can do now; -1 if nothing pays or the device's cap is reached."""
    best = -1
    beans = 0
    if u.beans_today < w.R.farmer_cap:
        for j in range(w.R.n_deeds):
            if w.G.reward[0, 0, j] > beans and can_script(u, j, E_DEED, w):
                best = j
                beans = w.G.reward[0, 0, j]
    return best


@table_rule
def farmed_beans(rows: Any, given: World) -> int:
    """What an account that nobody blocks earns a day under the rewards as published; `rows` is one blank user."""
    w = World(
        given.R[0], given.G[0], given.clock, given.product, given.places, given.activities, given.vouchers
    )
    u = rows[0]
    for _ in range(MOST_FARMED):
        j = best_paid(u, w)
        if j < 0:
            break
        count_today(u, j)
        u.beans_today = u.beans_today + capped_beans(w.G.reward[0, 0, j], u.beans_today, w.R.farmer_cap)
    return int(u.beans_today)


@writes(MOST_FARMED * MOST["plain_deed"].records + 4)
def farm(who: Who, t_us: int, day: int, w: World, pen: Pen) -> None:
    """A farmer's session: what pays best, again and again, up to the cap; harvest; cash in what can be cashed."""
    u, R, G = who.u, w.R, w.G
    for _ in range(MOST_FARMED):
        j = best_paid(u, w)
        if j < 0:
            break
        count_today(u, j)
        plain_deed(who, t_us, j, R.farmer_cap, w, pen)
        t_us += 1_000_000
    harvest(who, t_us, day, w, pen)
    for j in range(R.n_deeds):
        if can_script(u, j, E_REDEEM, w):
            count_today(u, j)
            redeem(who, Slot(t_us + 1, day, day, 0), w, pen)
            break
    if G.recycler != NOBODY and (who.user & 1) == 0:
        k = best_match(who, ALL_HOLD, w)
        if k != NOBODY:
            recycle(who, t_us + 2, G.matches[k], G, pen)


@rule
def best_match(who: Who, mask: int, w: World) -> int:
    """The promise that would add the most to a gift to the recycler; NOBODY if none holds for this script."""
    best = NOBODY
    most = 0
    for k in range(w.G.live_matches):
        row = w.G.matches[k]
        adds = asked(row, row.best)
        if adds > most and covers(row, mask, who, w.G.recycler_cause, w.R):
            best = k
            most = adds
    return best


@writes(2)
def recycle(who: Who, t_us: int, row: Any, G: Any, pen: Pen) -> None:
    """Match farming: the gift that draws the most, to one's own NGO, which hands it back at once (99 Giving Day, F).

    What stays with the project is the sponsor's match. The gift's money is never there to be asked for, nor is it a
    deed done.
    """
    u = who.u
    made = record(pen, who, t_us, K_GIFT)
    made.fen = row.best
    made.project = G.recycler
    made.klass = 1
    made.deed = NO_DEED
    ask_match(made, row, asked(row, row.best))
    back = record(pen, who, t_us + 1, K_BACK)
    back.fen = made.fen
    back.project = made.project
    back.ref = made.number
    u.gifts = min(u.gifts + 1, 255)
    pen.book.tally[T.GIFTS] += 1
    pen.book.tally[T.GIFT_FEN] += made.fen
    pen.book.tally[T.RECYCLED_FEN] += made.fen
