"""What rules give beside a deed's pay: by lot, to who invited a friend, and for what many do together.

A rule with a budget gives nothing at once: what it would give is a claim, served at the barrier with all others.
"""

from __future__ import annotations

from typing import Any

from sim.behaviour.sharing import share_probability
from sim.behaviour.unsure import lottery_weight
from sim.bookkeeping import Kind
from sim.compiling import rule
from sim.kernel.growing import grow
from sim.kernel.incentives import BESIDE, MOST_BEANS, count_more, counted
from sim.kernel.place import team_of
from sim.kernel.rows import GROWING_DAYS, MAX_RULES, NO_DEED
from sim.kernel.rules import philox, unit
from sim.kernel.world import Pen, Who, World
from sim.kernel.writing import PENDING, record, writes
from sim.spans import DAY_S
from sim.streams import Purpose

LOTTERY_DRAW = int(Purpose.LOTTERY)
K_GRANT = int(Kind.GRANT)
K_PRIZE = int(Kind.PRIZE)
AFTER = 4 * BESIDE  # µs: whatever a deed is paid, and passing it on, come before


@writes(1)
def give(who: Who, t_us: int, k: int, beans: int, thing: int, R: Any, pen: Pen) -> None:
    """Beans that rule k gives of itself: at once, or as a claim on its budget; none where they have no room."""
    u = who.u
    if beans == 0 or u.growing[t_us // (DAY_S * 1_000_000) % GROWING_DAYS] + beans > MOST_BEANS:
        return
    made = record(pen, who, t_us, K_GRANT)
    made.beans = beans
    made.rule = k + 1
    made.deed = thing if thing < R.n_deeds else NO_DEED
    if (R.limited >> k) & 1:
        made.outcome = PENDING
    else:
        grow(u, t_us, beans, R)


@writes(1)
def win(who: Who, t_us: int, k: int, thing: int, R: Any, pen: Pen) -> None:
    """A prize of the lottery that rule k is: money from its own pool, or beans."""
    r = R.rules[k]
    if r.fen == 0:
        give(who, t_us, k, r.beans, thing, R, pen)
        return
    made = record(pen, who, t_us, K_PRIZE)
    made.fen = r.fen
    made.pool = r.pool
    made.rule = k + 1
    made.deed = thing if thing < R.n_deeds else NO_DEED
    made.outcome = PENDING


@writes(2)
def repay(who: Who, t_us: int, k: int, thing: int, R: Any, pen: Pen) -> None:
    """The first deed of somebody who was invited: they are paid, and so is, at the barrier, who invited them.

    The claim is the other one's, who has the number that it gets then.
    """
    r = R.rules[k]
    inviter = int(pen.marks[who.user, r.column])
    if inviter == 0:
        return
    pen.marks[who.user, r.column] = 0
    give(who, t_us, k, r.friend, thing, R, pen)
    if r.beans > 0:
        made = record(pen, who, t_us, K_GRANT)
        made.beans = r.beans
        made.rule = k + 1
        made.deed = NO_DEED
        made.ref = inviter
        made.outcome = PENDING
        who.u.number = who.u.number - 1


@rule
def join_in(user: int, day: int, r: Any, R: Any, pen: Pen) -> None:
    """What a rule counts of many: of everybody, and for their team or all together."""
    count_more(user, r, day, 1, R, pen.marks)
    if r.row > 0:
        pen.points[r.row, team_of(user, R) if r.team == 1 else 0] += 1


@writes(2 * MAX_RULES)
def take_part(who: Who, t_us: int, thing: int, slot: int, place: int, mask: int, w: World, pen: Pen) -> None:
    """A thing was done at t_us: draw its lots, count it for what many do together, repay who invited.

    `slot` and `place` are the key of the lots, beside each rule's own.
    """
    R = w.R
    if R.chancy | R.joint | R.refers == 0:
        return
    day, before = t_us // (DAY_S * 1_000_000), pen.book.records
    mine = mask & R.by_thing[thing] & (R.chancy | R.joint)
    for k in range(R.n_rules):
        if (mine >> k) & 1:
            r = R.rules[k]
            if (R.joint >> k) & 1:
                join_in(who.user, day, r, R, pen)
            elif unit(philox(R.k0, R.k1, who.user, slot, r.salt | place, LOTTERY_DRAW)[0]) < r.chance:
                win(who, t_us + AFTER + pen.book.records - before, k, thing, R, pen)
        elif (R.refers >> k) & 1:
            repay(who, t_us + AFTER + pen.book.records - before, k, thing, R, pen)


@rule
def still_new(user: int, day: int, mask: int, w: World, pen: Pen) -> int:
    """The rules without the drawings that somebody takes part in already today."""
    R = w.R
    drawing = mask & R.drawing
    if drawing != 0:
        for k in range(R.n_rules):
            if (drawing >> k) & 1 and counted(user, R.rules[k], day, R, pen.marks) > 0:
                mask &= ~(1 << k)
    return mask


@rule
def hopes(thing: int, mask: int, w: World) -> tuple[float, float, float, float]:
    """Beans that lotteries bring in the mean for a thing done, and as they are felt; yuan, and as they are felt."""
    R = w.R
    beans, felt_beans, yuan, felt_yuan = 0.0, 0.0, 0.0, 0.0
    lotteries = mask & R.by_thing[thing] & (R.chancy | R.drawing)
    if lotteries != 0:
        for k in range(R.n_rules):
            if (lotteries >> k) & 1:
                r = R.rules[k]
                chance = r.chance if (R.chancy >> k) & 1 else w.G.odds[k]
                weight = lottery_weight(chance, R.choice_weight_lottery, R.choice_weight_coin)
                beans += chance * r.beans
                felt_beans += chance * r.beans * weight
                yuan += chance * r.fen / 100.0
                felt_yuan += chance * r.fen / 100.0 * weight
    return beans, felt_beans, yuan, felt_yuan


@rule
def passes_on(base: float, sure: float, recruits: float, mask: int, w: World) -> float:
    """The chance to pass a gift on, if that brings so many beans for sure, and by rules others with the chance that who
    is invited by it begins to play."""
    R = w.R
    hoped = 0.0
    referring = mask & R.refers
    if referring != 0:
        for k in range(R.n_rules):
            if (referring >> k) & 1:
                hoped += recruits * R.rules[k].beans
    kept = 1.0
    if hoped > 0.0:
        weight = lottery_weight(recruits, R.choice_weight_lottery, R.choice_weight_coin)
        kept = (sure + hoped * weight) / (sure + hoped)
    reward = (sure + hoped) * w.G.felt_yuan
    return share_probability(base, reward, R.sharing_cost_yuan, R.choice_slope, kept)


@rule
def urge(thing: int, mask: int, w: World) -> float:
    """Log-odds of a thing from what is not paid for: a contest, a goal that many share. Together at most so much."""
    R = w.R
    urging = mask & R.by_thing[thing] & R.joint & ~R.drawing
    total = 0.0
    if urging != 0:
        for k in range(R.n_rules):
            if (urging >> k) & 1:
                total += w.G.urge[k]
    return min(total, R.choice_urge_most)
