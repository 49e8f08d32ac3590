"""Staff (员工): hours they owe a financial year, what ends when they are met, and the year that begins anew.

Where a new financial year begins while the scenario runs, it stands in the errands of each of the staff like
anything else that falls due: `ref` is the number of the year that begins, `fen` the labour when the present one began.
"""

from __future__ import annotations

from typing import Any

from sim.compiling import rule
from sim.kernel.lifetime import BUDGET_DRAW, LIFELONG, come_back, plays_from_start
from sim.kernel.rows import BLOCKED, GONE, NEVER, NEW_YEAR, NOBODY
from sim.kernel.rules import exponential, philox
from sim.kernel.world import Pen, Who, World
from sim.kernel.writing import file_errand, new_errand, writes
from sim.spans import DAY_S

LEFT = -1.0  # a lifetime budget that does not bear another day


@rule
def staff_year(u: Any, errands: Any) -> tuple[int, int]:
    """The number of the financial year this member of staff is in, and their labour when it began."""
    at = u.errand
    while at != NOBODY:
        if errands[at].step == NEW_YEAR:
            return int(errands[at].ref) - 1, int(errands[at].fen)
        at = errands[at].next
    return 0, 0


@rule
def leave_off(who: Who, year: int, R: Any) -> None:
    """The norm is met and nobody pushes any more: who would play anyhow goes on as others do, the rest do not."""
    lot = philox(R.k0, R.k1, who.user, year, 0, BUDGET_DRAW)[0]
    who.u.budget = exponential(lot) if plays_from_start(who, R) else LEFT


@writes(0, 1)
def owe_hours(who: Who, R: Any, pen: Pen) -> None:
    """As the scenario begins: no member of staff drops out before the norm is met; the next year is noted."""
    who.u.budget = LIFELONG
    if R.new_years[0] == NEVER:
        return
    k = new_errand(pen)
    e = pen.errands[k]
    e.step = NEW_YEAR
    e.due = R.new_years[0]
    e.ref = 1
    e.price = 0
    e.fen = 0
    e.project = NOBODY
    e.party = NOBODY
    file_errand(who.u, pen.errands, k)


@writes(0)
def begin_year(who: Who, k: int, w: World, pen: Pen) -> None:
    """A financial year begins: the norm is owed anew, and who had left off comes back for it."""
    u, e, R = who.u, pen.errands[k], w.R
    day = e.due // DAY_S
    e.fen = u.labour
    e.due = R.new_years[e.ref]
    e.ref = e.ref + 1
    file_errand(u, pen.errands, k)
    if u.flags & BLOCKED:
        return
    u.flags = u.flags & ~GONE
    u.budget = LIFELONG
    if u.play_s == NEVER:
        come_back(who, day - 1, w, pen)
