"""What a player can do now, and how much each of it weighs against stopping (behaviour §5.2)."""

from __future__ import annotations

from math import exp
from typing import Any

from sim.behaviour.choice import goal_pull
from sim.behaviour.visit import closeness
from sim.compiling import rule
from sim.kernel.chances import still_new
from sim.kernel.incentives import NO_LIMIT, counted, least_room, pays, under_caps
from sim.kernel.lifetime import first_expiry_day
from sim.kernel.rows import (
    CLAIMING,
    E_ACCOUNT,
    E_BEAN_GIFT,
    E_DEED,
    E_REDEEM,
    E_TEAM,
    E_VOLUNTEER,
    ENDOWED,
    GROWING_DAYS,
    HOLDER,
    IN_TEAM,
    LEVELS,
    SERVING,
)
from sim.kernel.rules import done_today, philox, quantile, reaches_benefit, total_available, unit
from sim.kernel.visits import share_kept, weight_of
from sim.kernel.world import Mood, Pen, Pulls, Who, World
from sim.spans import DAY_S
from sim.streams import Purpose

BADGE_DRAW = int(Purpose.BADGE)


@rule
def free_beans(u: Any) -> int:
    """Available beans that are not spoken for: one claim at a time, until the barrier has decided."""
    if u.flags & CLAIMING:
        return 0
    return total_available(u.available)


@rule
def feasible(u: Any, j: int, limit: int, w: World, minor: bool, eligible: bool) -> bool:
    """Whether deed j can be done now: the limit of a day (0 = none), age, account, and what its effect needs."""
    d = w.R.deeds[j]
    if limit > 0 and done_today(u.today, u.today_more, j) >= limit:
        return False
    if (d.needs_account != 0 and u.flags & HOLDER == 0) or (d.adults_only != 0 and minor):
        return False
    if d.effect == E_DEED:
        return True
    if d.effect == E_BEAN_GIFT:
        return w.G.bean_pool > 0 and w.G.projects > 0 and free_beans(u) >= 100
    if d.effect == E_REDEEM:
        return w.G.cheapest > 0 and free_beans(u) >= w.G.cheapest
    if d.effect == E_VOLUNTEER:
        return w.G.activities > 0 and u.flags & SERVING == 0
    if d.effect == E_ACCOUNT:
        return w.R.account_open != 0 and eligible and u.flags & HOLDER == 0
    if d.effect == E_TEAM:
        return w.R.teams_open != 0 and u.flags & IN_TEAM == 0
    return w.G.projects > 0


@rule
def benefit_progress(u: Any, minor: bool, R: Any) -> float:
    """How far a holder of the charity account has come to the nearest benefit not reached, 0 … 1; 0 without one."""
    minutes = u.labour + u.donated
    nearest = 0.0
    if u.flags & HOLDER:
        for k in range(R.n_benefits):
            needs, theirs = R.benefits[k].needs, R.benefits[k].youth != 0
            if theirs == minor and not reaches_benefit(minutes, needs, theirs, minor):
                nearest = max(nearest, minutes / needs)
    return nearest


@rule
def held_beans(u: Any) -> int:
    """Beans available and growing."""
    held = total_available(u.available)
    for k in range(GROWING_DAYS):
        held += u.growing[k]
    return int(held)


@rule
def bean_pull(user: int, u: Any, day: int, held: int, mask: int, w: World) -> float:
    """Log-odds of earning beans from the goals they are gathered for (behaviour §5.2), and of the slump after a prize.

    What beans can buy is a material goal and pulls everybody; where they buy nothing the goal is a badge, and few
    respond. Nothing pulls once a goal is reached, or where the caps leave no time for it before beans expire.
    """
    R = w.R
    slump = -R.goal_slump if day < u.slump_until else 0.0
    goals = mask & R.saving
    pull = 0.0
    if goals != 0:
        days = (R.period_end[R.days[day].period] - day * DAY_S) // DAY_S
        most = days * most_a_day(mask, R)
        for k in range(R.n_rules):
            if (goals >> k) & 1:
                pull = max(pull, saving_pull(user, u, held, most, R.rules[k], w))
    return float(slump + pull)


@rule
def most_a_day(mask: int, R: Any) -> int:
    """The beans that the caps of a day among the rules pay in full."""
    most = NO_LIMIT
    for k in range(R.n_rules):
        if (mask & R.daily_caps) >> k & 1:
            most = min(most, R.rules[k].beans)
    return int(most)


@rule
def badge_lots(user: int, R: Any) -> tuple[int, int, int, int]:
    """What decides for life whether a user cares for badges, and what recognition is worth to them."""
    return philox(R.k0, R.k1, user, 0, 0, BADGE_DRAW)


@rule
def cares_for_badges(user: int, R: Any) -> bool:
    """Whether a user responds to a goal that brings nothing but merit."""
    return bool(unit(badge_lots(user, R)[0]) < R.goal_badge_share)


@rule
def saving_pull(user: int, u: Any, held: int, most: int, r: Any, w: World) -> float:
    """What one goal adds, for somebody who holds so many beans of it and can earn `most` in time."""
    R = w.R
    if held >= r.beans or r.beans - held > most:
        return 0.0
    endowed = r.head / r.beans if u.flags & ENDOWED else 0.0
    if w.G.next_thing > 0:
        return goal_pull(held / r.beans, endowed, R.choice_goal_kappa, R.choice_goal_iota)
    if cares_for_badges(user, R):
        return goal_pull(held / r.beans, endowed, R.goal_badge_kappa, R.goal_badge_iota)
    return 0.0


