"""A player's life: coming in, coming back day after day, and at last not any more.

BG/BB (behaviour §5.1): every player has an intensity and a hazard of leaving, both redrawn from the key;
habit, streaks and withdrawn incentives bend them. Nothing scans players day by day: the next active day is
looked up when the present one ends.
"""

from __future__ import annotations

from typing import Any

from sim.behaviour.habit import activity_hazard, dropout_hazard, faded_habit, grown_habit, readiness
from sim.bookkeeping import Kind
from sim.compiling import rule
from sim.kernel import tallies as T
from sim.kernel.place import ways_in
from sim.kernel.rows import GONE, GROWING_DAYS, IN_TEAM, NEVER, NO_DEED, PLAYER
from sim.kernel.rules import (
    exponential,
    low_quantile,
    micro,
    philox,
    planned_sessions,
    quantile,
    second_of_day,
    sequential_uniform,
    step_of_day,
    unit,
    young_beans,
)
from sim.kernel.world import Pen, Who, World
from sim.kernel.writing import record, writes
from sim.spans import DAY_S
from sim.streams import Purpose

TRAITS_DRAW = int(Purpose.TRAITS)
BUDGET_DRAW = int(Purpose.BUDGET)
DAY_DRAW = int(Purpose.DAY)
START_DRAW = int(Purpose.START)
K_ENTER = int(Kind.ENTER)
K_DEED = int(Kind.DEED)
LAST_DRAW = 15  # sub-slot of the draw that closes an active day
NEVER_BROKE = 255
LIFELONG = 1e30  # a lifetime budget nobody uses up
# Rows of the table of traits.
RATE, GLOW, VOLUME, INTENSITY, HAZARD = range(5)


@rule
def start_lots(user: int, R: Any) -> tuple[int, int, int, int]:
    """What decides how a user stands as the scenario begins: first visit, whether they play, hold an account."""
    return philox(R.k0, R.k1, user, 0, 0, START_DRAW)


@rule
def plays_from_start(who: Who, R: Any) -> bool:
    """Whether a user plays already as the scenario begins, staff or not: likelier by every channel that reaches."""
    return bool(unit(start_lots(who.user, R)[1]) < R.players_at_start * ways_in(who.user, R)[1])


