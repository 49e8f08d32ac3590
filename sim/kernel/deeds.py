"""What doing a deed does: beans that grow, minutes that count, and claims on what is scarce."""

from __future__ import annotations

from typing import Any

from sim.behaviour.choice import crossed
from sim.behaviour.giving import (
    completes,
    first_gift_yuan,
    gives_logit,
    heaped_gift_yuan,
    logistic,
    part_fen,
    repeat_gift_yuan,
)
from sim.bookkeeping import Kind
from sim.compiling import rule
from sim.kernel import tallies as T
from sim.kernel.chances import passes_on, take_part
from sim.kernel.choosing import free_beans
from sim.kernel.donors import MOST_PARTS, MOST_YUAN, parts_given, remember_gift
from sim.kernel.hours import add_minutes
from sim.kernel.incentives import (
    BESIDE,
    MOST_BEANS,
    NO_LIMIT,
    NO_TIME,
    earn,
    grant,
    holding_for_buyer,
    lasts,
    pays,
    price_under,
)
from sim.kernel.lifetime import newcomer_gain
from sim.kernel.matches import announced, drawn, match_of
from sim.kernel.place import channel_of, place_of, segment_of
from sim.kernel.rows import (
    CLAIMING,
    CLAIMS_FROM,
    DEED_LOTS,
    DONATED,
    GENERAL,
    GROWING_DAYS,
    HOLDER,
    IN_TEAM,
    INVITE,
    MAX_BADGES,
    MAX_BENEFITS,
    NO_DEED,
    NOBODY,
    PERIODS,
)
from sim.kernel.rules import (
    document_ref,
    fen_of_beans,
    give_all_hundreds,
    philox,
    quantile,
    reaches_benefit,
    ripe_lot,
    unit,
)
from sim.kernel.world import Pen, Slot, Who, World
from sim.kernel.writing import MOST, PENDING, record, writes
from sim.spans import DAY_S
from sim.streams import OF_INVITES, Purpose

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
K_BADGE = int(Kind.BADGE)


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


@writes(1)
def harvest(who: Who, t_us: int, day: int, w: World, pen: Pen) -> None:
    """Pick everything that is ripe; it becomes available until the end of the current expiry period."""
    u, R = who.u, w.R
    t_s = t_us // 1_000_000
    first = max(day - GROWING_DAYS + 1, 0)
    ripe = 0
    for lot in range(first, day + 1):
        ripe += ripe_lot(u, lot, t_s, R)
    period = R.days[day].period % PERIODS
    if ripe == 0 or u.available[period] + ripe > MOST_BEANS:
        return
    for lot in range(first, day + 1):
        slot = lot % GROWING_DAYS
        u.growing[slot] = u.growing[slot] - ripe_lot(u, lot, t_s, R)
    u.available[period] = u.available[period] + ripe
    record(pen, who, t_us, K_HARVEST).beans = ripe
    pen.book.tally[T.BEANS_HARVESTED] += ripe


@writes(MAX_BENEFITS + MAX_BADGES)
def reach_benefits(who: Who, t_us: int, before: int, w: World, pen: Pen) -> None:
    """A holder of the charity account who passes a threshold reaches its benefit, others earn a badge; hours are not
    spent.

    Some benefits belong to youth accounts, the others to those of adults. `before` are the minutes before
    the credit, -1 when the account is new.
    """
    u, R = who.u, w.R
    after = u.labour + u.donated
    if after == before:
        return
    segment = segment_of(place_of(who.user, R)[1], R) if u.flags & HOLDER or R.badging != 0 else 0
    if R.badging != 0 and before >= 0:
        earn_badges(who, t_us, before, segment, w, pen)
    if u.flags & HOLDER == 0:
        return
    youth = R.segment_minor[segment] != 0
    for k in range(R.n_benefits):
        needs, theirs = R.benefits[k].needs, R.benefits[k].youth != 0
        if reaches_benefit(after, needs, theirs, youth) and not reaches_benefit(before, needs, theirs, youth):
            record(pen, who, t_us, K_BENEFIT).deed = k
            pen.book.tally[T.BENEFITS] += 1


