"""What a player can do now, and how much each of it weighs against stopping (behaviour §5.2)."""

from __future__ import annotations

from math import exp
from typing import Any

from sim.behaviour.choice import felt_reward, goal_pull
from sim.compiling import rule
from sim.kernel.rows import (
    CLAIMING,
    E_ACCOUNT,
    E_BEAN_GIFT,
    E_DEED,
    E_REDEEM,
    E_TEAM,
    E_VOLUNTEER,
    GROWING_DAYS,
    HOLDER,
    IN_TEAM,
    SERVING,
)
from sim.kernel.rules import done_today, reaches_benefit, total_available
from sim.kernel.world import Mood, Pen, Who, World


@rule
def free_beans(u: Any) -> int:
    """Available beans that are not spoken for: one claim at a time, until the barrier has decided."""
    if u.flags & CLAIMING:
        return 0
    return total_available(u.available)


@rule
def feasible(u: Any, j: int, w: World, minor: bool, eligible: bool) -> bool:
    """Whether deed j can be done now: the day's limit, age, account, and what its effect needs."""
    d = w.R.deeds[j]
    if d.per_day > 0 and done_today(u.today, u.today_more, j) >= d.per_day:
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
def session_lift(u: Any, glow: float, minor: bool, w: World) -> float:
    """What a user adds to the weight of every deed in this session: warm glow, team, nearness of goal and benefit."""
    R = w.R
    held = total_available(u.available)
    for k in range(GROWING_DAYS):
        held += u.growing[k]
    pull = goal_pull(held / R.goal, R.head_start, R.choice_goal_kappa, R.choice_goal_iota)
    pull += goal_pull(benefit_progress(u, minor, R), 0.0, R.choice_goal_kappa, R.choice_goal_iota)
    if u.flags & IN_TEAM:
        pull += w.G.team_pull
    return glow * exp(pull)


@rule
def weigh(who: Who, mood: Mood, w: World, pen: Pen) -> float:
    """Fill the book's `weights` with the deeds' weights and return their sum; stopping weighs R.stop_weight.

    A reward counts only up to what the day's cap leaves open.
    """
    u, R, G = who.u, w.R, w.G
    weights = pen.book.weights
    mix = R.mix[who.channel, mood.segment]
    total = 0.0
    team = 1 if u.flags & IN_TEAM else 0
    left = R.daily_cap - u.beans_today
    for j in range(R.n_deeds):
        weights[j] = 0.0
        if not feasible(u, j, w, mood.minor, mood.eligible):
            continue
        weight = G.pull[team, u.streak, j]
        if G.reward[team, u.streak, j] > left:
            open_yuan = max(left, 0) * R.bean_yuan
            weight = G.bare[j] * exp(
                felt_reward(open_yuan, R.deeds[j].cost, R.choice_weight_charity, R.choice_slope)
            )
        if R.deeds[j].effect == E_VOLUNTEER and u.labour < mood.norm_at:
            weight = weight * R.staff_push
        weight = weight * mix[j] * mood.lift
        weights[j] = weight
        total += weight
    return total
