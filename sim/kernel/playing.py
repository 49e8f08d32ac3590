"""The kernel: plays every due user of a block from one barrier to the next.

This is the model in one page. A user's life is one merged line of time: beans that fade at midnight,
errands that fall due (an order's next step, a voucher, a day of service), shopping visits, play sessions.
Whatever is earliest happens next; what nobody is due for costs nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.bookkeeping import Kind
from sim.compiling import rule, table_rule
from sim.kernel import tallies as T
from sim.kernel.deeds import grant_beans, reach_benefits
from sim.kernel.hours import add_minutes
from sim.kernel.lifetime import BUDGET_DRAW, LIFELONG, NEVER_BROKE, come_back, roll_day, start_playing
from sim.kernel.place import channel_of, is_eligible, is_staff, place_of
from sim.kernel.rows import (
    CANCEL,
    GONE,
    GROWING_DAYS,
    HOLDER,
    IN_TEAM,
    LABOUR,
    MAX_BENEFITS,
    NEVER,
    NOBODY,
    PERIODS,
    PLAYER,
    SERVICE,
    SERVING,
    VOUCHER_SHIP,
)
from sim.kernel.rules import (
    exponential,
    farm_second,
    gone_at_s,
    next_visit_s,
    oldest_lot,
    philox,
    service_minutes,
    unit,
)
from sim.kernel.session import session
from sim.kernel.shopping import order_step, shopping_rate, visit
from sim.kernel.writing import META, MOST, RECORDS, USED, drop_errand, record, take_errand, writes
from sim.spans import DAY_S
from sim.streams import Purpose

START_DRAW = int(Purpose.START)
SERVICE_DRAW = int(Purpose.SERVICE)
K_FADE = int(Kind.FADE)
K_EXPIRE = int(Kind.EXPIRE)
K_DEED = int(Kind.DEED)
K_IMPORT = int(Kind.IMPORT)
K_SHIP = int(Kind.REDEEM_SHIP)
K_CANCEL = int(Kind.REDEEM_CANCEL)

DONE, FULL = 0, 1


@rule
def fading_s(u: Any, day: int, days: Any, period_end: Any, R: Any) -> int:
    """The midnight at which this user's oldest beans go, growing or available; NEVER if there are none.

    What is harvested or comes back after its period's end goes at the next midnight: time never runs
    backwards, and claims on these beans are decided before.
    """
    due = NEVER
    lot = oldest_lot(u.growing, day)
    if lot <= day:
        due = gone_at_s(lot * DAY_S, DAY_S, R.ripen_s, R.fade_s)
    now = days[min(day, len(days) - 1)].period
    for period in range(max(now - PERIODS + 1, 0), now + 1):
        if u.available[period % PERIODS] > 0:
            return int(min(due, max(period_end[period], (day + 1) * DAY_S)))
    return due


@rule
def next_due_s(u: Any, day: int, errands: Any, days: Any, period_end: Any, R: Any) -> int:
    """The next second at which anything happens to this user."""
    due = min(u.visit_s, u.play_s)
    if u.errand != NOBODY:
        due = min(due, errands[u.errand].due)
    if u.flags & PLAYER:
        due = min(due, fading_s(u, day, days, period_end, R))
    return int(due)


@writes(1 + PERIODS)
def fade(
    user: int, u: Any, t_s: int, channel: int, days: Any, period_end: Any, R: Any, out: Any, meta: Any, tally: Any
) -> None:  # fmt: skip
    """At midnight t_s: growing beans past their time and available ones past their period are gone."""
    day = t_s // DAY_S
    lot = oldest_lot(u.growing, day - 1)
    if lot < day and gone_at_s(lot * DAY_S, DAY_S, R.ripen_s, R.fade_s) <= t_s:
        gone = record(out, meta, t_s * 1_000_000, user, u, K_FADE, channel)
        gone.beans = u.growing[lot % GROWING_DAYS]
        u.growing[lot % GROWING_DAYS] = 0
        tally[T.BEANS_FADED] += gone.beans
    now = days[min(max(day - 1, 0), len(days) - 1)].period
    for period in range(max(now - PERIODS + 1, 0), now + 1):
        if period_end[period] <= t_s and u.available[period % PERIODS] > 0:
            gone = record(out, meta, t_s * 1_000_000, user, u, K_EXPIRE, channel)
            gone.beans = u.available[period % PERIODS]
            u.available[period % PERIODS] = 0
            tally[T.BEANS_EXPIRED] += gone.beans


@writes(MOST["order_step"].records)
def run_errand(
    user: int, u: Any, channel: int, R: Any, G: Any, benefits: Any, errands: Any, out: Any, meta: Any, tally: Any
) -> None:  # fmt: skip
    """The first errand of the list is due: a step of an order, a voucher, or a day of service."""
    k = take_errand(u, errands)
    e = errands[k]
    if e.step <= CANCEL:
        order_step(user, u, k, channel, R, G, benefits, errands, out, meta, tally)
        return
    t_us = e.due * 1_000_000
    if e.step == SERVICE:
        serve(user, u, e, t_us, channel, R, G, benefits, out, meta, tally)
    else:
        shipped = e.step == VOUCHER_SHIP
        made = record(out, meta, t_us, user, u, K_SHIP if shipped else K_CANCEL, channel)
        made.beans = e.price
        made.ref = e.ref
        made.deed = e.party
        if shipped:
            tally[T.BEANS_REDEEMED] += e.price
        else:
            tally[T.BEANS_RELEASED] += e.price
            period = e.fen % PERIODS
            u.available[period] = u.available[period] + e.price
    drop_errand(errands, meta, k)


@writes(1 + MAX_BENEFITS)
def serve(
    user: int, u: Any, e: Any, t_us: int, channel: int, R: Any, G: Any, benefits: Any, out: Any, meta: Any, tally: Any
) -> None:  # fmt: skip
    """A volunteer's day: nine in ten come; every full six minutes count (公益时, F), beans for who plays."""
    u.flags = u.flags & ~SERVING
    w = philox(R.k0, R.k1, user, e.ref, 0, SERVICE_DRAW)
    if unit(w[0]) < R.no_show:
        return
    worked = e.price - int(unit(w[1]) * 0.25 * e.price)
    before = u.labour + u.donated
    made = record(out, meta, t_us, user, u, K_DEED, channel)
    made.minutes = add_minutes(u, service_minutes(worked), LABOUR, R, tally)
    made.ref = e.ref
    made.party = e.party
    made.project = e.project
    made.deed = e.fen
    made.team = 1 if u.flags & IN_TEAM else 0
    if u.flags & (PLAYER | GONE) == PLAYER:
        roll_day(u, e.due // DAY_S)
        made.beans = grant_beans(u, u.day, G.reward[made.team, u.streak, e.fen], R.daily_cap, tally)
    tally[T.DEEDS] += 1
    reach_benefits(user, u, t_us, channel, before, R, benefits, out, meta, tally)


# What one wake-up may need: beans fade, and then one thing happens.
ROOM_RECORDS, ROOM_ERRANDS = (
    MOST["fade"].records
    + max(
        MOST["run_errand"].records,
        MOST["visit"].records + MOST["start_playing"].records,
        MOST["session"].records,
    ),
    MOST["visit"].errands,
)


@table_rule
def play_block(
    first: int, last: int, resume: int, base_s: int, end_s: int, users: Any, next_s: Any, errands: Any,
    rules: Any, public: Any, deeds: Any, mix: Any, days: Any, period_end: Any, bins: Any, edges: Any,
    upto: Any, hour_bin: Any, guide: Any, traits: Any, product: Any, places: Any, activities: Any,
    vouchers: Any, benefits: Any, counted: Any, out: Any, meta: Any, tally: Any, traffic: Any,
    points: Any, weights: Any,
) -> tuple[int, int]:  # fmt: skip
    """Play users first … last (exclusive), from `resume`, up to second end_s.

    Returns (DONE, last), or (FULL, user) when records or errands need room; the caller grows them and
    calls again with that user.
    """
    R = rules[0]
    G = public[0]
    for user in range(resume, last):
        if next_s[user] >= end_s:
            continue
        u = users[user]
        channel = channel_of(place_of(user, R)[0], R)
        while next_s[user] < end_s:
            if meta[RECORDS] + ROOM_RECORDS > len(out) or meta[USED] + ROOM_ERRANDS > len(errands):
                return FULL, user
            t_s = next_s[user]
            day = t_s // DAY_S
            if u.flags & PLAYER and t_s % DAY_S == 0:
                fade(user, u, t_s, channel, days, period_end, R, out, meta, tally)
            if u.errand != NOBODY and errands[u.errand].due == t_s:
                run_errand(user, u, channel, R, G, benefits, errands, out, meta, tally)
            elif u.visit_s == t_s:
                comes = visit(
                    user, u, t_s, channel, R, G, bins, upto, edges, hour_bin, guide, traits, product, errands,
                    out, meta, tally, traffic, counted, base_s,
                )  # fmt: skip
                if comes:
                    start_playing(user, u, t_s, channel, R, out, meta, tally)
            elif u.play_s == t_s:
                session(
                    user, u, t_s, channel, deeds, G, R, mix, days, traits, places, activities, vouchers,
                    benefits, out, meta, tally, points, weights,
                )  # fmt: skip
            next_s[user] = next_due_s(u, day, errands, days, period_end, R)
    return DONE, last


@table_rule
def start_users(
    first: int, last: int, users: Any, next_s: Any, rules: Any, days: Any, traits: Any, edges: Any, upto: Any,
    hour_bin: Any, guide: Any, players: float,
) -> None:  # fmt: skip
    """Lay out users first … last: their first visit, and for those who play already their first day."""
    R = rules[0]
    for user in range(first, last):
        u = users[user]
        u.errand = NOBODY
        u.play_s = NEVER
        u.visit_s = NEVER
        u.since_break = NEVER_BROKE
        if user >= R.honest:
            continue
        w = philox(R.k0, R.k1, user, 0, 0, START_DRAW)
        rate = shopping_rate(user, traits, R) * R.visits_per_order
        u.visit_s = next_visit_s(edges, upto, hour_bin, guide, 0, rate, w[0])
        place = place_of(user, R)
        staff = is_staff(place[3], R)
        if R.account_open != 0 and is_eligible(place[2], R) and unit(w[2]) < R.holders_at_start:
            u.flags = u.flags | HOLDER
        if R.play_open != 0 and (staff or unit(w[1]) < players):
            u.flags = u.flags | PLAYER
            u.habit = R.habit_neutral
            u.budget = exponential(philox(R.k0, R.k1, user, 0, 0, BUDGET_DRAW)[0])
            if staff:  # they owe hours: nobody drops out before the norm is met
                u.budget = LIFELONG
            channel = channel_of(place[0], R)
            come_back(user, u, -1, channel, traits, days, R)
        next_s[user] = min(u.visit_s, u.play_s)


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
        u.sessions = 1 << 4
        u.play_s = now_s + farm_second(place[2])
        next_s[user] = u.play_s


@table_rule
def import_records(
    records: Any, now_us: int, users: Any, rules: Any, benefits: Any, out: Any, tally: Any
) -> int:
    """Credit a partner's records (user, external id, minutes) as labour; returns the rows written to `out`."""
    R = rules[0]
    meta = np.zeros(META, np.int64)
    for k in range(len(records)):
        user = records[k, 0]
        u = users[user]
        channel = channel_of(place_of(user, R)[0], R)
        before = u.labour + u.donated
        made = record(out, meta, now_us, user, u, K_IMPORT, channel)
        made.minutes = add_minutes(u, records[k, 2], LABOUR, R, tally)
        made.ref = records[k, 1]
        tally[T.IMPORTED_MINUTES] += made.minutes
        reach_benefits(user, u, now_us, channel, before, R, benefits, out, meta, tally)
    return int(meta[RECORDS])


@table_rule
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
