"""Shopping: a visit, its orders, and each charity order's life from payment to confirmation.

A charity order is an order whose product carries a pledge, never a draw of its own. Donation and project
are frozen when it is created; the money moves at confirmation (公益宝贝, domain facts §2).
"""

from __future__ import annotations

from math import exp
from typing import Any

from sim.behaviour.choice import crossed
from sim.bookkeeping import Kind
from sim.compiling import rule, table_rule
from sim.kernel import tallies as T
from sim.kernel.chances import take_part
from sim.kernel.deeds import ask_match, reach_benefits, thank
from sim.kernel.hours import add_minutes
from sim.kernel.incentives import BESIDE, holding_for_buyer, lasts
from sim.kernel.lifetime import RATE, newcomer_gain, roll_day
from sim.kernel.matches import asked, cofund_of, label_look
from sim.kernel.place import place_of, segment_of, ways_in
from sim.kernel.rows import (
    CANCEL,
    CONFIRM,
    DONATED,
    GONE,
    LATE_REFUND,
    NOBODY,
    ORDER,
    PAY,
    PLAYER,
    REFUND,
    SHIP,
)
from sim.kernel.rules import (
    MOST_IN_BASKET,
    QUANTILES,
    alias_row,
    bin_at,
    delay_s,
    document_lots,
    document_ref,
    donation_fen,
    micro,
    next_visit_s,
    philox,
    poisson_count,
    quantile,
    unit,
)
from sim.kernel.world import Pen, Who, World
from sim.kernel.writing import MOST, drop_errand, file_errand, new_errand, record, writes
from sim.spans import DAY_S
from sim.streams import OF_ORDERS, Purpose

VISIT_DRAW = int(Purpose.VISIT)
FESTIVAL_DRAW = int(Purpose.FESTIVAL)
TRAITS_DRAW = int(Purpose.TRAITS)
BASKET_DRAW = int(Purpose.BASKET)
LIFE_DRAW = int(Purpose.LIFE)
K_VISIT = int(Kind.VISIT)
K_ORDER = int(Kind.ORDER)
K_CREATE = int(Kind.ORDER_CREATE)
K_PAY = int(Kind.ORDER_PAY)
K_SHIP = int(Kind.ORDER_SHIP)
K_CANCEL = int(Kind.ORDER_CANCEL)
K_CONFIRM = int(Kind.ORDER_CONFIRM)
K_REFUND = int(Kind.ORDER_REFUND)
K_LATE = int(Kind.REFUND_LATE)
BASKET = 64  # sub-slots a look takes: more than there are orders in a visit
MOST_LOOKS = 32

# Columns of a block's traffic histogram, one row a bin of time.
VISITS, ORDERS, CHARITY = 0, 1, 2


@rule
def shopping_rate(user: int, R: Any) -> float:
    """Orders per ordinary day of a user: a lognormal regular or an occasional shopper (domain facts §4)."""
    u = unit(philox(R.k0, R.k1, user, 0, 0, TRAITS_DRAW)[0])
    if u < R.regular_share:
        return float(R.regular_rate * R.traits[RATE, int(u / R.regular_share * QUANTILES)])
    return float(R.occasional_rate)


@rule
def takes_part(user: int, festival: int, R: Any) -> bool:
    """Whether this user shops on that festival."""
    lots = philox(R.k0, R.k1, user, festival, 0, FESTIVAL_DRAW)
    return bool(unit(lots[0]) < R.takes_part[festival - 1])