@writes(MAX_BADGES)
def earn_badges(who: Who, t_us: int, before: int, segment: int, w: World, pen: Pen) -> None:
    """A badge for every tier of merit that the minutes since `before` have passed, by the rules that hold."""
    u, R = who.u, w.R
    after = u.labour + u.donated
    badging = R.badging & holding_for_buyer(who, t_us // 1_000_000, segment, R)
    for k in range(R.n_rules):
        if (badging >> k) & 1:
            r = R.rules[k]
            for tier in range(r.tier, r.tiers):
                if before < R.tiers[tier].start <= after:
                    made = record(pen, who, t_us, K_BADGE)
                    made.deed = tier - r.tier
                    made.rule = k + 1
                    pen.book.tally[T.BADGES] += 1


@writes(1 + MOST["grant"].records + MOST["reach_benefits"].records, MOST["grant"].errands)
def plain_deed(who: Who, t_us: int, j: int, most: int, mask: int, w: World, pen: Pen) -> None:
    """A deed done on the spot: its beans and minutes, as the tables say, at most so many beans; then what rules add."""
    u, d = who.u, w.R.deeds[j]
    team = 1 if u.flags & IN_TEAM else 0
    before = u.labour + u.donated
    own = lasts(who.user, j, d.minutes, t_us // (DAY_S * 1_000_000), mask, w, pen)
    minutes = add_minutes(u, own, d.klass, w, pen)
    general = d.klass == GENERAL
    beans = earn(who, t_us, j, d.beans, most, mask, w, pen)
    made = record(pen, who, t_us, K_GENERAL if general and beans == 0 else K_DEED)
    made.beans = beans
    made.minutes = minutes
    made.klass = 0 if general else d.klass
    made.deed = j
    made.team = team
    pen.book.tally[T.DEEDS] += 1
    if general:
        pen.book.tally[T.GENERAL] += 1
    grant(who, t_us, j, NO_TIME if general else d.klass, mask, w, pen)
    reach_benefits(who, t_us + BESIDE, before, w, pen)


@rule
def ask_match(made: Any, row: Any, fen: int) -> None:
    """Ask a promise's pool for so many fen; whoever asks for something learns at the barrier."""
    made.rule = 1 + row.rule
    made.pool = row.pool
    made.match = fen
    if fen > 0:
        made.outcome = PENDING


@rule
def gift_fen(u: Any, w1: int, w2: int, w3: int, place: Any, R: Any) -> int:
    """How much somebody gives who gives (behaviour §5.4): by habit or by heart, heaped, or what is missing."""
    normal = R.normal[quantile(w1)]
    if u.gifts > 0:
        yuan = repeat_gift_yuan(
            u.gift_yuan, normal, R.giving_dollar, R.giving_constant, R.giving_slope, R.giving_sd
        )
    else:
        yuan = first_gift_yuan(R.first_gift_yuan, normal, R.giving_first_sigma)
    yuan = heaped_gift_yuan(yuan, unit(w2), R.giving_heap)
    if completes(place.left, place.typical, unit(w3), R.completion, R.giving_completion_within):
        return max(int(place.left), 1)
    return max(int(min(yuan, MOST_YUAN) * 100.0 + 0.5), 1)


@writes(MOST_PARTS + 1 + MOST["grant"].records + MOST["reach_benefits"].records, MOST["grant"].errands)
def gift(who: Who, at: Slot, j: int, mask: int, w: World, pen: Pen) -> int:
    """The gift page is shown: whether, to which project, how much, and what match is asked of whom.

    Returns in how many gifts it was given, 0 if not at all. However many, it is one deed: minutes once, beans once.
    """
    u, R, G = who.u, w.R, w.G
    lots = philox(R.k0, R.k1, who.user, at.key, at.sub, GIFT_DRAW)
    place = w.places[pick_place(w.places, G.projects, unit(lots[3]))]
    month = R.days[at.day].month
    months = max(month - u.gift_month, 0) if u.gifts > 0 else 0
    intercept = R.gift_intercept + (
        R.giving_donor if u.gifts > 0 else 0.0
    )  # who has given answers more often
    match = announced(who, mask, place.cause, w)
    logit = gives_logit(
        intercept, u.gifts, months, R.giving_often, R.giving_lapse, match, G.trust + place.pull
    )
    if unit(lots[0]) >= logistic(logit):
        return 0
    completing = philox(R.k0, R.k1, who.user, at.key, at.sub + DEED_LOTS, GIFT_DRAW)[0]
    fen = gift_fen(u, lots[1], lots[2], completing, place, R)
    before = u.labour + u.donated
    own = lasts(who.user, j, R.deeds[j].minutes, at.day, mask, w, pen)
    minutes = add_minutes(u, own, DONATED, w, pen)
    k = match_of(who, mask, place.cause, fen, w)
    several = (
        k != NOBODY and G.matches[k].lot != 0 and G.matches[k].first == 0
    )  # a lot each, if each is matched
    parts = parts_given(who, fen, several, R)
    first = u.number
    for part in range(parts):
        made = record(pen, who, at.t_us + part, K_GIFT)
        made.fen = part_fen(fen, parts, part)
        made.project = place.project
        made.klass = DONATED
        made.deed = j
        if part == 0:
            made.minutes = minutes
        else:
            made.ref = first
        if k != NOBODY:
            lot = philox(R.k0, R.k1, who.user, at.key, at.sub + DEED_LOTS * (1 + part), GIFT_DRAW)[1]
            ask_match(made, G.matches[k], drawn(G.matches[k], made.fen, lot))
    remember_gift(u, fen, month)
    pen.book.tally[T.GIFTS] += parts
    pen.book.tally[T.GIFT_FEN] += fen
    thank(who, at.t_us + parts, j, R.deeds[j].beans, DONATED, mask, w, pen)
    reach_benefits(who, at.t_us + parts + BESIDE, before, w, pen)
    return parts


@writes(1 + MOST["grant"].records, MOST["grant"].errands)
def reward(who: Who, t_us: int, j: int, mask: int, w: World, pen: Pen) -> None:
    """Beans for a team joined, an account opened, which are worth no time: events of their own beside the record."""
    thank(who, t_us, j, w.R.deeds[j].beans, NO_TIME, mask, w, pen)


@writes(1 + MOST["grant"].records, MOST["grant"].errands)
def thank(who: Who, t_us: int, thing: int, base: int, klass: int, mask: int, w: World, pen: Pen) -> None:
    """Beans for something that has a record of its own: a record for what it brings by itself, and one a rule. What
    is worth time of a class, `lasts` has been asked about."""
    beans = earn(who, t_us, thing, base, NO_LIMIT, mask, w, pen)
    if beans > 0:
        grown = record(pen, who, t_us, K_DEED)
        grown.beans = beans
        grown.deed = thing if thing < w.R.n_deeds else NO_DEED
    grant(who, t_us, thing, klass, mask, w, pen)


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
def bean_gift(who: Who, at: Slot, j: int, mask: int, w: World, pen: Pen) -> None:
    """Offer beans to a project; the pool that pays for them decides at the barrier."""
    u, R = who.u, w.R
    lots = philox(R.k0, R.k1, who.user, at.key, at.sub, GIFT_DRAW)
    offered = give_all_hundreds(free_beans(u))
    if unit(lots[0]) >= R.give_all:
        offered = min(offered, 100)
    made = record(pen, who, at.t_us, K_BEAN_GIFT)
    made.beans = offered
    made.fen = fen_of_beans(offered, price_under(mask, R))
    made.project = w.places[pick_place(w.places, w.G.projects, unit(lots[3]))].project
    made.klass = DONATED
    made.deed = j
    made.pool = w.G.bean_pool
    made.outcome = PENDING
    u.flags = u.flags | CLAIMING


@writes(1)
def redeem(who: Who, at: Slot, w: World, pen: Pen) -> None:
    """Ask for a voucher: any of those in stock that the beans allow."""
    u, vouchers = who.u, w.vouchers
    lots = philox(w.R.k0, w.R.k1, who.user, at.key, at.sub, GIFT_DRAW)
    free = free_beans(u)
    start = int(unit(lots[0]) * len(vouchers))
    for step in range(len(vouchers)):
        k = (start + step) % len(vouchers)
        if vouchers[k].stock > 0 and vouchers[k].beans <= free:
            made = record(pen, who, at.t_us, K_REDEEM)
            made.beans = vouchers[k].beans
            made.ref = document_ref(at.t_us // 1_000_000, CLAIMS_FROM)
            made.deed = k
            made.outcome = PENDING
            u.flags = u.flags | CLAIMING
            return


@rule
def would_join(friend: int, base: float, day: int, w: World, pen: Pen) -> float:
    """Chance that a friend who is reached begins to play: likelier by what the day's visit is worth to them."""
    channel = channel_of(friend, place_of(friend, w.R)[0], w.R)
    return crossed(base, w.R.visit_join * newcomer_gain(friend, channel, day, w, pen))


@writes(2 + MOST["grant"].records + MOST["take_part"].records, MOST["grant"].errands)
def share(who: Who, at: Slot, mask: int, w: World, pen: Pen) -> None:
    """After a gift some post it and some invite a friend (behaviour §5.8); a recruit enters at the barrier."""
    R = w.R
    lots = philox(R.k0, R.k1, who.user, at.key, at.sub, SHARE_DRAW)
    sure = pays(who.user, INVITE, 0, at.day, who.u.streak, mask, w, pen)
    public = unit(lots[0]) < passes_on(R.post, sure, 0.0, mask, w)
    if not public and unit(lots[1]) >= passes_on(R.invite, sure, R.invite_recruits, mask, w):
        return
    made = record(pen, who, at.t_us, K_SHARE)
    made.deed = 0 if public else 1
    pen.book.tally[T.SHARES] += 1
    friend = (lots[3] * R.honest) >> 32
    base = R.post_recruits if public else R.invite_recruits
    if unit(lots[2]) < would_join(friend, base, at.day, w, pen):
        made.ref = 1 + friend
        if not public:  # until the barrier: what pays for this friend's first deed
            made.fen = mask & R.refers
        made.outcome = PENDING
    thank(who, at.t_us + 1, INVITE, 0, NO_TIME, mask, w, pen)
    take_part(who, at.t_us + 1, INVITE, at.key, at.sub + OF_INVITES, mask, w, pen)


@writes(1)
def simple_claim(who: Who, t_us: int, j: int, kind: int, pen: Pen) -> Any:
    """A record that a flag or the barrier completes: applying, joining, signing up."""
    made = record(pen, who, t_us, kind)
    made.deed = j
    return made
