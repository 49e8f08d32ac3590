"""Small simulations made of the behaviour rules alone: what calibration needs where no closed form exists.

Draws are stratified and fixed, so that a fit is the same number every time.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, norm

from sim.behaviour.giving import completes, gives_logit, logistic, repeat_gift_yuan
from sim.behaviour.habit import activity_hazard, dropout_hazard, faded_habit, grown_habit, readiness
from sim.compiling import rule

Floats = NDArray[np.float64]
PLAYERS = 2**16
DAYS = 31
EARLY, LATE = 1, 7  # the days of the joint table
PROJECTS = 20_000
GIFTS_PER_PROJECT = 20  # mean number of gifts that reach a project in its time (A)
DONOR_MONTHS = 400  # quantiles of the time since the last gift
DONOR_GIFTS = 300  # largest number of prior gifts kept


@dataclass(frozen=True)
class Habit:
    """The numbers of the habit rules a newcomer lives by on a flat calendar."""

    neutral: float
    gain: float
    keep: float
    slope: float
    streak_gain: float
    break_loss: float
    break_days: float
    relief: float
    broke_push: float
    broke_window_days: float


@rule
def _live(
    intensity: Any, leaving: Any, units: Any, active: Any, habit_0: float, gain: float, keep: float,
    slope: float, streak_gain: float, break_loss: float, break_days: float, relief: float, push: float,
    window: float,
) -> float:  # fmt: skip
    """Fill `active` (days,) with mean chances of being active; returns the chance of both EARLY and LATE.

    A life is played as if nobody left, each day weighted by the chance of still being there.
    """
    both = 0.0
    for i in range(len(intensity)):
        habit = grown_habit(habit_0, gain)
        streak, since, alive, early = 1, -1.0, 1.0, False
        active[0] += 1.0
        for day in range(1, len(active)):
            broke = push if 0.0 <= since < window else 0.0
            alive *= exp(-dropout_hazard(leaving[i], habit, habit_0, relief, broke, 0.0))
            z = readiness(habit, habit_0, slope, 0.0, 0.0, streak, streak_gain, since, break_loss, break_days)
            chance = 1.0 - exp(-activity_hazard(intensity[i], 1.0, 1.0, z))
            active[day] += alive * chance
            if day == LATE and early:
                both += alive * chance
            if since >= 0.0:
                since += 1.0
            if units[i, day] < chance:
                habit = grown_habit(habit, gain)
                streak += 1
                early = early or day == EARLY
            else:
                if streak >= 2:
                    since = 0.0
                streak = 0
                habit = faded_habit(habit, keep)
    return both / len(intensity)


def _strata(rng: np.random.Generator, count: int) -> Floats:
    """Evenly spread numbers in (0, 1) in random order, shape (count,)."""
    return (rng.permutation(count) + 0.5) / count


def retention(shapes: tuple[float, float, float, float], habit: Habit, seed: int = 1) -> tuple[Floats, float]:
    """Share of newcomers active on day 0 … 30, shape (31,), and on both day 1 and day 7."""
    a, b, c, d = shapes
    rng = np.random.default_rng(seed)
    # 1 - p is drawn, not p, so that chances near 1 keep their digits
    intensity = -np.log(beta.ppf(_strata(rng, PLAYERS), b, a))
    leaving = -np.log(beta.ppf(_strata(rng, PLAYERS), d, c))
    active = np.zeros(DAYS)
    both = _live(
        intensity, leaving, rng.random((PLAYERS, DAYS)), active, habit.neutral, habit.gain, habit.keep,
        habit.slope, habit.streak_gain, habit.break_loss, habit.break_days, habit.relief, habit.broke_push,
        habit.broke_window_days,
    )  # fmt: skip
    return active / PLAYERS, both


@rule
def _fund(
    targets: Any, visits: Any, normals: Any, units: Any, sd: float, chance: float, within: float, sums: Any
) -> None:
    """Add up over projects: how many were completed, by what money; other gifts, their money."""
    for k in range(len(targets)):
        left = targets[k]
        for n in range(visits[k]):
            gift = repeat_gift_yuan(1.0, normals[k, n], 0.0, 1.0, sd)
            if completes(left, 1.0, units[k, n], chance, within):
                gift = left
            if gift >= left:
                sums[0] += 1.0
                sums[1] += left
                break
            left -= gift
            sums[2] += 1.0
            sums[3] += gift


def funding(reach: float, spread: float, sd: float, chance: float, within: float) -> tuple[float, float]:
    """Share of projects funded, and the mean completing gift in units of the mean other gift.

    Gifts are lognormal around one typical gift; targets are lognormal with median `reach` times the money a
    project can expect.
    """
    rng = np.random.default_rng(2)
    expected = GIFTS_PER_PROJECT * exp(sd * sd / 2)
    targets = reach * expected * np.exp(spread * norm.ppf(_strata(rng, PROJECTS)))
    visits = rng.poisson(GIFTS_PER_PROJECT, PROJECTS)
    shape = (PROJECTS, int(visits.max()))
    sums = np.zeros(4)
    _fund(targets, visits, rng.standard_normal(shape), rng.random(shape), sd, chance, within, sums)
    funded, completing, others, money = (float(total) for total in sums)
    return funded / PROJECTS, (completing / funded) / (money / others)


@rule
def _answer(gifts: Any, months: Any, intercept: float, often: float, lapse: float, match: float) -> float:
    """Mean chance of giving over prior gifts (weighted) and months since the last one (equally likely)."""
    total = 0.0
    for n in range(len(gifts)):
        for m in range(len(months)):
            logit = gives_logit(intercept, n + 1.0, months[m], often, lapse, match, 0.0)
            total += gifts[n] * logistic(logit)
    return total / len(months)


def response(
    k: float, mean_gifts: float, months_ago: float, intercept: float, often: float, lapse: float, match: float
) -> float:
    """Share of past donors who answer a letter.

    Prior gifts are one plus a negative binomial (k, mean less one); months since the last one exponential.
    """
    rest = mean_gifts - 1.0
    gifts = np.zeros(DONOR_GIFTS)
    gifts[0] = exp(k * log(k / (k + rest)))
    for n in range(1, DONOR_GIFTS):
        gifts[n] = gifts[n - 1] * (k + n - 1) / n * (rest / (k + rest))
    months = -months_ago * np.log((np.arange(DONOR_MONTHS) + 0.5) / DONOR_MONTHS)
    return float(_answer(gifts, months, intercept, often, lapse, match))
