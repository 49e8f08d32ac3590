"""What deeds weigh under a set of rules, and what a visit is worth: looked up, and worked out where it is new.

Both depend on nothing but the rules that hold, a few traits, and what is published, so a block keeps those it met last.
"""

from __future__ import annotations

from math import exp
from typing import Any

from sim.behaviour.choice import felt_beans, felt_mix, felt_reward, share_left
from sim.behaviour.visit import visit_gain
from sim.compiling import rule
from sim.kernel.chances import hopes, urge
from sim.kernel.incentives import after, price_under
from sim.kernel.rows import (
    CONTEST,
    E_BEAN_GIFT,
    E_GIFT,
    EVERY,
    F_TIERS,
    MAX_SLOTS,
    PRICES,
    VISITS,
)
from sim.kernel.world import Pen, World

HUNDRED = 100.0  # beans: they are given in hundreds
SPREAD = 0x9E3779B1  # an odd number whose products spread over all bits


@rule
def weight_of(j: int, beans: float, kept: float, level: int, mask: int, w: World) -> float:
    """The weight of deed j against stopping when it brings so many beans, by how much somebody holds already.

    `kept` is what delay leaves of them; what rules let hope for, and what they urge to, comes beside.
    """
    R, G = w.R, w.G
    d, left = R.deeds[j], share_left(level)
    own, given = G.self_yuan * left, G.charity_yuan * left
    hoped, felt_hope, yuan, felt_money = hopes(j, mask, w)
    if hoped == 0.0 and yuan == 0.0 and kept == beans:
        felt = felt_beans(beans, own, given, d.cost, R.choice_weight_charity, R.choice_slope)
    else:
        total, left_of = beans + hoped, kept + felt_hope
        charity = left_of * given * R.choice_weight_charity + felt_money
        felt = max(
            felt_mix(total * own + yuan, left_of * own + felt_money, d.cost, R.choice_slope),
            felt_mix(total * given + yuan, charity, d.cost, R.choice_slope),
        )
    if d.effect == E_BEAN_GIFT:  # what a hundred beans are for
        bought = HUNDRED / price_under(mask, R)
        felt = max(felt, felt_reward(bought, d.cost, R.choice_weight_charity, R.choice_slope))
    return float(R.bare[j] * exp(felt + urge(j, mask, w)))


@rule
def first_pay(j: int, mask: int, streak: int, R: Any) -> float:
    """What deed j pays the first time under rules; a rule for every so many-th one by its share of them."""
    beans = R.deeds[j].beans
    total = float(beans)
    paying = mask & R.by_thing[j] & R.paying
    if paying != 0:
        for k in range(R.n_rules):
            if (paying >> k) & 1:
                r = R.rules[k]
                made = after(r, beans, r.each if r.form != F_TIERS else 1, streak, R)
                total += (made - beans) / r.each
                if r.each == 1:
                    beans = made
    return total


@rule
def share_kept(j: int, mask: int, streak: int, R: Any) -> float:
    """The share that delay leaves of the effect of what deed j pays."""
    if mask & R.by_thing[j] & R.delayed == 0:
        return 1.0
    beans = R.deeds[j].beans
    total = kept = float(beans)
    paying = mask & R.by_thing[j] & R.paying
    for k in range(R.n_rules):
        if (paying >> k) & 1:
            r = R.rules[k]
            made = after(r, beans, r.each if r.form != F_TIERS else 1, streak, R)
            total += (made - beans) / r.each
            kept += (made - beans) / r.each * r.kept
            if r.each == 1:
                beans = made
    return kept / total if total > 0.0 else 1.0


@rule
def limit_of(j: int, mask: int, R: Any) -> int:
    """How often a day deed j can be done under rules; 0 is as often as one likes."""
    limit = 0
    limiting = mask & R.by_thing[j] & R.limiting
    if limiting != 0:
        for k in range(R.n_rules):
            if (limiting >> k) & 1 and (limit == 0 or R.rules[k].beans < limit):
                limit = R.rules[k].beans
    return int(limit)