@writes(2)
def start_playing(who: Who, t_s: int, w: World, pen: Pen) -> None:
    """Become a player: the first session follows at once, a head start grows from today."""
    u, R = who.u, w.R
    lots = philox(R.k0, R.k1, who.user, 0, 0, BUDGET_DRAW)
    u.flags = u.flags | PLAYER
    u.budget = exponential(lots[0])
    u.habit = R.habit_neutral
    u.since_break = NEVER_BROKE
    u.streak = 0
    u.sessions = 1 << 4
    u.clock = 0
    u.play_s = t_s + 1
    pen.book.tally[T.ENTRIES] += 1
    t_us = t_s * 1_000_000 + micro(lots[1])
    record(pen, who, t_us, K_ENTER)
    if R.head_start > 0:
        roll_day(u, t_s // DAY_S)
        grown = record(pen, who, t_us + 1, K_DEED)
        grown.beans = R.head_start
        grown.deed = NO_DEED
        grow(u, t_us, R.head_start, R)
        pen.book.tally[T.BEANS_ISSUED] += R.head_start


@rule
def roll_day(u: Any, day: int) -> None:
    """The counters of today start again at zero."""
    if u.day != day:
        u.day = day
        u.today = 0
        u.today_more = 0
        u.beans_today = 0
        u.young = 0
        u.step = 0


@rule
def grow(u: Any, t_us: int, beans: int, R: Any) -> None:
    """Beans begin to grow today: they join those of the day, and of its present step of ripening."""
    t_s = t_us // 1_000_000
    slot = t_s // DAY_S % GROWING_DAYS
    u.growing[slot] = u.growing[slot] + beans
    u.young = young_beans(u, t_s, R) + beans
    u.step = step_of_day(t_s, R)


@rule
def next_active_day(who: Who, day: int, R: Any) -> int:
    """Look ahead from a day to the next active one (BG/BB with habit and streak, behaviour §5.1 and §5.3).

    Charges the lifetime budget day by day and lets the habit fade; returns -1 if the user is gone or the
    scenario ends first. Leaves habit, budget, streak and days since a break as that day's first session finds
    them: the streak are the days in a row before it.
    """
    u = who.u
    lots = philox(R.k0, R.k1, who.user, 0, 0, TRAITS_DRAW)
    intensity = R.traits[INTENSITY, quantile(lots[2])]
    base = R.traits[HAZARD, quantile(lots[3])]
    threshold = exponential(philox(R.k0, R.k1, who.user, day + 1, LAST_DRAW, DAY_DRAW)[0])
    member = 1.0 if u.flags & IN_TEAM else 0.0
    since = u.since_break
    streak = u.streak
    for ahead in range(day + 1, R.n_days):
        broke = R.habit_broke_push if since < R.habit_broke_window_days else 0.0
        withdrawn = R.habit_withdrawn_push if R.days[ahead].withdrawn > 0 else 0.0
        u.budget = u.budget - dropout_hazard(base, u.habit, R.habit_neutral, R.habit_relief, broke, withdrawn)
        if u.budget < 0.0:
            u.flags = u.flags | GONE
            return -1
        since_break = since if since < NEVER_BROKE else -1
        team = member * R.days[ahead].team
        z = readiness(
            u.habit, R.habit_neutral, R.habit_slope, team, R.reminder, streak, R.habit_streak_gain,
            since_break, R.habit_break_loss, R.habit_break_days,
        )  # fmt: skip
        today = R.days[ahead]
        lift = today.lift * R.shape_lift[today.shape, who.channel]
        threshold -= activity_hazard(intensity, today.weekday, lift, z)
        if since < NEVER_BROKE:
            since = min(since + 1, NEVER_BROKE)
        if threshold < 0.0:
            u.streak = streak
            u.since_break = since
            return ahead
        if streak >= 2:
            since = 0
        streak = 0
        u.habit = faded_habit(u.habit, R.habit_keep)
    return -1


@rule
def schedule_session(who: Who, t_s: int, R: Any) -> None:
    """Set `play_s`: a further session today, or, habit having grown by a day that was played, the next active day."""
    u = who.u
    day = t_s // DAY_S
    planned = u.sessions >> 4
    begun = u.sessions & 15
    if begun < planned:
        lots = philox(R.k0, R.k1, who.user, day, begun, DAY_DRAW)
        share = sequential_uniform(u.clock / 65536.0, planned - begun, lots[0])
        at = day * DAY_S + second_of_day(R.profile[R.days[day].shape, who.channel], share)
        u.clock = min(int(share * 65536.0), 65535)
        if at > t_s:
            u.play_s = at
            return
    u.habit = grown_habit(u.habit, R.habit_gain)
    come_back(who, day, R)


@rule
def come_back(who: Who, day: int, R: Any) -> None:
    """Plan the next active day after `day` (-1 = before the start, a day nobody has played) and its first session."""
    u = who.u
    ahead = next_active_day(who, day, R)
    if ahead < 0:
        u.play_s = NEVER
        return
    lots = philox(R.k0, R.k1, who.user, ahead, 0, DAY_DRAW)
    volume = R.traits[VOLUME, low_quantile(philox(R.k0, R.k1, who.user, 0, 0, TRAITS_DRAW)[1])]
    planned = planned_sessions(lots[1], R.sessions_extra * volume)
    share = sequential_uniform(0.0, planned, lots[0])
    u.sessions = planned << 4
    u.clock = min(int(share * 65536.0), 65535)
    u.play_s = ahead * DAY_S + second_of_day(R.profile[R.days[ahead].shape, who.channel], share)
