"""What farmers do: deeds that a script can do, vouchers, and gifts that go round for the match.

A script is nobody in particular. It does what is done on the spot; whatever needs a person, of age, with an account or
with a body (service, blood), is closed to it.
"""

from __future__ import annotations

from typing import Any

from sim.bookkeeping import Kind
from sim.compiling import rule, table_rule
from sim.kernel import tallies as T
from sim.kernel.chances import take_part
from sim.kernel.choosing import feasible
from sim.kernel.deeds import ask_match, count_today, harvest, plain_deed, redeem
from sim.kernel.incentives import holding, in_days, live, note_paid, pays
from sim.kernel.matches import asked, covers
from sim.kernel.rows import E_DEED, E_REDEEM, MAX_AGE, MAX_DEEDS, NO_DEED, NOBODY
from sim.kernel.visits import limit_of
from sim.kernel.world import Pen, Slot, Who, World
from sim.kernel.writing import MOST, record, writes
from sim.spans import DAY_S

K_GIFT = int(Kind.GIFT)
K_BACK = int(Kind.RECYCLE_BACK)
MOST_FARMED = MAX_DEEDS  # deeds of an account in a day (A)


@rule
def can_script(u: Any, j: int, effect: int, limit: int, w: World) -> bool:
    """Whether a script can do deed j now and that is its effect: nobody's deed, no adult's and no holder's."""
    return bool(w.R.deeds[j].effect == effect and feasible(u, j, limit, w, True, False))


@rule
def best_paid(who: Who, day: int, mask: int, w: World, pen: Pen) -> int:
    """The best paid deed that a script can do now; -1 if nothing pays or the device's cap is reached."""
    u, best, beans = who.u, -1, 0
    if u.beans_today < w.R.farmer_cap:
        for j in range(w.R.n_deeds):
            if can_script(u, j, E_DEED, limit_of(j, mask, w.R), w):
                paid = pays(who.user, j, w.R.deeds[j].beans, day, u.streak, mask, w, pen)
                if paid > beans:
                    best, beans = j, paid
    return best


@table_rule
def farmed_beans(rows: Any, now_s: int, given: World, sheet: Pen) -> int:
    """What an account that nobody blocks earns a day under the rules as they stand; `rows` is one blank user."""
    w = World(
        given.R[0], given.G[0], given.clock, given.product, given.places, given.activities, given.vouchers
    )
    pen = Pen(
        sheet.out, sheet.errands, sheet.book[0], sheet.traffic, sheet.points, sheet.counted, sheet.marks, sheet.prices,
        sheet.visits,
    )  # fmt: skip
    who, day, earned = Who(0, rows[0], 0), now_s // DAY_S, 0
    mask = (w.R.for_all & in_days(0, 0, MAX_AGE, w.R)) & live(now_s, w.R)
    for _ in range(MOST_FARMED):
        j = best_paid(who, day, mask, w, pen)
        if j < 0:
            break
        count_today(who.u, j)
        paid = pays(0, j, w.R.deeds[j].beans, day, 0, mask, w, pen)
        paid = min(paid, w.R.farmer_cap - who.u.beans_today)
        note_paid(0, j, paid, day, mask, w, pen)
        who.u.beans_today = who.u.beans_today + paid
        earned += paid
    return earned


@writes(
    MOST_FARMED * (MOST["plain_deed"].records + MOST["take_part"].records) + 4, MOST_FARMED * MOST["grant"].errands
)  # fmt: skip
def farm(who: Who, t_us: int, day: int, segment: int, w: World, pen: Pen) -> None:
    """A farmer's session: what pays best, again and again, up to the cap; harvest; cash in what can be cashed."""
    u, R, G = who.u, w.R, w.G
    mask = holding(who, t_us // 1_000_000, segment, R)
    for nth in range(MOST_FARMED):
        j = best_paid(who, day, mask, w, pen)
        if j < 0:
            break
        count_today(u, j)
        plain_deed(who, t_us, j, R.farmer_cap - u.beans_today, mask, w, pen)
        take_part(who, t_us, j, day * 16, nth, mask, w, pen)
        t_us += 1_000_000
    harvest(who, t_us, day, w, pen)
    for j in range(R.n_deeds):
        if can_script(u, j, E_REDEEM, limit_of(j, mask, R), w):
            count_today(u, j)
            redeem(who, Slot(t_us + 1, day, day, 0), w, pen)
            break
    if G.recycler != NOBODY and (who.user & 1) == 0:
        k = best_match(who, mask, w)
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
