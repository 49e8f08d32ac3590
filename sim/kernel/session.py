"""One play session: guard, harvest, and slot by slot a deed or the end."""

from __future__ import annotations

from typing import Any

from sim.bookkeeping import Kind
from sim.domain.ratios import PPM
from sim.kernel import tallies as T
from sim.kernel.choosing import free_beans, session_lift, weigh
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
from sim.kernel.lifetime import BUDGET_DRAW, GLOW, LIFELONG, roll_day, schedule_session
from sim.kernel.place import is_eligible, is_staff, place_of, segment_of, team_of
from sim.kernel.rows import (
    BLOCKED,
    E_ACCOUNT,
    E_BEAN_GIFT,
    E_DEED,
    E_GIFT,
    E_REDEEM,
    E_TEAM,
    GONE,
    HOLDER,
    IN_TEAM,
    MAX_DEEDS,
    MAX_SLOTS,
    NEVER,
    NOBODY,
    PERIODS,
    SERVING,
)
from sim.kernel.rules import (
    exponential,
    farm_second,
    match_asked_fen,
    philox,
    quantile,
    total_available,
    unit,
)
from sim.kernel.writing import MOST, PENDING, record, writes
from sim.spans import DAY_S
from sim.streams import Purpose

TRAITS_DRAW = int(Purpose.TRAITS)
SLOT_DRAW = int(Purpose.SLOT)
SESSION_DRAW = int(Purpose.SESSION)
GUARD_DRAW = int(Purpose.GUARD)
K_SESSION = int(Kind.SESSION)
K_BLOCK = int(Kind.BLOCK)
K_REVOKE = int(Kind.REVOKE)
K_GIFT = int(Kind.GIFT)
# Records that one deed, a session of a user and one of a farmer may write.
A_DEED = MOST["gift"].records + MOST["share"].records
A_SESSION = MAX_SLOTS * A_DEED
A_FARM = MAX_DEEDS * MOST["plain_deed"].records + 3


@writes(2)
def guarded(
    user: int, u: Any, t_us: int, day: int, channel: int, R: Any, out: Any, meta: Any, tally: Any
) -> bool:
    """The platform's daily look at an account: a blocked one loses its available beans and plays no more."""
    chance = R.removal if user >= R.honest else R.wrongly_blocked
    if chance <= 0.0 or unit(philox(R.k0, R.k1, user, day, 0, GUARD_DRAW)[0]) >= chance:
        return False
    record(out, meta, t_us, user, u, K_BLOCK, channel)
    tally[T.BLOCKED] += 1
    left = total_available(u.available)
    if left > 0:
        record(out, meta, t_us + 1, user, u, K_REVOKE, channel).beans = left
        tally[T.BEANS_REVOKED] += left
        tally[T.REVOCATIONS] += 1
        for k in range(PERIODS):
            u.available[k] = 0
    u.flags = u.flags | BLOCKED | GONE
    return True