@rule
def price_list(mask: int, streak: int, level: int, w: World, pen: Pen) -> int:
    """The place of a price list among those at hand: rewards, weights and limits of first deeds."""
    R, mine = w.R, mask & EVERY
    key = streak * 16 + level
    place = (((mine ^ (mine >> 17)) * 31 + key) * SPREAD >> 9) % PRICES
    p = pen.prices[place]
    if p.mask == mine and p.key == key and p.stamp == w.G.stamp:
        return int(place)
    p.mask = mine
    p.key = key
    p.stamp = w.G.stamp
    most = 0
    for j in range(R.n_deeds):
        first = mine & ~R.counting_pay
        beans = int(first_pay(j, first, streak, R))
        p.beans[j] = beans
        p.pull[j] = weight_of(j, beans, beans * share_kept(j, first, streak, R), level, first, w)
        p.limit[j] = limit_of(j, mine, R)
        most = max(most, beans)
    p.most = most
    return int(place)


@rule
def share_paid(earned: float, mask: int, R: Any) -> float:
    """The share of a day's beans that the caps of a day let through."""
    capping = mask & R.daily_caps
    if capping == 0 or earned <= 0.0:
        return 1.0
    paid = earned
    for k in range(R.n_rules):
        if (capping >> k) & 1:
            r = R.rules[k]
            if paid > r.beans:
                paid = r.beans + (paid - r.beans) * r.ppm / 1e6
    return paid / earned


@rule
def match_factor(matching: int, R: Any) -> float:
    """What the strongest of some announced matches makes of a gift's weight; one that gives nothing makes nothing."""
    factor = 0.0
    for k in range(R.n_rules):
        if (matching >> k) & 1:
            factor = max(factor, R.match_factor[k])
    return factor if factor > 0.0 else 1.0


@rule
def value_of_visit(
    mask: int, channel: int, segment: int, streak: int, member: int, w: World, pen: Pen
) -> float:
    """The summed weight of what can be done on a visit under rules: rewards count as far as the caps of a day are open
    to an average person, who does what comes easily, reward or not."""
    R = w.R
    key = ((channel * 8 + segment) * 2 + member) * 8 + streak
    place = (((mask ^ (mask >> 29)) * 31 + key) * SPREAD >> 9) % VISITS
    known = pen.visits[place]
    if known.mask == mask and known.key == key and known.stamp == w.G.stamp:
        return float(known.value)
    earned, weights = 0.0, pen.book.weights
    for j in range(R.n_deeds):
        weights[j] = first_pay(j, mask, streak, R)
        limit = limit_of(j, mask, R)
        earned += min(R.usual[j], float(limit if limit > 0 else MAX_SLOTS)) * weights[j]
    paid, value = share_paid(earned, mask, R), 0.0
    for j in range(R.n_deeds):
        if R.open_to[segment, j] == 0:
            continue
        beans = weights[j] * paid
        weight = weight_of(j, beans, beans * share_kept(j, mask, streak, R), 0, mask, w)
        weight *= R.mix[channel, segment, j]
        if R.deeds[j].effect == E_GIFT and mask & R.matching != 0:
            weight *= match_factor(mask & R.matching, R)
        if R.deeds[j].team != 0 and member != 0 and mask & CONTEST:
            weight *= R.contest
        value += weight
    known.mask = mask
    known.key = key
    known.stamp = w.G.stamp
    known.value = value
    return value


@rule
def offered_gain(
    keen: float,
    rest: float,
    kind: int,
    rules: int,
    channel: int,
    segment: int,
    member: int,
    streak: int,
    w: World,
    pen: Pen,
) -> float:
    """What a day of that kind adds to the value of a visit, for somebody for whom these rules are meant that day."""
    R, offered = w.R, 0.0
    mask = rules | CONTEST
    for k in range(R.n_parts[kind]):
        part = R.parts[kind, k]
        offered += part.share * value_of_visit(mask & part.offers, channel, segment, streak, member, w, pen)
    return visit_gain(keen, rest, offered, R.plain[channel, segment], R.visit_usual)
