"""Habit, streaks and the two hazards of charity play: being active today and leaving for good.

Habit is a number in [0, 1]. Hazards are per day.
"""

from __future__ import annotations

from math import exp, log

from sim.compiling import rule

STREAK_FULL = 7  # the largest retention jumps lie between streak day 1 and 7 (Duolingo, F2)


@rule
def grown_habit(habit: float, gain: float) -> float:
    """Habit after an active day: 95 % of the way in 66 days (median of Lally et al. 2010, U)."""
    return habit + gain * (1.0 - habit)


@rule
def faded_habit(habit: float, keep: float) -> float:
    """Habit after an inactive day (A)."""
    return habit * keep


@rule
def readiness(
    habit: float,
    neutral: float,
    slope: float,
    team: float,
    reminder: float,
    streak: int,
    streak_gain: float,
    since_break: float,
    break_loss: float,
    break_days: float,
) -> float:
    """Log-hazard of being active today, 0 for a newcomer without streak, team or reminder.

    `team` and `reminder` are log-hazards already; `streak` is days in a row; `since_break` is days since a
    streak broke, negative if none did or it was repaired. A logged streak helps, a broken one hurts and the
    damage fades (Silverman & Barasch 2023, signs F; sizes A).
    """
    z = slope * (habit - neutral) + team + reminder + streak_gain * log(1.0 + min(streak, STREAK_FULL))
    if since_break >= 0.0:
        z -= break_loss * exp(-since_break / break_days)
    return z


@rule
def tired_message(gain: float, fatigue: float, before: int) -> float:
    """Log-hazard that a message adds to its day, after so many others within the six days before it (A)."""
    for _ in range(before):
        gain = gain * fatigue
    return gain


@rule
def activity_hazard(log_intensity: float, weekday: float, lift: float, z: float) -> float:
    """Hazard of being active on a day: active with probability 1 - exp(-hazard).

    `log_intensity` is -ln(1 - p) of the user's daily probability p ~ Beta(a, b) (BG/BB), `weekday` and `lift`
    are factors around 1, `z` comes from `readiness`.
    """
    return log_intensity * weekday * lift * exp(z)


@rule
def dropout_hazard(base: float, habit: float, neutral: float, relief: float, broke_push: float) -> float:
    """Hazard of leaving for good on a day, charged against the user's Exp(1) lifetime.

    `base` is -ln(1 - th) of the user's daily chance of leaving th ~ Beta(c, d) (BG/BB); the push is 0
    outside its window after a broken streak (A).
    """
    return base * exp(-relief * (habit - neutral) + broke_push)


@rule
def campaign_lift(
    day: int, days: int, lift_start: float, lift_end: float, start_decay: float, end_decay: float
) -> float:
    """Factor on activity on day 0 … days - 1 of a campaign: a rush at its start and one at its end (A)."""
    start = lift_start * exp(-day / start_decay)
    end = lift_end * exp(-(days - 1 - day) / end_decay)
    return 1.0 + start + end