@writes(2 + max(A_SESSION, A_FARM))
def session(
    user: int, u: Any, t_s: int, channel: int, D: Any, G: Any, R: Any, mix: Any, days: Any, traits: Any,
    places: Any, activities: Any, vouchers: Any, benefits: Any, out: Any, meta: Any, tally: Any,
    points: Any, weights: Any,
) -> None:  # fmt: skip
    """Play the session due at t_s and put the next one into `play_s`."""
    day = t_s // DAY_S
    u.play_s = NEVER
    roll_day(u, day)
    begun = u.sessions & 15
    u.sessions = u.sessions + 1
    t_us = t_s * 1_000_000
    if begun == 0 and guarded(user, u, t_us, day, channel, R, out, meta, tally):
        return
    tally[T.SESSIONS] += 1
    if begun == 0:
        tally[T.ACTIVE_DAYS] += 1
    opened = record(out, meta, t_us + 2, user, u, K_SESSION, channel)
    opened.deed = begun
    place = place_of(user, R)
    segment = segment_of(place[1], R)
    opened.klass = segment
    if user >= R.honest:
        farm(user, u, t_us + 3, day, channel, D, G, R, days, places, vouchers, benefits, out, meta, tally)
        u.play_s = (day + 1) * DAY_S + farm_second(place[2])
        u.sessions = 1 << 4
        return
    if u.budget > 0.5 * LIFELONG and u.labour >= R.staff_norm:
        u.budget = exponential(philox(R.k0, R.k1, user, 0, 0, BUDGET_DRAW)[0])
    key = day * 16 + begun
    if unit(philox(R.k0, R.k1, user, key, 0, SESSION_DRAW)[0]) < R.harvest:
        harvest(user, u, t_us + 3, day, channel, R, days, out, meta, tally)
    end = slots(
        user, u, t_us + 4, key, day, channel, segment, place, D, G, R, mix, days, traits, places, activities,
        vouchers, benefits, out, meta, tally, points, weights,
    )  # fmt: skip
    schedule_session(user, u, max(t_s, end // 1_000_000), channel, traits, days, R)


@writes(A_SESSION)
def slots(
    user: int, u: Any, t_us: int, key: int, day: int, channel: int, segment: int, place: Any, D: Any, G: Any,
    R: Any, mix: Any, days: Any, traits: Any, places: Any, activities: Any, vouchers: Any, benefits: Any,
    out: Any, meta: Any, tally: Any, points: Any, weights: Any,
) -> int:  # fmt: skip
    """Slot by slot: choose a deed by its weight or stop. Nobody plays past midnight. Returns the last instant."""
    glow = traits[GLOW, quantile(philox(R.k0, R.k1, user, 0, 0, TRAITS_DRAW)[1])]
    minor = R.segment_minor[segment] != 0
    lift = session_lift(u, glow * R.segment_activity[segment], minor, benefits, G, R)
    eligible = is_eligible(place[2], R)
    staff = is_staff(place[3], R)
    midnight = (day + 1) * DAY_S * 1_000_000
    for sub in range(MAX_SLOTS):
        w = philox(R.k0, R.k1, user, key, sub, SLOT_DRAW)
        tally[T.CHOICE_SLOTS] += 1
        total = weigh(u, lift, staff, minor, eligible, D, G, R, mix[channel, segment], weights)
        aim = unit(w[0]) * (total + R.stop_weight)
        j = 0
        while j < R.n_deeds and aim >= weights[j]:
            aim -= weights[j]
            j += 1
        if j == R.n_deeds:
            break
        t_us += int(exponential(w[1]) * R.choice_dwell_s * 1_000_000.0) + 1_000_000
        if t_us + 2_000_000 >= midnight:
            break
        count_today(u, j)
        act(
            user, u, t_us, key, sub, day, channel, j, place, w[2], D, G, R, days, places, activities,
            vouchers, benefits, out, meta, tally, points,
        )  # fmt: skip
    return t_us


@writes(A_DEED)
def act(
    user: int, u: Any, t_us: int, key: int, sub: int, day: int, channel: int, j: int, place: Any,
    word: int, D: Any, G: Any, R: Any, days: Any, places: Any, activities: Any, vouchers: Any, benefits: Any,
    out: Any, meta: Any, tally: Any, points: Any,
) -> None:  # fmt: skip
    """Do deed j by the effect its table names."""
    effect = D[j].effect
    if D[j].team != 0 and u.flags & IN_TEAM:
        points[team_of(place[3], R)] += 1
    if effect == E_DEED:
        plain_deed(user, u, t_us, day, channel, j, R.daily_cap, D, G, R, benefits, out, meta, tally)
    elif effect == E_GIFT:
        if gift(user, u, t_us, key, sub, day, channel, j, D, G, R, days, places, benefits, out, meta, tally):
            share(user, u, t_us + 2, key, sub, day, channel, R, out, meta, tally)
    elif effect == E_BEAN_GIFT:
        bean_gift(user, u, t_us, key, sub, channel, j, G, R, places, out, meta)
    elif effect == E_REDEEM:
        redeem(user, u, t_us, key, sub, channel, vouchers, R, out, meta)
    elif effect == E_ACCOUNT:
        simple_claim(user, u, t_us, channel, j, K_APPLY, out, meta)
        u.flags = u.flags | HOLDER
        tally[T.APPLICATIONS] += 1
        reward(user, u, t_us + 1, day, channel, j, G, R, out, meta, tally)
        reach_benefits(user, u, t_us + 1, channel, -1, R, benefits, out, meta, tally)
    elif effect == E_TEAM:
        simple_claim(user, u, t_us, channel, j, K_JOIN, out, meta).team = team_of(place[3], R)
        u.flags = u.flags | IN_TEAM
        tally[T.JOINS] += 1
        reward(user, u, t_us + 1, day, channel, j, G, R, out, meta, tally)
    else:
        made = simple_claim(user, u, t_us, channel, j, K_SIGN_UP, out, meta)
        at = activities[(word * G.activities) >> 32]
        made.party = at.id
        made.ref = t_us // 1_000_000 * 128 + 64 + sub
        made.project = at.project
        made.outcome = PENDING
        u.flags = u.flags | SERVING
        tally[T.SIGNUPS] += 1


@writes(A_FARM)
def farm(
    user: int, u: Any, t_us: int, day: int, channel: int, D: Any, G: Any, R: Any, days: Any, places: Any,
    vouchers: Any, benefits: Any, out: Any, meta: Any, tally: Any,
) -> None:  # fmt: skip
    """A farmer's session: every deed that pays, up to the cap; harvest; cash in what can be cashed."""
    for j in range(R.n_deeds):
        pays = D[j].effect == E_DEED and G.reward[0, 0, j] > 0 and D[j].needs_account == 0
        if pays and u.beans_today < R.farmer_cap:
            count_today(u, j)
            plain_deed(user, u, t_us, day, channel, j, R.farmer_cap, D, G, R, benefits, out, meta, tally)
            t_us += 1_000_000
    harvest(user, u, t_us, day, channel, R, days, out, meta, tally)
    if 0 < G.cheapest <= free_beans(u):
        redeem(user, u, t_us + 1, day, 0, channel, vouchers, R, out, meta)
    if G.recycler != NOBODY and G.gift_pool > 0 and (user & 1) == 0:
        recycle(user, u, t_us + 2, day, channel, D, G, R, days, out, meta, tally)


@writes(1)
def recycle(
    user: int, u: Any, t_us: int, day: int, channel: int, D: Any, G: Any, R: Any, days: Any, out: Any, meta: Any,
    tally: Any,
) -> None:  # fmt: skip
    """Match farming: a gift at the cap to one's own NGO, which hands it back (99 Giving Day, F)."""
    made = record(out, meta, t_us, user, u, K_GIFT, channel)
    made.fen = max(-(-G.gift_cap * PPM // max(G.gift_ratio, PPM // 100)), 1)
    made.project = G.recycler
    made.klass = 1
    made.match = match_asked_fen(made.fen, G.gift_ratio, G.gift_cap)
    made.pool = G.gift_pool
    made.outcome = PENDING
    u.gifts = min(u.gifts + 1, 255)
    tally[T.GIFTS] += 1
    tally[T.GIFT_FEN] += made.fen
