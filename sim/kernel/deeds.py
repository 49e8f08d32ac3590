"""What doing a deed does: beans that grow, minutes that count, and claims on what is scarce."""

from __future__ import annotations

from math import log
from typing import Any

from sim.behaviour.giving import (
    completes,
    first_gift_yuan,
    gives_logit,
    heaped_gift_yuan,
    logistic,
    repeat_gift_yuan,
)
from sim.bookkeeping import Kind
from sim.compiling import rule
from sim.domain.ratios import PPM
from sim.kernel import tallies as T
from sim.kernel.choosing import free_beans
from sim.kernel.hours import add_minutes
from sim.kernel.place import place_of, segment_of
from sim.kernel.rows import (
    CLAIMING,
    DONATED,
    GENERAL,
    GROWING_DAYS,
    HOLDER,
    IN_TEAM,
    MAX_BENEFITS,
    NO_DEED,
    PERIODS,
)
from sim.kernel.rules import (
    capped_beans,
    give_all_hundreds,
    match_asked_fen,
    philox,
    quantile,
    ripe_beans,
    unit,
)
from sim.kernel.writing import PENDING, record, writes
from sim.streams import Purpose

GIFT_DRAW = int(Purpose.GIFT)
SHARE_DRAW = int(Purpose.SHARE)
K_DEED = int(Kind.DEED)
K_GENERAL = int(Kind.GENERAL)
K_HARVEST = int(Kind.HARVEST)
K_GIFT = int(Kind.GIFT)
K_BEAN_GIFT = int(Kind.BEAN_GIFT)
K_REDEEM = int(Kind.REDEEM_HOLD)
K_SIGN_UP = int(Kind.SIGN_UP)
K_APPLY = int(Kind.ACCOUNT_APPLY)
K_JOIN = int(Kind.TEAM_JOIN)
K_SHARE = int(Kind.SHARE)
K_BENEFIT = int(Kind.BENEFIT)
MOST_BEANS = 60_000  # a bucket holds 16 bits
MOST_YUAN = 65_535


@rule
def count_today(u: Any, j: int) -> None:
    """Remember that deed j was done once more today (up to three times)."""
    if j < 16:
        if (u.today >> (2 * j)) & 3 < 3:
            u.today = u.today + (1 << (2 * j))
    else:
        more = 2 * (j - 16)
        if (u.today_more >> more) & 3 < 3:
            u.today_more = u.today_more + (1 << more)


@rule
def grant_beans(u: Any, day: int, beans: int, cap: int, tally: Any) -> int:
    """Let beans grow, as far as the day's cap allows; returns how many."""
    slot = day % GROWING_DAYS
    got = min(capped_beans(beans, u.beans_today, cap), MOST_BEANS - u.growing[slot])
    if got <= 0:
        return 0
    u.growing[slot] = u.growing[slot] + got
    u.beans_today = u.beans_today + got
    tally[T.BEANS_ISSUED] += got
    return int(got)


@writes(1)
def harvest(
    user: int, u: Any, t_us: int, day: int, channel: int, R: Any, days: Any, out: Any, meta: Any, tally: Any
) -> None:  # fmt: skip
    """Pick everything that is ripe; it becomes available until the end of the current expiry period."""
    ripe = ripe_beans(u.growing, day, R.ripen_days, R.life_days)
    period = days[day].period % PERIODS
    if ripe == 0 or u.available[period] + ripe > MOST_BEANS:
        return
    for age in range(R.ripen_days, R.life_days + 1):
        if day - age >= 0:
            u.growing[(day - age) % GROWING_DAYS] = 0
    u.available[period] = u.available[period] + ripe
    record(out, meta, t_us, user, u, K_HARVEST, channel).beans = ripe
    tally[T.BEANS_HARVESTED] += ripe


@writes(1 + MAX_BENEFITS)
def plain_deed(
    user: int, u: Any, t_us: int, day: int, channel: int, j: int, cap: int, D: Any, G: Any, R: Any,
    benefits: Any, out: Any, meta: Any, tally: Any,
) -> None:  # fmt: skip
    """A deed done on the spot: its beans and minutes, as the tables say."""
    d = D[j]
    team = 1 if u.flags & IN_TEAM else 0
    beans = grant_beans(u, day, G.reward[team, u.streak, j], cap, tally)
    before = u.labour + u.donated
    minutes = add_minutes(u, d.minutes, d.klass, R, tally)
    general = d.klass == GENERAL
    made = record(out, meta, t_us, user, u, K_GENERAL if general and beans == 0 else K_DEED, channel)
    made.beans = beans
    made.minutes = minutes
    made.klass = 0 if general else d.klass
    made.deed = j
    made.team = team
    tally[T.DEEDS] += 1
    if general:
        tally[T.GENERAL] += 1
    reach_benefits(user, u, t_us, channel, before, R, benefits, out, meta, tally)