@rule
def badge_pull(who: Who, mask: int, R: Any) -> float:
    """Log-odds of what brings charity time from the next badge: a goal for who responds to badges (F), and, where
    others see it, recognition, which people value more or less, some below nothing (U)."""
    u = who.u
    minutes = u.labour + u.donated
    pull = 0.0
    for k in range(R.n_rules):
        if (mask & R.badging) >> k & 1:
            r = R.rules[k]
            for tier in range(r.tier, r.tiers):
                needs = R.tiers[tier].start
                if minutes < needs:
                    if cares_for_badges(who.user, R):
                        pull += goal_pull(minutes / needs, 0.0, R.goal_badge_kappa, R.goal_badge_iota)
                    if r.flag != 0:
                        valued = R.normal[quantile(badge_lots(who.user, R)[1])]
                        pull += R.badge_recognition + R.badge_recognition_sd * valued
                    break
    return pull


@rule
def deed_goal_pull(who: Who, j: int, day: int, mask: int, w: World, marks: Any) -> float:
    """Log-odds of deed j from goals of deeds that it counts for: all respond where the prize is worth something, else
    those who care for badges. Whom it drew has a slump once it is reached, whether or not the rule still holds."""
    R = w.R
    goals = R.milestones & R.by_thing[j]
    pull = 0.0
    for k in range(R.n_rules):
        if (goals >> k) & 1 == 0:
            continue
        r = R.rules[k]
        kappa, iota = R.choice_goal_kappa, R.choice_goal_iota
        if r.beans == 0 or w.G.next_thing == 0:
            if not cares_for_badges(who.user, R):
                continue
            kappa, iota = R.goal_badge_kappa, R.goal_badge_iota
        if (mask >> k) & 1:
            done = (counted(who.user, r, day, R, marks) + r.head) / r.goal
            pull += goal_pull(done, r.head / r.goal, kappa, iota)
        if day < marks[who.user, r.column + 1]:
            pull -= R.goal_slump
    return pull


@rule
def level_of(held: int, next_thing: int) -> int:
    """By how many halves of its price somebody holds more beans than the next thing costs."""
    if next_thing == 0 or held <= next_thing:
        return 0
    return min(2 * (held - next_thing) // next_thing, LEVELS - 1)


@rule
def pulls_of(who: Who, day: int, held: int, minor: bool, mask: int, w: World) -> Pulls:
    """What draws a user in this session to deeds that count for something: goal, benefit, team, and a deadline."""
    u, R = who.u, w.R
    beans = exp(bean_pull(who.user, u, day, held, mask, w))
    minutes = R.choice_goal_kappa * benefit_progress(u, minor, R)
    if mask & R.badging:
        minutes += badge_pull(who, mask, R)
    team = exp(w.G.team_pull) if u.flags & IN_TEAM else 1.0
    use = exp(R.choice_goal_kappa * closeness(first_expiry_day(u, day, w) - day))
    return Pulls(beans, exp(minutes), team, use)


@rule
def weigh(who: Who, day: int, mood: Mood, tired: float, w: World, pen: Pen) -> float:
    """Fill the book's `weights` with the deeds' weights and return their sum; stopping weighs R.stop_weight.

    A reward counts as it would be paid now: by how often the deed was done, and what caps leave open. `tired` is what
    tiredness leaves of every weight.
    """
    u, R = who.u, w.R
    weights, price = pen.book.weights, pen.prices[mood.price]
    mix = R.mix[who.channel, mood.segment]
    total = 0.0
    room = least_room(who.user, day, mood.mask, R, pen.marks)
    counting = mood.mask & R.counting_pay
    besides = mood.mask & (R.chancy | R.joint)
    lift = mood.keen * tired
    for j in range(R.n_deeds):
        weights[j] = 0.0
        if not feasible(u, j, price.limit[j], w, mood.minor, mood.eligible):
            continue
        d = R.deeds[j]
        beans = price.beans[j]
        weight = price.pull[j]
        if counting != 0 and counting & R.by_thing[j]:
            beans = pays(who.user, j, d.beans, day, u.streak, mood.mask, w, pen)
            now = still_new(who.user, day, mood.mask, w, pen)
            kept = beans * share_kept(j, mood.mask, u.streak, R)
            weight = weight_of(j, beans, kept, mood.level, now, w)
        elif beans > room:
            beans = under_caps(who.user, j, beans, day, mood.mask, w, pen)
            weight = R.bare[j]
            if beans > 0 or besides != 0:
                kept = beans * share_kept(j, mood.mask, u.streak, R)
                weight = weight_of(j, beans, kept, mood.level, mood.mask, w)
        if R.milestones & R.by_thing[j]:
            weight = weight * exp(deed_goal_pull(who, j, day, mood.mask, w, pen.marks))
        if beans > 0:
            weight = weight * mood.pulls.beans
        if d.minutes > 0:
            weight = weight * mood.pulls.minutes
        if d.team != 0:
            weight = weight * mood.pulls.team
        if d.effect == E_BEAN_GIFT or d.effect == E_REDEEM:
            weight = weight * mood.pulls.use
        if d.effect == E_VOLUNTEER and u.labour < mood.norm_at:
            weight = weight * R.staff_push
        weight = weight * mix[j] * lift
        weights[j] = weight
        total += weight
    return total