@writes(1 + MOST_IN_BASKET, MOST_IN_BASKET)
def visit(who: Who, t_s: int, base_s: int, w: World, pen: Pen) -> bool:
    """One look at the shop at second t_s: the next visit, the orders of this one. True if it leads to play."""
    u, R, user = who.u, w.R, who.user
    lots = philox(R.k0, R.k1, user, t_s, 0, VISIT_DRAW)
    u.visit_s = next_visit_s(w.clock, t_s, shopping_rate(user, R) * R.visits_per_order, lots[0])
    now = w.clock.bins[bin_at(w.clock, t_s)]
    mean = now.orders
    if now.festival > 0 and not takes_part(user, now.festival, R):
        if unit(lots[1]) >= now.keep:
            return False
        mean = now.plain_orders
    row = (t_s - base_s) // R.traffic_s
    pen.traffic[row, VISITS] += 1
    pen.book.tally[T.VISITS] += 1
    if R.record_all != 0:
        moment = philox(R.k0, R.k1, user, t_s, 1, VISIT_DRAW)[0]
        record(pen, who, t_s * 1_000_000 + micro(moment), K_VISIT)
    for n in range(poisson_count(lots[2], mean)):
        order(who, t_s, n, now, row, w, pen)
        if w.G.counting != 0:
            pen.counted[user] += 1
    return enters(who, t_s // DAY_S, unit(lots[3]), w, pen)


@rule
def enters(who: Who, day: int, lot: float, w: World, pen: Pen) -> bool:
    """Whether a visit leads into play: likelier by every channel that reaches, and by what the day's visit is worth."""
    R = w.R
    if R.play_open == 0 or who.u.flags & (PLAYER | GONE) or lot >= w.G.entry_most[R.days[day].offer]:
        return False
    base = R.entry_per_visit * ways_in(who.user, R)[2]
    return bool(lot < crossed(base, R.visit_join * newcomer_gain(who.user, who.channel, day, w, pen)))


@rule
def gets_order_beans(u: Any, R: Any) -> bool:
    """Whether a charity order lets beans grow for this user: it brings some, and they play."""
    return bool(R.orders_pay != 0 and u.flags & (PLAYER | GONE) == PLAYER)


@rule
def held_by_buyer(who: Who, t_s: int, R: Any) -> int:
    """The rules that hold for who buys or confirms at an instant."""
    return holding_for_buyer(who, t_s, segment_of(place_of(who.user, R)[1], R), R)


@rule
def is_reached(user: int, festival: int, w: World) -> bool:
    """Whether a friend's post of a charity order has reached this user on the day of the festival."""
    lot = philox(w.R.k0, w.R.k1, user, festival, 1, FESTIVAL_DRAW)[0]
    return bool(unit(lot) < w.G.reached)


@rule
def chosen_row(who: Who, t_s: int, n: int, lots: Any, festival: int, w: World) -> int:
    """The product of an order: found by popularity, and taken by what its label says, else the next is looked at.

    So each is bought by its popularity times its label's odds, and another label leaves most orders as they were.
    """
    R, product = w.R, w.product
    mask = held_by_buyer(who, t_s, R) if w.G.live_cofunds > 0 else 0
    look = label_look(who, mask, gets_order_beans(who.u, R), w)
    reached = festival > 0 and w.G.reached > 0.0 and is_reached(who.user, festival, w)
    row = alias_row(product, lots[0], lots[1], len(product))
    for k in range(1, MOST_LOOKS):
        taken = product[row].taken[look]
        if reached and product[row].project == NOBODY:
            taken *= exp(-R.label_friend)
        further = philox(R.k0, R.k1, who.user, t_s, n + BASKET * k, BASKET_DRAW)
        if unit(further[2]) < taken:
            break
        row = alias_row(product, further[0], further[1], len(product))
    return row


@writes(1, 1)
def order(who: Who, t_s: int, n: int, now: Any, row: int, w: World, pen: Pen) -> None:
    """One order: a product by popularity; if it carries a pledge, a charity order starts its life."""
    R = w.R
    lots = philox(R.k0, R.k1, who.user, t_s, n, BASKET_DRAW)
    p = w.product[chosen_row(who, t_s, n, lots, now.festival, w)]
    price = max(int(R.price_median * p.price * now.price + 0.5), 1)
    t_us = t_s * 1_000_000 + micro(lots[2])
    pen.traffic[row, ORDERS] += 1
    pen.book.tally[T.ORDERS] += 1
    if p.project == NOBODY:
        if R.record_all != 0:
            made = record(pen, who, t_us, K_ORDER)
            made.price = price
            made.party = p.merchant
        return
    pen.traffic[row, CHARITY] += 1
    pen.book.tally[T.CHARITY_ORDERS] += 1
    k = new_errand(pen)
    e = pen.errands[k]
    e.ref = document_ref(t_s, n)
    e.price = price
    e.fen = donation_fen(price, p.ppm, p.fixed)
    e.project = p.project
    e.party = p.merchant
    fill_order(record(pen, who, t_us, K_CREATE), e)
    life = document_lots(who.user, e.ref, 0, LIFE_DRAW, R)
    if unit(life[0]) < R.cancel:
        e.step = CANCEL
        e.due = t_s + R.pay_within_s
    else:
        e.step = PAY
        e.due = pay_due(t_s, life[1], unit(lots[3]), R)
    file_errand(who.u, pen.errands, k)


@rule
def pay_due(t_s: int, word: int, presale: float, R: Any) -> int:
    """When an order is paid: within minutes, or, bought in a presale, when the balance falls due.

    The presale ends with the midnight before the day: whoever orders on the day itself pays at once.
    """
    soon = 2 + int(unit(word) * R.pay_within_s)
    if R.presale_from_s <= t_s < R.presale_until_s and presale < R.presale_share:
        return int(R.balance_s + soon)
    return t_s + soon


@rule
def fill_order(made: Any, e: Any) -> None:
    """What every record of an order says."""
    made.fen = e.fen
    made.price = e.price
    made.ref = e.ref
    made.project = e.project
    made.party = e.party


@rule
def timer_s(kind: int, R: Any) -> int:
    """How long after shipping an order confirms itself: by express, by mail, or nothing to ship."""
    if unit(kind) < R.virtual_share:
        return int(R.virtual_timer_s)
    if unit(kind) < R.virtual_share + R.mail_share:
        return int(R.mail_timer_s)
    return int(R.express_timer_s)


@rule
def arrival_s(shipped_s: int, hand: int, delivered: int, slow: int, kind: int, R: Any) -> int:
    """When an order is confirmed: by hand some days after delivery, else by the timer that ran from shipping."""
    delivery = delay_s(R.delivery_median_s, R.delivery_sigma, R.normal[quantile(delivered)])
    timer = timer_s(kind, R)
    if unit(hand) < R.by_hand:
        wait = delay_s(R.by_hand_median_s, R.by_hand_sigma, R.normal[quantile(slow)])
        return int(shipped_s + min(delivery + wait, timer))
    return int(shipped_s + timer)


@writes(
    2 + MOST["grant"].records + MOST["take_part"].records + MOST["reach_benefits"].records,
    MOST["grant"].errands,
)
def order_step(who: Who, k: int, w: World, pen: Pen) -> None:
    """Play the due step of order k and file the next one, or end the order.

    Every decision on an order has a word of its own: the way of payment and parcel in a and b, moments and refunds
    in c.
    """
    R, tally = w.R, pen.book.tally
    e = pen.errands[k]
    c = document_lots(who.user, e.ref, 2, LIFE_DRAW, R)
    t_us = e.due * 1_000_000 + micro(c[0])
    step = e.step
    e.step = 0
    if step == PAY:
        fill_order(record(pen, who, t_us, K_PAY), e)
        tally[T.PLEDGED_FEN] += e.fen
        tally[T.PAID_PRICE_FEN] += e.price
        e.step = SHIP
        e.due = e.due + 60 + int(unit(document_lots(who.user, e.ref, 0, LIFE_DRAW, R)[2]) * R.ship_within_s)
    elif step == SHIP:
        fill_order(record(pen, who, t_us, K_SHIP), e)
        a = document_lots(who.user, e.ref, 0, LIFE_DRAW, R)
        b = document_lots(who.user, e.ref, 1, LIFE_DRAW, R)
        arrived = arrival_s(e.due, a[3], b[0], b[1], b[2], R)
        if unit(c[1]) < R.refund_before:
            e.step = REFUND
            e.due = e.due + 3600 + int((arrived - e.due) * unit(c[2]))
        else:
            e.step = CONFIRM
            e.due = arrived
    elif step == CONFIRM:
        confirm(who, e, t_us, w, pen)
        if unit(c[3]) < R.refund_after:
            e.step = LATE_REFUND
            e.due = e.due + int(R.orders_late_refund_days * DAY_S)
    elif step == REFUND:
        fill_order(record(pen, who, t_us, K_REFUND), e)
        tally[T.REFUNDED] += 1
        tally[T.REFUNDED_FEN] += e.fen
        tally[T.REFUNDED_PRICE_FEN] += e.price
    elif step == CANCEL:
        fill_order(record(pen, who, t_us, K_CANCEL), e)
        tally[T.CANCELLED] += 1
    else:
        fill_order(record(pen, who, t_us, K_LATE), e)
        tally[T.LATE_REFUNDS] += 1
    if e.step == 0:
        drop_errand(pen, k)
    else:
        file_errand(who.u, pen.errands, k)


@table_rule
def confirm_themselves(buyers: Any, refs: Any, rules: Any, by_timer: Any) -> None:
    """Say of confirmed orders whether the timer confirmed them, by the lots that `order_step` drew for them."""
    R = rules[0]
    for k in range(len(refs)):
        a = document_lots(buyers[k], refs[k], 0, LIFE_DRAW, R)
        b = document_lots(buyers[k], refs[k], 1, LIFE_DRAW, R)
        by_timer[k] = arrival_s(0, a[3], b[0], b[1], b[2], R) == timer_s(b[2], R)


@writes(
    2 + MOST["grant"].records + MOST["take_part"].records + MOST["reach_benefits"].records,
    MOST["grant"].errands,
)
def confirm(who: Who, e: Any, t_us: int, w: World, pen: Pen) -> None:
    """Confirmation of receipt: the donation moves, perhaps matched, and counts as donated time."""
    u, R, tally = who.u, w.R, pen.book.tally
    day, earns, held = t_us // (DAY_S * 1_000_000), gets_order_beans(u, R), 0
    if earns:
        roll_day(u, day, R)
    if earns or w.G.n_cofunds > 0:
        held = held_by_buyer(who, t_us // 1_000_000, R)
    mask = held if earns else 0  # what pays
    made = record(pen, who, t_us, K_CONFIRM)
    fill_order(made, e)
    made.klass = DONATED
    before = u.labour + u.donated
    own = lasts(who.user, ORDER, R.order_minutes, day, mask, w, pen)
    made.minutes = add_minutes(u, own, DONATED, w, pen)
    tally[T.CONFIRMED] += 1
    tally[T.CONFIRMED_FEN] += e.fen
    tally[T.CONFIRMED_PRICE_FEN] += e.price
    k = cofund_of(who, held, e.fen, w)
    if k != NOBODY:
        ask_match(made, w.G.cofunds[k], asked(w.G.cofunds[k], e.fen))
    if earns:
        thank(who, t_us + 1, ORDER, R.order_beans, DONATED, mask, w, pen)
        take_part(who, t_us + 1, ORDER, e.ref // 2, OF_ORDERS + e.ref % 2, mask, w, pen)
    reach_benefits(who, t_us + 1 + BESIDE, before, w, pen)
