"""What happens at a barrier to claims on scarce things: pools, budgets of rules, places, vouchers, recruits.

Claims come sorted by (time, keyed hash, user); each gets what is left at its turn. The result stands in
the record itself (match granted, outcome) and on the user's row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import Kind
from sim.compiling import rule, table_rule
from sim.kernel import tallies as T
from sim.kernel.deeds import reach_benefits
from sim.kernel.growing import grow, spend_earliest
from sim.kernel.hours import add_minutes, credit
from sim.kernel.incentives import MOST_BEANS, holding, promise, put_back
from sim.kernel.lifetime import roll_day, start_playing
from sim.kernel.place import place_of, segment_of
from sim.kernel.rows import (
    BLOCKED,
    CLAIMING,
    DONATED,
    ENDOWED,
    GONE,
    GROWING_DAYS,
    MAX_BADGES,
    NOBODY,
    PLAYER,
    SERVICE,
    SERVING,
    VOUCHER_CANCEL,
    VOUCHER_SHIP,
)
from sim.kernel.rules import capped_match_fen, document_lots, granted_fen, unit
from sim.kernel.world import Pen, Who, World
from sim.kernel.writing import MOST, file_errand, new_errand, writes
from sim.spans import DAY_S
from sim.streams import Purpose, draws

K_GIFT = int(Kind.GIFT)
K_CONFIRM = int(Kind.ORDER_CONFIRM)
K_BEAN_GIFT = int(Kind.BEAN_GIFT)
K_REDEEM = int(Kind.REDEEM_HOLD)
K_SIGN_UP = int(Kind.SIGN_UP)
K_SHARE = int(Kind.SHARE)
K_GRANT = int(Kind.GRANT)
K_PRIZE = int(Kind.PRIZE)
VOUCHER_DRAW = int(Purpose.SERVICE)
ACCEPTED, REFUSED = 0, 1
OWED = 254  # outcome of a claim that is paid later: it stands in no stream until it is due
# The match that a row of the stream asked of its pool, where it got less: the stream says what it got.
ASKED = np.dtype([("t", "i8"), ("agent", "u4"), ("number", "u4"), ("match", "i8")])


def claim_order(seed: int, replication: int, claims: NDArray[np.void]) -> NDArray[np.intp]:
    """The order in which claims are served: by time, then by a keyed hash, then by user."""
    lot = draws(seed, replication, Purpose.CLAIM, claims["agent"], claims["number"])[0]
    return np.lexsort((claims["number"], claims["agent"], lot, claims["t"]))


def short_matches(claims: NDArray[np.void], asked: NDArray[np.int64]) -> NDArray[np.void]:
    """What served claims asked for, of those that got less."""
    short = np.flatnonzero(asked > claims["match"])
    noted = np.zeros(len(short), ASKED)
    for name in ("t", "agent", "number"):
        noted[name] = claims[name][short]
    noted["match"] = asked[short]
    return noted


@table_rule
def allot(
    claims: Any, pools: Any, limits: Any, given: Any, matched: Any, places: Any, vouchers: Any, asked: Any,
    budgets: Any,
) -> None:  # fmt: skip
    """Serve sorted claims. `pools[k]` is what is left in a pool. By the column `rule`: `limits` (the rule's budget, its
    cap per account, its row of matched) and `given`, what it gave; `matched[row, user]` is what each account got.
    `asked[k]` becomes the match that claim k asks of the pool: what rule and account still allow counts before, what
    is left of the pool after. `budgets[k]` are the beans that rule k has left.

    A match gets min(asked, left); money for beans, prizes and what rules grant are paid whole or refused; a place or a
    voucher is there or not. Exact to the last fen and bean.
    """
    for k in range(len(claims)):
        c = claims[k]
        if c.kind == K_GIFT or c.kind == K_CONFIRM:
            pool = c.pool - 1
            budget, cap, row = limits[c.rule, 0], limits[c.rule, 1], limits[c.rule, 2]
            asked[k] = capped_match_fen(c.match, given[c.rule], budget)
            if cap > 0:
                asked[k] = capped_match_fen(asked[k], matched[row, c.agent], cap)
            got = granted_fen(asked[k], pools[pool])
            if cap > 0:
                matched[row, c.agent] += got
            given[c.rule] += got
            c.match = got
            pools[pool] -= got
            c.outcome = ACCEPTED
        elif c.kind == K_BEAN_GIFT or c.kind == K_PRIZE:
            pool = c.pool - 1
            c.outcome = REFUSED
            if c.fen <= pools[pool]:
                pools[pool] -= c.fen
                c.outcome = ACCEPTED
        elif c.kind == K_GRANT:
            c.outcome = REFUSED
            if c.beans <= budgets[c.rule - 1]:
                budgets[c.rule - 1] -= c.beans
                c.outcome = ACCEPTED
        elif c.kind == K_REDEEM:
            c.outcome = REFUSED
            if vouchers[c.deed].stock > 0:
                vouchers[c.deed].stock -= 1
                c.outcome = ACCEPTED
        elif c.kind == K_SIGN_UP:
            c.outcome = REFUSED
            if places[c.party] > 0:
                places[c.party] -= 1
                c.outcome = ACCEPTED
        else:
            c.outcome = ACCEPTED


@rule
def note_prize(who: Who, c: Any, R: Any) -> None:
    """Who uses as many beans as a goal asks for has reached it: the head start has done its work, a slump follows."""
    if R.saving == 0:
        return
    u = who.u
    goals = R.saving & holding(who, c.t // 1_000_000, segment_of(place_of(who.user, R)[1], R), R)
    for k in range(R.n_rules):
        if (goals >> k) & 1 and c.beans >= R.rules[k].beans:
            u.flags = u.flags & ~ENDOWED
            u.slump_until = c.t // (DAY_S * 1_000_000) + int(R.goal_slump_days)


@writes(0, 1)
def file_voucher(who: Who, c: Any, period: int, now_s: int, w: World, pen: Pen) -> None:
    """A voucher that was granted will be shipped, or now and then cancelled."""
    k = new_errand(pen)
    e = pen.errands[k]
    lots = document_lots(who.user, c.ref, 1, VOUCHER_DRAW, w.R)
    e.ref = c.ref
    e.price = c.beans
    e.fen = period
    e.project = NOBODY
    e.party = c.deed
    e.step = VOUCHER_CANCEL if unit(lots[0]) < w.vouchers[c.deed].cancel else VOUCHER_SHIP
    e.due = now_s + 3600 + int(unit(lots[1]) * w.vouchers[c.deed].ship_s)
    file_errand(who.u, pen.errands, k)


def settled_room(friends: int, claims: int, benefits: int, rules: int) -> int:
    """The most records that settling may write: for friends who were reached that they enter, and what rules give them
    then; for other claims the benefits and badges that were reached."""
    return friends * (1 + 2 * rules) + claims * (benefits + MAX_BADGES)


@table_rule
def settle(claims: Any, users: Any, next_s: Any, now_s: int, given: World, sheet: Pen) -> None:
    """Write the barrier's decisions on the claimants' rows: beans spent, errands filed, recruits woken.

    Records of recruits and of benefits reached go to the pen. `given.activities` is the full table by id.
    """
    w = World(
        given.R[0], given.G[0], given.clock, given.product, given.places, given.activities, given.vouchers
    )
    pen = Pen(
        sheet.out, sheet.errands, sheet.book[0], sheet.traffic, sheet.points, sheet.counted, sheet.marks, sheet.prices,
        sheet.visits,
    )  # fmt: skip
    R, tally = w.R, pen.book.tally
    for k in range(len(claims)):
        c = claims[k]
        if c.kind == K_SHARE:
            befriend(c, users, next_s, now_s, w, pen)
            continue
        if c.kind == K_GRANT or c.kind == K_PRIZE:
            receive(c, users, next_s, now_s, w, pen)
            continue
        u = users[c.agent]
        who = Who(c.agent, u, c.channel)
        u.flags = u.flags & ~CLAIMING
        now = R.days[min(c.t // (DAY_S * 1_000_000), R.n_days - 1)].period
        if c.kind == K_GIFT or c.kind == K_CONFIRM:
            if c.kind == K_GIFT:
                tally[T.MATCHED_FEN] += c.match
            else:
                tally[T.ORDER_MATCH_FEN] += c.match
        elif c.outcome != ACCEPTED:
            if c.kind == K_SIGN_UP:
                u.flags = u.flags & ~SERVING
            elif c.kind == K_BEAN_GIFT:
                tally[T.BEAN_GIFT_REFUSED] += 1
            else:
                tally[T.REDEEM_REFUSED] += 1
        elif c.kind == K_BEAN_GIFT:
            spend_earliest(u, c.beans, now)
            note_prize(who, c, R)
            before = u.labour + u.donated
            c.minutes = add_minutes(u, R.deeds[c.deed].minutes, DONATED, w, pen)
            reach_benefits(who, c.t, before, w, pen)
            tally[T.BEANS_DONATED] += c.beans
            tally[T.BEAN_FEN] += c.fen
        elif c.kind == K_REDEEM:
            period = spend_earliest(u, c.beans, now)
            note_prize(who, c, R)
            tally[T.BEANS_HELD] += c.beans
            file_voucher(who, c, period, now_s, w, pen)
            next_s[c.agent] = min(next_s[c.agent], pen.errands[u.errand].due)
        else:
            file_service(u, c, now_s, w.activities, pen)
            next_s[c.agent] = min(next_s[c.agent], pen.errands[u.errand].due)


@writes(0, 1)
def file_service(u: Any, c: Any, now_s: int, activities: Any, pen: Pen) -> None:
    """A place was granted: the day of service stands in the user's list."""
    k = new_errand(pen)
    e = pen.errands[k]
    e.ref = c.ref
    e.price = activities[c.party].minutes
    e.fen = c.deed
    e.project = activities[c.party].project
    e.party = c.party
    e.step = SERVICE
    e.due = max(activities[c.party].start_s, now_s + 1)
    file_errand(u, pen.errands, k)