@writes(MAX_BENEFITS)
def reach_benefits(
    user: int, u: Any, t_us: int, channel: int, before: int, R: Any, benefits: Any, out: Any, meta: Any, tally: Any
) -> None:  # fmt: skip
    """A holder of the charity account who passes a threshold reaches its benefit; hours are not spent.

    Some benefits belong to youth accounts, the others to those of adults. `before` are the minutes before
    the credit, -1 when the account is new.
    """
    after = u.labour + u.donated
    if u.flags & HOLDER == 0 or after == before:
        return
    youth = R.segment_minor[segment_of(place_of(user, R)[1], R)]
    for k in range(len(benefits)):
        if benefits[k].youth == youth and before < benefits[k].needs <= after:
            made = record(out, meta, t_us, user, u, K_BENEFIT, channel)
            made.deed = k
            tally[T.BENEFITS] += 1


@rule
def match_asked(fen: int, lot: int, G: Any) -> int:
    """What a gift asks of the live pool: ratio × gift, by lot an exponential multiple of it, below the cap."""
    if G.gift_random == 0:
        return match_asked_fen(fen, G.gift_ratio, G.gift_cap)
    asked = fen * G.gift_ratio * -log(unit(lot)) / PPM
    return int(min(asked + 0.5, G.gift_cap))


@rule
def gift_fen(u: Any, w1: int, w2: int, w3: int, place: Any, R: Any) -> int:
    """How much somebody gives who gives (behaviour §5.4): by habit or by heart, heaped, or what is missing."""
    normal = R.normal[quantile(w1)]
    if u.gifts > 0:
        yuan = repeat_gift_yuan(u.gift_yuan, normal, R.giving_constant, R.giving_slope, R.giving_sd)
    else:
        yuan = first_gift_yuan(R.first_gift_yuan, normal, R.giving_first_sigma)
    yuan = heaped_gift_yuan(yuan, unit(w2), R.giving_heap)
    if completes(place.left, place.typical, unit(w3), R.completion, R.giving_completion_within):
        return max(int(place.left), 1)
    return max(int(min(yuan, MOST_YUAN) * 100.0 + 0.5), 1)


