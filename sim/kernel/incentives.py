"""Incentive rules at work: which hold for somebody, what a deed then pays, and who adds what.

Rules are rows of `w.R.rules`; a set of them is a number, one bit a rule. What decides is cut into what a person is
(`meant_for`), how many days it has been (tables by days), and what the calendar says (`live`), so that each is looked
up.
"""

from __future__ import annotations

from typing import Any

from sim.bookkeeping import Kind
from sim.compiling import rule, table_rule
from sim.domain.ratios import share_of
from sim.kernel import tallies as T
from sim.kernel.donors import has_given
from sim.kernel.growing import grow
from sim.kernel.hours import credit
from sim.kernel.place import by_share
from sim.kernel.rows import (
    F_ADD,
    F_CAP,
    F_GOAL,
    F_HOURS,
    F_STREAK,
    F_TIERS,
    F_TIMES,
    GROWING_DAYS,
    HOLDER,
    IN_TEAM,
    LATER,
    MAX_AGE,
    MAX_RULES,
    NO_DEED,
    NOBODY,
    OF_BEANS,
    OF_TIME,
    PER_DAY,
    PER_WEEK,
    PLAYER,
    STREAK_LEVELS,
)
from sim.kernel.rules import philox, unit
from sim.kernel.world import Pen, Who, World
from sim.kernel.writing import PENDING, file_errand, new_errand, record, writes
from sim.spans import DAY_S
from sim.streams import Purpose

CITY_DRAW = int(Purpose.CITY)
K_GRANT = int(Kind.GRANT)
FULL = 65_535  # beans of a day hold 16 bits
COUNT_BITS = 19  # of a mark; the others tell the stretch, of which a run has as many as days …
MOST_COUNTED = (1 << COUNT_BITS) - 1  # … and no cap may be larger: nobody would ever reach it
TICKED = 1 << COUNT_BITS - 1  # added to the count of what many do: something was given for it
MOST_BEANS = 60_000  # a bucket of beans holds 16 bits
NO_LIMIT = 1 << 40
NO_TIME = -1  # a class of minutes: none


@rule
def city_of(word: int, R: Any) -> int:
    """The city a user lives in, NOBODY outside all that are named."""
    if R.n_cities == 0 or unit(word) >= R.city_upto[R.n_cities - 1]:
        return NOBODY
    return by_share(word, R.city_upto, R.n_cities)


@rule
def meant_for(user: int, channel: int, segment: int, flags: int, minutes: int, R: Any) -> int:
    """The rules that are meant for a user, as far as days and the calendar do not decide; none that has ended."""
    if R.n_rules == 0:
        return 0
    city, percentile = NOBODY, 0
    if R.by_lot != 0:
        lots = philox(R.k0, R.k1, user, 0, 0, CITY_DRAW)
        percentile = (lots[0] * 100) >> 32
        city = city_of(lots[1], R)
    holder = 1 if flags & HOLDER else 0
    team = 1 if flags & IN_TEAM else 0
    mask = R.for_all
    for k in range(R.n_rules):
        if (R.for_all >> k) & 1:
            continue
        r = R.rules[k]
        if (
            (r.segments >> segment) & 1
            and (r.channels >> channel) & 1
            and (r.cities == -1 or (city != NOBODY and (r.cities >> city) & 1))
            and r.cohort[0] <= percentile < r.cohort[1]
            and (r.holder == -1 or r.holder == holder)
            and (r.team == -1 or r.team == team)
            and r.minutes[0] <= minutes < r.minutes[1]
        ):
            mask |= 1 << k
    return int(mask & R.open)


@rule
def mine(who: Who, segment: int, R: Any) -> int:
    """The rules that are meant for a user as they are now; a first gift is given once."""
    u = who.u
    mask = meant_for(who.user, who.channel, segment, u.flags, u.labour + u.donated, R)
    if mask & R.firsts != 0 and has_given(who, R):
        mask &= ~R.firsts
    return mask


@rule
def in_days(streak: int, away: int, age: int, R: Any) -> int:
    """The rules that hold after so many days in a row, of absence, and since joining."""
    return int(R.by_streak[streak] & R.by_away[min(away, MAX_AGE - 1)] & R.by_age[min(age, MAX_AGE - 1)])