@writes(MOST["start_playing"].records, MOST["start_playing"].errands)
def befriend(c: Any, users: Any, next_s: Any, now_s: int, w: World, pen: Pen) -> None:
    """A friend was reached: if they begin to play, whoever invited them is remembered by the rules that pay for it."""
    user, rules = c.ref - 1, c.fen
    c.fen = 0
    if recruit(user, users, next_s, now_s, w, pen) and rules != 0:
        for k in range(w.R.n_rules):
            if (rules >> k) & 1:
                pen.marks[user, w.R.rules[k].column] = 1 + c.agent


@writes(MOST["reach_benefits"].records, 1)
def receive(c: Any, users: Any, next_s: Any, now_s: int, w: World, pen: Pen) -> None:
    """What a rule gives was decided: beans grow from the barrier's last second on, as a recruit enters; caps get back
    what was refused.

    A claim with `ref` was made for somebody else, by a friend they invited or by the rule itself: it becomes theirs. A
    blocked account gets nothing, nor does who has no room for so many beans; the budget takes that back.
    """
    R, own = w.R, c.ref == 0
    user = c.agent if own else c.ref - 1
    u, caps = users[user], c.fen
    if not own:
        c.agent, c.number, c.channel = user, u.number, u.channel
        c.t, c.ref = now_s * 1_000_000 - 1, 0
        u.number = u.number + 1
    if u.flags & BLOCKED:
        c.outcome = REFUSED
    if c.kind == K_PRIZE:
        return
    day, later_s = (now_s - 1) // DAY_S, c.match
    c.fen = c.match = 0
    if u.growing[day % GROWING_DAYS] + c.beans > MOST_BEANS:
        c.outcome = REFUSED
    if c.outcome != ACCEPTED:
        c.minutes = 0
        put_back(user, caps, c.beans, day, R, pen)
        if own and u.day == day:
            u.beans_today = u.beans_today - min(c.beans, u.beans_today)
    elif later_s > 0:
        c.outcome = OWED
        later_s = max(later_s, now_s + 1 - c.t // 1_000_000)
        who = Who(user, u, c.channel)
        promise(who, c.rule - 1, c.t, later_s, c.beans, c.minutes, c.klass, c.deed, pen)
        next_s[user] = min(next_s[user], pen.errands[u.errand].due)
    else:
        roll_day(u, day, R)
        grow(u, (now_s - 1) * 1_000_000, c.beans, R)
        before = u.labour + u.donated
        c.minutes = credit(u, c.minutes, c.klass, R)
        reach_benefits(Who(user, u, c.channel), c.t, before, w, pen)
        next_s[user] = min(next_s[user], (day + 1) * DAY_S)


@writes(MOST["start_playing"].records, MOST["start_playing"].errands)
def recruit(user: int, users: Any, next_s: Any, now_s: int, w: World, pen: Pen) -> bool:
    """A friend who was reached and does not play yet begins in the barrier's last second: at midnight the day
    that closes needs the record. Whether they do."""
    u = users[user]
    if u.flags & (PLAYER | GONE) or now_s // DAY_S >= w.R.n_days:
        return False
    start_playing(Who(user, u, u.channel), now_s - 1, w, pen)
    next_s[user] = min(next_s[user], u.play_s)
    return True
