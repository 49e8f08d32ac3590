"""The kernel: plays every due user of a block from one barrier to the next.

This is the model in one page. A user's life is one merged line of time: beans that fade at midnight,
errands that fall due (an order's next step, a voucher, a day of service), shopping visits, play sessions.
Whatever is earliest happens next; what nobody is due for costs nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.bookkeeping import Kind
from sim.compiling import making_table_rule, rule, table_rule
from sim.kernel import tallies as T
from sim.kernel.chances import take_part
from sim.kernel.deeds import reach_benefits
from sim.kernel.donors import recall_past
from sim.kernel.growing import grow, spend_earliest
from sim.kernel.hours import add_minutes, credit
from sim.kernel.incentives import BESIDE, MOST_BEANS, NO_LIMIT, earn, grant, holding, lasts
from sim.kernel.lifetime import (
    BUDGET_DRAW,
    NEVER_BROKE,
    come_back,
    plays_from_start,
    roll_day,
    start_lots,
    start_playing,
)
from sim.kernel.place import channel_of, is_eligible, is_staff, place_of, segment_of
from sim.kernel.rows import (
    BLOCKED,
    CANCEL,
    GONE,
    GROWING_DAYS,
    HOLDER,
    IN_TEAM,
    LABOUR,
    LATER,
    MAX_AGE,
    MAX_RULES,
    NEVER,
    NEW_YEAR,
    NOBODY,
    PERIODS,
    PLAYER,
    SERVICE,
    SERVING,
    VOUCHER_SHIP,
)
from sim.kernel.rules import (
    document_lots,
    exponential,
    farm_second,
    gone_at_s,
    next_visit_s,
    oldest_lot,
    philox,
    service_minutes,
    share_of,
    total_available,
    unit,
)
from sim.kernel.session import session
from sim.kernel.shopping import order_step, shopping_rate, visit
from sim.kernel.staff import begin_year, owe_hours
from sim.kernel.world import Pen, Who, World
from sim.kernel.writing import MOST, drop_errand, record, take_errand, writes
from sim.spans import DAY_S
from sim.streams import OF_ORDERS, Purpose

SERVICE_DRAW = int(Purpose.SERVICE)
K_FADE = int(Kind.FADE)
K_EXPIRE = int(Kind.EXPIRE)
K_DECAY = int(Kind.DECAY)
K_DEED = int(Kind.DEED)
K_GRANT = int(Kind.GRANT)
K_IMPORT = int(Kind.IMPORT)
K_SHIP = int(Kind.REDEEM_SHIP)
K_CANCEL = int(Kind.REDEEM_CANCEL)


@rule
def fading_s(u: Any, day: int, R: Any) -> int:
    """The midnight at which this user's oldest beans go, growing or available; NEVER if there are none.

    What is harvested or comes back after its period's end goes at the next midnight: time never runs
    backwards, and claims on these beans are decided before.
    """
    due = NEVER
    lot = oldest_lot(u.growing, day)
    if lot <= day:
        due = gone_at_s(lot * DAY_S, DAY_S, R.ripen_s, R.fade_s)
    now = R.days[min(day, R.n_days - 1)].period
    for period in range(max(now - PERIODS + 1, 0), now + 1):
        if u.available[period % PERIODS] > 0:
            tomorrow = (day + 1) * DAY_S
            return int(min(due, tomorrow if R.decaying != 0 else max(R.period_end[period], tomorrow)))
    return due


@rule
def next_due_s(u: Any, day: int, errands: Any, R: Any) -> int:
    """The next second at which anything happens to this user."""
    due = min(u.visit_s, u.play_s)
    if u.errand != NOBODY:
        due = min(due, errands[u.errand].due)
    if u.flags & PLAYER:
        due = min(due, fading_s(u, day, R))
    return int(due)


@writes(MAX_RULES)
def decay(who: Who, t_s: int, R: Any, pen: Pen) -> None:
    """At midnight t_s a share of harvested beans goes by the rules that held until then; the earliest expire first."""
    u = who.u
    if total_available(u.available) == 0:
        return
    day = t_s // DAY_S - 1
    decaying = R.decaying & holding(who, t_s - 1, segment_of(place_of(who.user, R)[1], R), R)
    for k in range(R.n_rules):
        if (decaying >> k) & 1:
            lost = share_of(total_available(u.available), R.rules[k].ppm)
            if lost > 0:
                spend_earliest(u, lost, R.days[min(day, R.n_days - 1)].period)
                gone = record(pen, who, t_s * 1_000_000, K_DECAY)
                gone.beans = lost
                gone.rule = k + 1
                pen.book.tally[T.BEANS_EXPIRED] += lost


@writes(1 + PERIODS + MOST["decay"].records)
def fade(who: Who, t_s: int, R: Any, pen: Pen) -> None:
    """At midnight t_s: growing beans past their time and available ones past their period are gone."""
    u = who.u
    day = t_s // DAY_S
    lot = oldest_lot(u.growing, day - 1)
    if lot < day and gone_at_s(lot * DAY_S, DAY_S, R.ripen_s, R.fade_s) <= t_s:
        gone = record(pen, who, t_s * 1_000_000, K_FADE)
        gone.beans = u.growing[lot % GROWING_DAYS]
        u.growing[lot % GROWING_DAYS] = 0
        pen.book.tally[T.BEANS_FADED] += gone.beans
    now = R.days[min(max(day - 1, 0), R.n_days - 1)].period
    for period in range(max(now - PERIODS + 1, 0), now + 1):
        if R.period_end[period] <= t_s and u.available[period % PERIODS] > 0:
            gone = record(pen, who, t_s * 1_000_000, K_EXPIRE)
            gone.beans = u.available[period % PERIODS]
            u.available[period % PERIODS] = 0
            pen.book.tally[T.BEANS_EXPIRED] += gone.beans
    if R.decaying != 0:
        decay(who, t_s, R, pen)


@writes(MOST["order_step"].records, MOST["order_step"].errands)
def run_errand(who: Who, w: World, pen: Pen) -> None:
    """The first errand of the list is due: a step of an order, a voucher, or a day of service."""
    u = who.u
    k = take_errand(u, pen.errands)
    e = pen.errands[k]
    if e.step <= CANCEL:
        order_step(who, k, w, pen)
        return
    if e.step == NEW_YEAR:
        begin_year(who, k, w, pen)
        return
    t_us = e.due * 1_000_000
    if e.step == SERVICE:
        serve(who, e, t_us, w, pen)
    elif e.step == LATER:
        pay_promise(who, e, t_us, w, pen)
    else:
        shipped = e.step == VOUCHER_SHIP
        made = record(pen, who, t_us, K_SHIP if shipped else K_CANCEL)
        made.beans = e.price
        made.ref = e.ref
        made.deed = e.party
        if shipped:
            pen.book.tally[T.BEANS_REDEEMED] += e.price
        else:
            pen.book.tally[T.BEANS_RELEASED] += e.price
            period = e.fen % PERIODS
            u.available[period] = u.available[period] + e.price
    drop_errand(pen, k)


@writes(1 + MOST["reach_benefits"].records)
def pay_promise(who: Who, e: Any, t_us: int, w: World, pen: Pen) -> None:
    """What a rule promised is due, whether or not they still play; a blocked account has lost it."""
    u = who.u
    pen.book.tally[T.BEANS_PROMISED] -= e.price
    if u.flags & BLOCKED:
        return
    R, day, before = w.R, e.due // DAY_S, u.labour + u.donated
    made = record(pen, who, t_us, K_GRANT)
    made.klass = e.fen & 1
    made.minutes = credit(u, e.fen >> 1, made.klass, R)
    made.beans = min(e.price, MOST_BEANS - u.growing[day % GROWING_DAYS])
    made.deed = e.party
    made.rule = e.project + 1
    roll_day(u, day, R)
    if made.beans > 0:
        grow(u, t_us, made.beans, R)
    reach_benefits(who, t_us, before, w, pen)


@writes(
    1 + MOST["grant"].records + MOST["take_part"].records + MOST["reach_benefits"].records,
    MOST["grant"].errands,
)
def serve(who: Who, e: Any, t_us: int, w: World, pen: Pen) -> None:
    """A volunteer's day: nine in ten come; every full six minutes count (公益时, F), beans for who plays."""
    u, R = who.u, w.R
    u.flags = u.flags & ~SERVING
    lots = document_lots(who.user, e.ref, 0, SERVICE_DRAW, R)
    if unit(lots[0]) < R.no_show:
        return
    worked = e.price - int(unit(lots[1]) * R.activities_leaves_early * e.price)
    before = u.labour + u.donated
    plays, mask = u.flags & (PLAYER | GONE) == PLAYER, 0
    if plays:
        roll_day(u, e.due // DAY_S, R)
        mask = holding(who, e.due, segment_of(place_of(who.user, R)[1], R), R)
    own = lasts(who.user, e.fen, service_minutes(worked), e.due // DAY_S, mask, w, pen)
    made = record(pen, who, t_us, K_DEED)
    made.minutes = add_minutes(u, own, LABOUR, w, pen)
    made.ref = e.ref
    made.party = e.party
    made.project = e.project
    made.deed = e.fen
    made.team = 1 if u.flags & IN_TEAM else 0
    if plays:
        made.beans = earn(who, t_us, e.fen, R.deeds[e.fen].beans, NO_LIMIT, mask, w, pen)
        grant(who, t_us, e.fen, LABOUR, mask, w, pen)
        take_part(who, t_us, e.fen, e.ref // 2, OF_ORDERS + e.ref % 2, mask, w, pen)
    pen.book.tally[T.DEEDS] += 1
    reach_benefits(who, t_us + BESIDE, before, w, pen)


# What one wake-up may need: beans fade, and then one thing happens.
ROOM_RECORDS, ROOM_ERRANDS = (
    MOST["fade"].records
    + max(
        MOST["run_errand"].records,
        MOST["visit"].records + MOST["start_playing"].records,
        MOST["session"].records,
    ),
    max(MOST[what].errands for what in ("run_errand", "visit", "session")),
)


@table_rule
def play_block(
    due: Any, resume: int, base_s: int, end_s: int, users: Any, next_s: Any, given: World, sheet: Pen
) -> int:
    """Play the users that are due, from place `resume` of `due` on, from base_s up to second end_s.

    Returns the place to go on with: len(due) when all have played, an earlier one when records or errands
    need room; the caller grows them and calls again.
    """
    w = World(
        given.R[0], given.G[0], given.clock, given.product, given.places, given.activities, given.vouchers
    )
    pen = Pen(
        sheet.out, sheet.errands, sheet.book[0], sheet.traffic, sheet.points, sheet.counted, sheet.marks, sheet.prices,
        sheet.visits,
    )  # fmt: skip
    R, book = w.R, pen.book
    for place in range(resume, len(due)):
        user = due[place]
        u = users[user]
        who = Who(user, u, u.channel)
        while next_s[user] < end_s:
            if book.records + ROOM_RECORDS > len(pen.out) or book.used + ROOM_ERRANDS > len(pen.errands):
                return place
            t_s = next_s[user]
            if u.flags & PLAYER and t_s % DAY_S == 0:
                fade(who, t_s, R, pen)
            if u.errand != NOBODY and pen.errands[u.errand].due == t_s:
                run_errand(who, w, pen)
            elif u.visit_s == t_s:
                if visit(who, t_s, base_s, w, pen):
                    start_playing(who, t_s, w, pen)
            elif u.play_s == t_s:
                session(who, t_s, w, pen)
            next_s[user] = next_due_s(u, t_s // DAY_S, pen.errands, R)
    return len(due)


@table_rule
def start_users(first: int, last: int, users: Any, next_s: Any, given: World, sheet: Pen) -> None:
    """Lay out users first … last: their first visit, and for those who play already their first day."""
    w = World(
        given.R[0], given.G[0], given.clock, given.product, given.places, given.activities, given.vouchers
    )
    pen = Pen(
        sheet.out, sheet.errands, sheet.book[0], sheet.traffic, sheet.points, sheet.counted, sheet.marks, sheet.prices,
        sheet.visits,
    )  # fmt: skip
    R = w.R
    for user in range(first, last):
        u = users[user]
        u.errand = NOBODY
        u.play_s = NEVER
        u.visit_s = NEVER
        u.since_break = NEVER_BROKE
        place = place_of(user, R)
        u.channel = channel_of(user, place[0], R)
        u.joined = LONG_AGO  # nobody is new who does not play
        if user >= R.honest:
            continue
        lots = start_lots(user, R)
        u.visit_s = next_visit_s(w.clock, 0, shopping_rate(user, R) * R.visits_per_order, lots[0])
        who = Who(user, u, u.channel)
        recall_past(who, R)
        staff = is_staff(place[3], R)
        if R.account_open != 0 and is_eligible(place[2], R) and unit(lots[2]) < R.holders_at_start:
            u.flags = u.flags | HOLDER
        if R.play_open != 0 and (staff or plays_from_start(who, R)):
            u.flags = u.flags | PLAYER
            u.habit = R.habit_neutral
            u.budget = exponential(philox(R.k0, R.k1, user, 0, 0, BUDGET_DRAW)[0])
            if staff:
                owe_hours(who, R, pen)
            u.last = -1
            come_back(who, -1, w, pen)
        next_s[user] = min(u.visit_s, u.play_s)
        if u.errand != NOBODY:
            next_s[user] = min(next_s[user], pen.errands[u.errand].due)


LONG_AGO = -MAX_AGE  # the day on which who plays at the start began


@table_rule
def wake_farmers(first: int, last: int, now_s: int, users: Any, next_s: Any, rules: Any) -> None:
    """Farmers' rows first … last begin to play at an hour of their own, the same every day.

    They are not counted as people who came: their number is the farms' own.
    """
    R = rules[0]
    for user in range(first, last):
        u = users[user]
        place = place_of(user, R)
        u.flags = PLAYER
        u.joined = u.last = now_s // DAY_S
        u.sessions = 1 << 4
        u.play_s = now_s + farm_second(place[2])
        next_s[user] = u.play_s


@table_rule
def import_records(records: Any, now_us: int, users: Any, given: World, sheet: Pen) -> None:
    """Credit a partner's records (user, external id, minutes) as labour."""
    w = World(
        given.R[0], given.G[0], given.clock, given.product, given.places, given.activities, given.vouchers
    )
    pen = Pen(
        sheet.out, sheet.errands, sheet.book[0], sheet.traffic, sheet.points, sheet.counted, sheet.marks, sheet.prices,
        sheet.visits,
    )  # fmt: skip
    for k in range(len(records)):
        user = records[k, 0]
        u = users[user]
        who = Who(user, u, u.channel)
        before = u.labour + u.donated
        made = record(pen, who, now_us, K_IMPORT)
        made.minutes = add_minutes(u, records[k, 2], LABOUR, w, pen)
        made.ref = records[k, 1]
        pen.book.tally[T.IMPORTED_MINUTES] += made.minutes
        reach_benefits(who, now_us, before, w, pen)


@making_table_rule
def list_errands(first: int, last: int, users: Any, errands: Any) -> Any:
    """The open errands of users first … last in list order, as rows of (user, place among the errands)."""
    count = 0
    for user in range(first, last):
        at = users[user].errand
        while at != NOBODY:
            count += 1
            at = errands[at].next
    listed = np.zeros((count, 2), np.int64)
    k = 0
    for user in range(first, last):
        at = users[user].errand
        while at != NOBODY:
            listed[k, 0] = user
            listed[k, 1] = at
            k += 1
            at = errands[at].next
    return listed