@rule
def live(t_s: int, R: Any) -> int:
    """What the calendar lets hold at an instant, of the rules that have not come to their end."""
    kind = R.days[min(t_s // DAY_S, R.n_days - 1)].offer
    k = R.n_parts[kind] - 1
    while R.parts[kind, k].from_s > t_s % DAY_S:
        k -= 1
    return int(R.parts[kind, k].mask & R.open)


@rule
def holding(who: Who, t_s: int, segment: int, R: Any) -> int:
    """The rules that hold for a user at an instant; who is not back yet, on a day not played, is not welcomed back."""
    if R.n_rules == 0:
        return 0
    u, day = who.u, t_s // DAY_S
    away = u.away if u.last == day else 0
    return mine(who, segment, R) & in_days(streak_on(u, day), away, day - u.joined, R) & live(t_s, R)


@rule
def if_played(u: Any, day: int, R: Any) -> int:
    """The rules that hold, as far as days decide, for a player who comes on that day, which then counts in a row."""
    if u.last == day:
        return in_days(u.streak, u.away, day - u.joined, R)
    return in_days(min(u.row + 1, STREAK_LEVELS - 1), day - u.last, day - u.joined, R)


@rule
def streak_on(u: Any, day: int) -> int:
    """The days in a row that stand on a day: those up to the day before, until this one is played or missed."""
    return int(u.streak) if day - u.last <= 1 else 0


@rule
def repaired(repairs: int, day: int, rules: int, R: Any) -> int:
    """The repairs used (`repairs` of a row) with one for a missed day; 0 if the rules have none left that week."""
    most = 0
    if rules & R.repairing != 0:
        for k in range(R.n_rules):
            if (rules & R.repairing) >> k & 1:
                most = max(most, R.rules[k].repairs)
    week = (day + R.start_weekday) // 7 + 1
    used = repairs & 7 if repairs >> 3 == week else 0
    return int(week << 3 | used + 1) if used < most else 0


@rule
def holding_for_buyer(who: Who, t_s: int, segment: int, R: Any) -> int:
    """The rules that hold as somebody shops; who does not play has not joined, and no days in a row."""
    if R.n_rules == 0 or who.u.flags & PLAYER:
        return holding(who, t_s, segment, R)
    return mine(who, segment, R) & in_days(0, 0, MAX_AGE - 1, R) & live(t_s, R)


@rule
def period_of(r: Any, day: int, R: Any) -> int:
    """Over which stretch a rule counts on a day: another number, another count."""
    if r.per == PER_DAY:
        return day + 1
    if r.per == PER_WEEK:
        return int((day + R.start_weekday) // 7 + 1)
    return 1


@table_rule
def stretch_of(k: int, day: int, rules: Any) -> int:
    """The number of the stretch over which rule k counts that a day belongs to."""
    R = rules[0]
    return period_of(R.rules[k], day, R)


@rule
def counted(user: int, r: Any, day: int, R: Any, marks: Any) -> int:
    """What a rule has counted of a user in the present stretch."""
    mark = int(marks[user, r.column])
    return mark & MOST_COUNTED if mark >> COUNT_BITS == period_of(r, day, R) else 0


@rule
def count_more(user: int, r: Any, day: int, more: int, R: Any, marks: Any) -> None:
    """Count so much more."""
    count = min(counted(user, r, day, R, marks) + more, MOST_COUNTED)
    marks[user, r.column] = (period_of(r, day, R) << COUNT_BITS) | count


@rule
def tier_at(r: Any, nth: int, otherwise: int, R: Any) -> int:
    """The value of the last of a rule's tiers that begins by nth."""
    value = otherwise
    for k in range(r.tier, r.tiers):
        if R.tiers[k].start <= nth:
            value = R.tiers[k].value
    return int(value)


@rule
def after(r: Any, beans: int, nth: int, streak: int, R: Any) -> int:
    """What a rule makes of so many beans, for a deed done the nth time on a day of a streak."""
    if r.form == F_TIERS:
        return tier_at(r, nth, beans, R)
    if r.form == F_STREAK:
        return share_of(beans, tier_at(r, streak, 1_000_000, R))
    if r.form == F_GOAL:
        return int(beans + r.beans) if nth + r.head == r.goal else beans
    if r.each > 1 and nth % r.each != 0:
        return beans
    if r.form == F_ADD:
        return int(beans + r.beans)
    if r.form == F_TIMES and r.of & OF_BEANS:
        return share_of(beans, r.ppm)
    return beans


@rule
def time_after(r: Any, minutes: int, nth: int) -> int:
    """What a rule makes of so many minutes."""
    if r.each > 1 and nth % r.each != 0:
        return minutes
    if r.form == F_ADD or r.form == F_HOURS:
        return int(minutes + r.time)
    if r.form == F_TIMES and r.of & OF_TIME:
        return share_of(minutes, r.ppm)
    return minutes


@rule
def let_through(r: Any, beans: int, before: int) -> int:
    """What a cap lets through of so many beans, when so many have been paid before."""
    left = max(int(r.beans) - before, 0)
    if beans <= left:
        return beans
    if r.form == F_CAP:
        return left
    return left + share_of(beans - left, r.ppm)


@rule
def cut(parts: Any, rules: int, excess: int) -> None:
    """Take so many beans, or minutes, off the parts, those of the last rules first."""
    k = MAX_RULES
    while excess > 0 and k > 0:
        if (rules >> (k - 1)) & 1:
            less = min(parts[k], excess)
            parts[k] -= less
            excess -= less
        k -= 1
    parts[0] -= excess


@rule
def pays(user: int, thing: int, base: int, day: int, streak: int, mask: int, w: World, pen: Pen) -> int:
    """What a thing that pays `base` by itself pays under the rules `mask`, the next time it is done.

    The book's `beans` then say who pays what: first the thing itself, then every rule.
    """
    R, parts = w.R, pen.book.beans
    paying = mask & R.by_thing[thing] & R.paying
    parts[0] = base
    total = base
    if paying != 0:
        for k in range(R.n_rules):
            if (paying >> k) & 1:
                r = R.rules[k]
                nth = counted(user, r, day, R, pen.marks) + 1 if r.column != NOBODY else 1
                made = after(r, total, nth, streak, R)
                parts[k + 1] = 0
                if r.form == F_TIERS and tier_at(r, nth, NOBODY, R) != NOBODY:
                    cut(parts, paying & ((1 << k) - 1), total)
                    parts[k + 1] = made
                elif made >= total:
                    parts[k + 1] = made - total
                else:
                    cut(parts, paying & ((1 << k) - 1), total - made)
                total = made
    capped = under_caps(user, thing, total, day, mask, w, pen)
    cut(parts, paying, total - capped)
    return capped


@rule
def lasts(user: int, thing: int, base: int, day: int, mask: int, w: World, pen: Pen) -> int:
    """The minutes of a thing that is worth `base` by itself, the next time it is done: what is left of its own.

    The book's `time` then says who adds what: first the thing itself, then every rule.
    """
    R, parts = w.R, pen.book.time
    paying = mask & R.by_thing[thing] & R.paying
    parts[0] = base
    total = base
    if paying != 0:
        for k in range(R.n_rules):
            if (paying >> k) & 1:
                r = R.rules[k]
                nth = counted(user, r, day, R, pen.marks) + 1 if r.column != NOBODY else 1
                made = time_after(r, total, nth)
                parts[k + 1] = max(made - total, 0)
                cut(parts, paying & ((1 << k) - 1), max(total - made, 0))
                total = made
    return int(parts[0])


@rule
def under_caps(user: int, thing: int, beans: int, day: int, mask: int, w: World, pen: Pen) -> int:
    """What the caps among the rules let through of so many beans."""
    R = w.R
    capping = mask & R.by_thing[thing] & R.capping
    if capping != 0:
        for k in range(R.n_rules):
            if (capping >> k) & 1:
                r = R.rules[k]
                beans = let_through(r, beans, counted(user, r, day, R, pen.marks))
    return beans


@rule
def price_under(mask: int, R: Any) -> int:
    """How many beans make a yuan when they are given, under these rules."""
    if mask & R.pricing:
        for k in range(R.n_rules):
            if (mask & R.pricing) >> k & 1:
                return int(R.rules[k].beans)
    return int(R.beans_per_yuan)


@rule
def least_room(user: int, day: int, mask: int, R: Any, marks: Any) -> int:
    """The fewest beans that any cap among the rules still pays in full."""
    room = NO_LIMIT
    capping = mask & R.capping
    if capping != 0:
        for k in range(R.n_rules):
            if (capping >> k) & 1:
                r = R.rules[k]
                room = min(room, max(int(r.beans) - counted(user, r, day, R, marks), 0))
    return room


@rule
def note_paid(user: int, thing: int, beans: int, day: int, mask: int, w: World, pen: Pen) -> None:
    """Every rule that counts notes a thing done: tiers, each and goals its number, caps what was paid."""
    R = w.R
    counting = mask & R.by_thing[thing] & R.counting
    if counting != 0:
        for k in range(R.n_rules):
            if (counting >> k) & 1:
                r = R.rules[k]
                capping = (R.capping >> k) & 1
                count_more(user, r, day, beans if capping else 1, R, pen.marks)


@rule
def reach_goals(who: Who, thing: int, day: int, mask: int, w: World, pen: Pen) -> None:
    """After a goal of deeds is reached a slump follows; its second mark keeps the day on which it ends."""
    R = w.R
    goals = mask & R.milestones & R.by_thing[thing]
    if goals != 0:
        for k in range(R.n_rules):
            r = R.rules[k]
            if (goals >> k) & 1 and counted(who.user, r, day, R, pen.marks) + r.head == r.goal:
                pen.marks[who.user, r.column + 1] = day + int(R.goal_slump_days)


@rule
def earn(who: Who, t_us: int, thing: int, base: int, most: int, mask: int, w: World, pen: Pen) -> int:
    """Let all beans of a thing done grow, those of rules too; `most` bounds them together.

    Returns what it brings by itself, which the caller records and counts; `grant` then records what rules add.
    """
    u, book = who.u, pen.book
    day = t_us // (DAY_S * 1_000_000)
    total = pays(who.user, thing, base, day, streak_on(u, day), mask, w, pen)
    room = max(min(most, MOST_BEANS - u.growing[day % GROWING_DAYS]), 0)
    if total > room:
        cut(book.beans, mask & w.R.by_thing[thing] & w.R.paying, total - room)
        total = room
    note_paid(who.user, thing, total, day, mask, w, pen)
    reach_goals(who, thing, day, mask, w, pen)
    u.beans_today = min(u.beans_today + total, FULL)
    now = total - awaited(thing, mask, w.R, pen)
    if now > 0:
        grow(u, t_us, now, w.R)
    book.tally[T.BEANS_ISSUED] += book.beans[0]
    return int(book.beans[0])


@rule
def awaited(thing: int, mask: int, R: Any, pen: Pen) -> int:
    """Of the beans found in the book those that are not paid at once: they ask a budget first, or come later."""
    waiting = mask & R.by_thing[thing] & R.paying & (R.limited | R.delayed)
    beans = 0
    if waiting != 0:
        for k in range(R.n_rules):
            if (waiting >> k) & 1:
                beans += pen.book.beans[k + 1]
    return int(beans)


@rule
def put_back(user: int, caps: int, beans: int, day: int, R: Any, pen: Pen) -> None:
    """Caps that had counted beans which were refused count them no longer."""
    for k in range(R.n_rules):
        if (caps >> k) & 1:
            r = R.rules[k]
            less = min(beans, counted(user, r, day, R, pen.marks))
            pen.marks[user, r.column] = pen.marks[user, r.column] - less


@writes(0, 1)
def promise(
    who: Who, k: int, t_us: int, later_s: int, beans: int, minutes: int, klass: int, deed: int, pen: Pen
) -> None:
    """What rule k pays later stands in the user's list until then."""
    place = new_errand(pen)
    e = pen.errands[place]
    e.ref = t_us * 64 + k
    e.price = beans
    e.fen = minutes * 2 + klass
    e.project = k
    e.party = deed
    e.step = LATER
    e.due = t_us // 1_000_000 + later_s
    pen.book.tally[T.BEANS_PROMISED] += beans
    file_errand(who.u, pen.errands, place)


@writes(MAX_RULES, MAX_RULES)
def grant(who: Who, t_us: int, thing: int, klass: int, mask: int, w: World, pen: Pen) -> None:
    """Record what each rule adds to a thing just earned for, one by one right after t_us: the beans found in the book,
    and the minutes of a class (NO_TIME: it is worth none).

    What a rule with a budget adds is a claim, which notes the caps that have counted it; the barrier decides.
    """
    R, book = w.R, pen.book
    paying = mask & R.by_thing[thing] & R.paying
    if paying == 0:
        return
    for k in range(R.n_rules):
        if (paying >> k) & 1:
            beans, minutes = book.beans[k + 1], book.time[k + 1] if klass >= 0 else 0
            deed = thing if thing < R.n_deeds else NO_DEED
            claimed, later_s = (R.limited >> k) & 1 and beans > 0, R.rules[k].later_s
            if later_s > 0 and not claimed:
                if beans > 0 or minutes > 0:
                    promise(who, k, t_us, later_s, beans, minutes, max(klass, 0), deed, pen)
                continue
            if minutes > 0 and not claimed:
                minutes = credit(who.u, minutes, klass, R)
            if beans > 0 or minutes > 0:
                t_us += 1
                made = record(pen, who, t_us, K_GRANT)
                made.beans = beans
                made.minutes = minutes
                made.klass = max(klass, 0)
                made.deed = deed
                made.rule = k + 1
                if claimed:
                    made.outcome = PENDING
                    made.match = later_s
                    made.fen = mask & R.by_thing[thing] & R.capping


BESIDE = (
    MAX_RULES + 1
)  # µs after which nothing more follows from a thing done: each rule's record has its own
