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


@rule
def free_beans(u: Any) -> int:
    """Available beans that are not spoken for: one claim at a time, until the barrier has decided."""
    if u.flags & CLAIMING:
        return 0
    return total_available(u.available)


@rule
def feasible(u: Any, j: int, D: Any, G: Any, R: Any, minor: bool, eligible: bool) -> bool:
    """Whether deed j can be done now: the day's limit, age, account, and what its effect needs."""
    d = D[j]
    if d.per_day > 0 and done_today(u.today, u.today_more, j) >= d.per_day:
        return False
    if (d.needs_account != 0 and u.flags & HOLDER == 0) or (d.adults_only != 0 and minor):
        return False
    if d.effect == E_DEED:
        return True
    if d.effect == E_BEAN_GIFT:
        return G.bean_pool > 0 and G.projects > 0 and free_beans(u) >= 100
    if d.effect == E_REDEEM:
        return G.cheapest > 0 and free_beans(u) >= G.cheapest
    if d.effect == E_VOLUNTEER:
        return G.activities > 0 and u.flags & SERVING == 0
    if d.effect == E_ACCOUNT:
        return R.account_open != 0 and eligible and u.flags & HOLDER == 0
    if d.effect == E_TEAM:
        return R.teams_open != 0 and u.flags & IN_TEAM == 0
    return G.projects > 0


@rule
def benefit_progress(u: Any, minor: bool, benefits: Any) -> float:
    """How far a holder of the charity account has come to the nearest benefit not reached, 0 … 1; 0 without one."""
    minutes = u.labour + u.donated
    nearest = 0.0
    if u.flags & HOLDER:
        for k in range(len(benefits)):
            needs, theirs = benefits[k].needs, benefits[k].youth != 0
            if theirs == minor and not reaches_benefit(minutes, needs, theirs, minor):
                nearest = max(nearest, minutes / needs)
    return nearest


@rule
def session_lift(u: Any, glow: float, minor: bool, benefits: Any, G: Any, R: Any) -> float:
    """What a user adds to the weight of every deed in this session: warm glow, team, nearness of goal and benefit."""
    held = total_available(u.available)
    for k in range(GROWING_DAYS):
        held += u.growing[k]
    pull = goal_pull(held / R.goal, R.head_start, R.choice_goal_kappa, R.choice_goal_iota)
    pull += goal_pull(benefit_progress(u, minor, benefits), 0.0, R.choice_goal_kappa, R.choice_goal_iota)
    if u.flags & IN_TEAM:
        pull += G.team_pull
    return glow * exp(pull)


@rule
def weigh(
    u: Any, lift: float, staff: bool, minor: bool, eligible: bool, D: Any, G: Any, R: Any, mix: Any, weights: Any
) -> float:  # fmt: skip
    """Fill `weights` with the deeds' weights and return their sum; stopping weighs R.stop_weight.

    A reward counts only up to what the day's cap leaves open.
    """
    total = 0.0
    team = 1 if u.flags & IN_TEAM else 0
    left = R.daily_cap - u.beans_today
    for j in range(R.n_deeds):
        weights[j] = 0.0
        if not feasible(u, j, D, G, R, minor, eligible):
            continue
        weight = G.pull[team, u.streak, j]
        if G.reward[team, u.streak, j] > left:
            open_yuan = max(left, 0) * R.bean_yuan
            weight = G.bare[j] * exp(
                felt_reward(open_yuan, D[j].cost, R.choice_weight_charity, R.choice_slope)
            )
        if staff and D[j].effect == E_VOLUNTEER and u.labour < R.staff_norm:
            weight = weight * R.staff_push
        weight = weight * mix[j] * lift
        weights[j] = weight
        total += weight
    return total