@writes(2 + MAX_BENEFITS)
def gift(
    user: int, u: Any, t_us: int, key: int, sub: int, day: int, channel: int, j: int, D: Any, G: Any, R: Any,
    days: Any, places: Any, benefits: Any, out: Any, meta: Any, tally: Any,
) -> bool:  # fmt: skip
    """The gift page is shown: whether, to which project, how much, and what match is asked. True if given."""
    w = philox(R.k0, R.k1, user, key, sub, GIFT_DRAW)
    place = places[pick_place(places, G.projects, unit(w[3]))]
    months = max(days[day].month - u.gift_month, 0) if u.gifts > 0 else 0
    logit = gives_logit(
        R.gift_intercept, u.gifts, months, R.giving_often, R.giving_lapse, G.match, G.trust + place.pull
    )
    if unit(w[0]) >= logistic(logit):
        return False
    again = philox(R.k0, R.k1, user, key, sub + 64, GIFT_DRAW)
    fen = gift_fen(u, w[1], w[2], again[0], place, R)
    made = record(out, meta, t_us, user, u, K_GIFT, channel)
    made.fen = fen
    made.project = place.project
    made.klass = DONATED
    made.deed = j
    before = u.labour + u.donated
    made.minutes = add_minutes(u, D[j].minutes, DONATED, R, tally)
    if G.gift_pool > 0:
        made.match = match_asked(fen, again[1], G)
        made.pool = G.gift_pool
        if made.match > 0:
            made.outcome = PENDING
    u.gifts = min(u.gifts + 1, 255)
    u.gift_yuan = max(u.gift_yuan, min((fen + 99) // 100, MOST_YUAN))
    u.gift_month = days[day].month
    tally[T.GIFTS] += 1
    tally[T.GIFT_FEN] += fen
    reward(user, u, t_us + 1, day, channel, j, G, R, out, meta, tally)
    reach_benefits(user, u, t_us + 1, channel, before, R, benefits, out, meta, tally)
    return True


@writes(1)
def reward(
    user: int, u: Any, t_us: int, day: int, channel: int, j: int, G: Any, R: Any, out: Any, meta: Any, tally: Any
) -> None:  # fmt: skip
    """Beans for a gift, a team joined, an account opened: an event of its own beside the deed's record."""
    team = 1 if u.flags & IN_TEAM else 0
    beans = grant_beans(u, day, G.reward[team, u.streak, j], R.daily_cap, tally)
    if beans > 0:
        grown = record(out, meta, t_us, user, u, K_DEED, channel)
        grown.beans = beans
        grown.deed = j


@rule
def pick_place(places: Any, count: int, share: float) -> int:
    """A project by its weight: the first whose cumulative share reaches the draw."""
    low = 0
    high = count - 1
    while low < high:
        middle = (low + high) >> 1
        if places[middle].upto >= share:
            high = middle
        else:
            low = middle + 1
    return low


@writes(1)
def bean_gift(
    user: int, u: Any, t_us: int, key: int, sub: int, channel: int, j: int, G: Any, R: Any, places: Any,
    out: Any, meta: Any,
) -> None:  # fmt: skip
    """Offer beans to a project; the pool that pays for them decides at the barrier."""
    w = philox(R.k0, R.k1, user, key, sub, GIFT_DRAW)
    offered = give_all_hundreds(free_beans(u))
    if unit(w[0]) >= R.give_all:
        offered = min(offered, 100)
    made = record(out, meta, t_us, user, u, K_BEAN_GIFT, channel)
    made.beans = offered
    made.fen = offered * 100 // R.beans_per_yuan
    made.project = places[pick_place(places, G.projects, unit(w[3]))].project
    made.klass = DONATED
    made.deed = j
    made.pool = G.bean_pool
    made.outcome = PENDING
    u.flags = u.flags | CLAIMING


@writes(1)
def redeem(
    user: int, u: Any, t_us: int, key: int, sub: int, channel: int, vouchers: Any, R: Any, out: Any, meta: Any,
) -> None:  # fmt: skip
    """Ask for a voucher: any of those in stock that the beans allow."""
    w = philox(R.k0, R.k1, user, key, sub, GIFT_DRAW)
    free = free_beans(u)
    start = int(unit(w[0]) * len(vouchers))
    for step in range(len(vouchers)):
        k = (start + step) % len(vouchers)
        if vouchers[k].stock > 0 and vouchers[k].beans <= free:
            made = record(out, meta, t_us, user, u, K_REDEEM, channel)
            made.beans = vouchers[k].beans
            made.ref = t_us // 1_000_000 * 128 + 64 + sub
            made.deed = k
            made.outcome = PENDING
            u.flags = u.flags | CLAIMING
            return


@writes(2)
def share(
    user: int, u: Any, t_us: int, key: int, sub: int, day: int, channel: int, R: Any, out: Any, meta: Any, tally: Any
) -> None:  # fmt: skip
    """After a gift some post it and some invite a friend (behaviour §5.8); a recruit enters at the barrier."""
    w = philox(R.k0, R.k1, user, key, sub, SHARE_DRAW)
    public = unit(w[0]) < R.post
    if not public and unit(w[1]) >= R.invite:
        return
    made = record(out, meta, t_us, user, u, K_SHARE, channel)
    made.deed = 0 if public else 1
    tally[T.SHARES] += 1
    if unit(w[2]) < (R.post_recruits if public else R.invite_recruits):
        made.ref = 1 + ((w[3] * R.honest) >> 32)
        made.outcome = PENDING
    if R.share_reward > 0:
        beans = grant_beans(u, day, R.share_reward, R.daily_cap, tally)
        if beans > 0:
            grown = record(out, meta, t_us + 1, user, u, K_DEED, channel)
            grown.beans = beans
            grown.deed = NO_DEED


@writes(1)
def simple_claim(user: int, u: Any, t_us: int, channel: int, j: int, kind: int, out: Any, meta: Any) -> Any:
    """A record that a flag or the barrier completes: applying, joining, signing up."""
    made = record(out, meta, t_us, user, u, kind, channel)
    made.deed = j
    return made
