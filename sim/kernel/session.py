"""One play session: guard, harvest, and slot by slot a deed or the end."""

from __future__ import annotations

from math import exp
from typing import Any

from sim.bookkeeping import Kind
from sim.compiling import rule
from sim.kernel import tallies as T
from sim.kernel.chances import take_part
from sim.kernel.choosing import held_beans, level_of, pulls_of, weigh
from sim.kernel.deeds import (
    K_APPLY,
    K_JOIN,
    K_SIGN_UP,
    bean_gift,
    count_today,
    gift,
    harvest,
    plain_deed,
    reach_benefits,
    redeem,
    reward,
    share,
    simple_claim,
)
from sim.kernel.farming import farm
from sim.kernel.incentives import BESIDE, NO_LIMIT, holding
from sim.kernel.lifetime import LIFELONG, keenness, roll_day, schedule_session
from sim.kernel.picking import own_lots, picked
from sim.kernel.place import is_eligible, is_staff, place_of, segment_of, team_of
from sim.kernel.rows import (
    BLOCKED,
    CLAIMS_FROM,
    E_ACCOUNT,
    E_BEAN_GIFT,
    E_DEED,
    E_GIFT,
    E_REDEEM,
    E_TEAM,
    E_VOLUNTEER,
    GONE,
    HOLDER,
    IN_TEAM,
    MAX_SLOTS,
    NEVER,
    PERIODS,
    SERVING,
    STREAK_LEVELS,
)
from sim.kernel.rules import (
    document_ref,
    exponential,
    farm_second,
    philox,
    total_available,
    unit,
)
from sim.kernel.staff import leave_off, staff_year
from sim.kernel.visits import price_list
from sim.kernel.world import Mood, Pen, Slot, Who, World
from sim.kernel.writing import MOST, PENDING, record, writes
from sim.spans import DAY_S
from sim.streams import Purpose

SLOT_DRAW = int(Purpose.SLOT)
SESSION_DRAW = int(Purpose.SESSION)
GUARD_DRAW = int(Purpose.GUARD)
K_SESSION = int(Kind.SESSION)
K_BLOCK = int(Kind.BLOCK)
K_REVOKE = int(Kind.REVOKE)
K_GIFT = int(Kind.GIFT)
K_BACK = int(Kind.RECYCLE_BACK)
# Records that one deed and a session of a user may write.
A_DEED = MOST["gift"].records + MOST["share"].records + MOST["take_part"].records
ITS_ERRANDS = MOST["gift"].errands + MOST["share"].errands
A_SESSION = MAX_SLOTS * A_DEED


@writes(2)
def guarded(who: Who, t_us: int, day: int, R: Any, pen: Pen) -> bool:
    """The platform's daily look at an account: a blocked one loses its available beans and plays no more."""
    u = who.u
    chance = R.removal if who.user >= R.honest else R.wrongly_blocked
    if chance <= 0.0 or unit(philox(R.k0, R.k1, who.user, day, 0, GUARD_DRAW)[0]) >= chance:
        return False
    record(pen, who, t_us, K_BLOCK)
    pen.book.tally[T.BLOCKED] += 1
    left = total_available(u.available)
    if left > 0:
        record(pen, who, t_us + 1, K_REVOKE).beans = left
        pen.book.tally[T.BEANS_REVOKED] += left
        pen.book.tally[T.REVOCATIONS] += 1
        for k in range(PERIODS):
            u.available[k] = 0
    u.flags = u.flags | BLOCKED | GONE
    return True


@writes(2 + max(A_SESSION, MOST["farm"].records), MAX_SLOTS * ITS_ERRANDS)
def session(who: Who, t_s: int, w: World, pen: Pen) -> None:
    """Play the session due at t_s and put the next one into `play_s`."""
    u, R = who.u, w.R
    day = t_s // DAY_S
    u.play_s = NEVER
    roll_day(u, day, R)
    begun = u.sessions & 15
    u.sessions = u.sessions + 1
    if u.last != day:
        u.away = min(day - u.last, 255)
        u.last = day
    t_us = t_s * 1_000_000
    if begun == 0 and guarded(who, t_us, day, R, pen):
        return
    pen.book.tally[T.SESSIONS] += 1
    if begun == 0:
        pen.book.tally[T.ACTIVE_DAYS] += 1
    opened = record(pen, who, t_us + 2, K_SESSION)
    opened.deed = begun
    place = place_of(who.user, R)
    segment = segment_of(place[1], R)
    opened.klass = segment
    if who.user >= R.honest:
        farm(who, t_us + 3, day, segment, w, pen)
        u.play_s = (day + 1) * DAY_S + farm_second(place[2])
        u.sessions = 1 << 4
        return
    if begun == 0:
        u.streak = min(u.row + 1, STREAK_LEVELS - 1)  # this day counts
    norm_at = 0
    if is_staff(place[3], R):
        year, before = staff_year(u, pen.errands)
        norm_at = before + R.staff_norm
        if u.budget > 0.5 * LIFELONG and u.labour >= norm_at:
            leave_off(who, year, R)
    key = day * 16 + begun
    if unit(philox(R.k0, R.k1, who.user, key, 0, SESSION_DRAW)[0]) < R.harvest:
        harvest(who, t_us + 3, day, w, pen)
    mood = mood_of(who, place, segment, norm_at, t_s, w, pen)
    end = slots(who, t_us + 4, day, key, mood, w, pen)
    schedule_session(who, max(t_s, end // 1_000_000), segment, mood.keen, w, pen)


@rule
def mood_of(who: Who, place: Any, segment: int, norm_at: int, t_s: int, w: World, pen: Pen) -> Mood:
    """What a user brings to this session: among it the rules that hold as it opens, to its end."""
    R, u = w.R, who.u
    minor = R.segment_minor[segment] != 0
    held = held_beans(u)
    level = level_of(held, w.G.next_thing)
    mask = holding(who, t_s, segment, R)
    return Mood(
        segment, keenness(who.user, segment, R), pulls_of(who, t_s // DAY_S, held, minor, mask, w), level,
        minor, is_eligible(place[2], R), norm_at, team_of(who.user, R), mask,
        price_list(mask, u.streak, level, w, pen),
    )  # fmt: skip


@writes(A_SESSION, MAX_SLOTS * ITS_ERRANDS)
def slots(who: Who, t_us: int, day: int, key: int, mood: Mood, w: World, pen: Pen) -> int:
    """Slot by slot: choose a deed by its weight or stop; every deed tires, and the day's time ends. Nobody plays past
    midnight: a session that would ends with the deed before. Returns that instant."""
    u, R = who.u, w.R
    tired = exp(-R.fatigue * u.spent)
    midnight = (day + 1) * DAY_S * 1_000_000
    for sub in range(min(MAX_SLOTS, R.day_slots - u.done)):
        pen.book.tally[T.CHOICE_SLOTS] += 1
        weigh(who, day, mood, tired, w, pen)
        j = picked(who, key, sub, w, pen)
        if j < 0:
            break
        own = own_lots(j, pen)
        lots = philox(R.k0, R.k1, who.user, key, own, SLOT_DRAW)
        done_us = t_us + int(exponential(lots[1]) * R.choice_dwell_s * 1_000_000.0) + 1_000_000
        if done_us + 2_000_000 >= midnight:
            break
        t_us = done_us
        count_today(u, j)
        u.done = u.done + 1
        u.spent = u.spent + 1.0
        tired = tired * R.tire
        act(who, Slot(t_us, day, key, own), j, mood, lots[2], w, pen)
    return t_us


@writes(A_DEED, ITS_ERRANDS)
def act(who: Who, at: Slot, j: int, mood: Mood, word: int, w: World, pen: Pen) -> None:
    """Do deed j by the effect its table names."""
    u, R, team, mask = who.u, w.R, mood.team, mood.mask
    effect = R.deeds[j].effect
    done = effect != E_VOLUNTEER
    if R.deeds[j].team != 0 and u.flags & IN_TEAM:
        pen.points[0, team] += 1
    if effect == E_DEED:
        plain_deed(who, at.t_us, j, NO_LIMIT, mask, w, pen)
    elif effect == E_GIFT:
        given = gift(who, at, j, mask, w, pen)
        done = given > 0
        if done:
            share(who, Slot(at.t_us + given + BESIDE, at.day, at.key, at.sub), mask, w, pen)
    elif effect == E_BEAN_GIFT:
        bean_gift(who, at, j, mask, w, pen)
    elif effect == E_REDEEM:
        redeem(who, at, w, pen)
    elif effect == E_ACCOUNT:
        simple_claim(who, at.t_us, j, K_APPLY, pen)
        u.flags = u.flags | HOLDER
        pen.book.tally[T.APPLICATIONS] += 1
        reward(who, at.t_us + 1, j, mask, w, pen)
        reach_benefits(who, at.t_us + BESIDE, -1, w, pen)
    elif effect == E_TEAM:
        simple_claim(who, at.t_us, j, K_JOIN, pen).team = team
        u.flags = u.flags | IN_TEAM
        pen.book.tally[T.JOINS] += 1
        reward(who, at.t_us + 1, j, mask, w, pen)
    else:
        made = simple_claim(who, at.t_us, j, K_SIGN_UP, pen)
        chosen = w.activities[(word * w.G.activities) >> 32]
        made.party = chosen.id
        made.ref = document_ref(at.t_us // 1_000_000, CLAIMS_FROM)
        made.project = chosen.project
        made.outcome = PENDING
        u.flags = u.flags | SERVING
        pen.book.tally[T.SIGNUPS] += 1
    if done:
        take_part(who, at.t_us, j, at.key, at.sub, mask, w, pen)
