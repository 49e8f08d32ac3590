"""A player's life: coming in, coming back day after day, and at last not any more.

BG/BB (behaviour §5.1): every player has an intensity and a hazard of leaving, both redrawn from the key;
habit, streaks and what a visit is worth bend them. Nothing scans players day by day: the next active day is
looked up when the present one ends.
"""

from __future__ import annotations

from math import exp
from typing import Any

from sim.behaviour.habit import activity_hazard, dropout_hazard, faded_habit, grown_habit, readiness
from sim.behaviour.visit import closeness, grown_reference, rested
from sim.bookkeeping import Kind
from sim.compiling import rule
from sim.kernel import tallies as T
from sim.kernel.growing import grow
from sim.kernel.incentives import (
    BESIDE,
    NO_LIMIT,
    NO_TIME,
    earn,
    grant,
    in_days,
    live,
    meant_for,
    mine,
    repaired,
)
from sim.kernel.nudging import called_s, messaged
from sim.kernel.place import place_of, segment_of, ways_in
from sim.kernel.rows import (
    ENDOWED,
    GONE,
    IN_TEAM,
    JOIN,
    MAX_RULES,
    NEVER,
    NO_DEED,
    PERIODS,
    PLAYER,
    STREAK_LEVELS,
)
from sim.kernel.rules import (
    exponential,
    gone_at_s,
    low_quantile,
    micro,
    oldest_lot,
    philox,
    planned_sessions,
    quantile,
    second_of_day,
    sequential_uniform,
    total_available,
    unit,
)
from sim.kernel.visits import offered_gain
from sim.kernel.waiting import awaited_s
from sim.kernel.world import Pen, Who, World
from sim.kernel.writing import PENDING, record, writes
from sim.spans import DAY_S
from sim.streams import Purpose

TRAITS_DRAW = int(Purpose.TRAITS)
BUDGET_DRAW = int(Purpose.BUDGET)
DAY_DRAW = int(Purpose.DAY)
START_DRAW = int(Purpose.START)
K_ENTER = int(Kind.ENTER)
K_GRANT = int(Kind.GRANT)
LAST_DRAW = 15  # sub-slot of the draw that closes an active day
NEVER_BROKE = 255
FRESH = 0.03  # tiredness, log-odds, below which it is over
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


@writes(1 + 2 * MAX_RULES, MAX_RULES)
def start_playing(who: Who, t_s: int, w: World, pen: Pen) -> None:
    """Become a player: the first session follows at once, what joining brings grows from today."""
    u, R = who.u, w.R
    day = t_s // DAY_S
    lots = philox(R.k0, R.k1, who.user, 0, 0, BUDGET_DRAW)
    u.flags = u.flags | PLAYER
    u.budget = exponential(lots[0])
    u.habit = R.habit_neutral
    u.since_break = NEVER_BROKE
    u.streak = 0
    u.sessions = 1 << 4
    u.clock = 0
    u.play_s = t_s + 1
    u.joined = day
    u.last = day
    u.away = 0
    pen.book.tally[T.ENTRIES] += 1
    t_us = t_s * 1_000_000 + micro(lots[1])
    record(pen, who, t_us, K_ENTER)
    segment = segment_of(place_of(who.user, R)[1], R)
    u.row = 0
    u.streak = 1  # what joining brings is brought on a first day in a row …
    mask = mine(who, segment, R) & in_days(u.streak, 0, 0, R) & live(t_s, R)
    if mask & (R.by_thing[JOIN] & R.paying | R.heads) != 0:
        roll_day(u, day, R)
        earn(who, t_us, JOIN, 0, NO_LIMIT, mask, w, pen)
        grant(who, t_us, JOIN, NO_TIME, mask, w, pen)
        give_heads(who, t_us + BESIDE, mask, w, pen)
    u.streak = 0  # … which its first session counts


@writes(MAX_RULES)
def give_heads(who: Who, t_us: int, mask: int, w: World, pen: Pen) -> None:
    """The head starts of goals grow from today; they commit."""
    u, R = who.u, w.R
    for k in range(R.n_rules):
        if (mask & R.heads) >> k & 1:
            u.flags = u.flags | ENDOWED
            grown = record(pen, who, t_us + k, K_GRANT)
            grown.beans = R.rules[k].head
            grown.deed = NO_DEED
            grown.rule = k + 1
            if (R.limited >> k) & 1:
                grown.outcome = PENDING
            else:
                grow(u, t_us, R.rules[k].head, R)


@rule
def roll_day(u: Any, day: int, R: Any) -> None:
    """The counters of today start again at zero, and willingness has been restored since."""
    if u.day != day:
        if u.spent > 0.0:
            u.spent = rested(u.spent, day - u.day, R.attention_half_life_days)
        u.done = 0
        u.day = day
        u.today = 0
        u.today_more = 0
        u.beans_today = 0
        u.young = 0
        u.step = 0


@rule
def keenness(user: int, segment: int, R: Any) -> float:
    """A person's factor on the weight of every deed: warm glow, and what is usual in their segment."""
    glow = R.traits[GLOW, quantile(philox(R.k0, R.k1, user, 0, 0, TRAITS_DRAW)[1])]
    return float(glow * R.segment_activity[segment])


@rule
def newcomer_gain(user: int, channel: int, day: int, w: World, pen: Pen) -> float:
    """What the day's offers add to the value of a visit for somebody who does not play yet and has done nothing."""
    R = w.R
    segment = segment_of(place_of(user, R)[1], R)
    rules = meant_for(user, channel, segment, 0, 0, R) & in_days(1, 0, 0, R)
    kind = R.days[day].offer
    return offered_gain(keenness(user, segment, R), 1.0, kind, rules, channel, segment, 0, 1, w, pen)


@rule
def first_fading_day(u: Any, day: int, R: Any) -> int:
    """The day that begins with the fading of the oldest beans which still grow after `day`; 0 without any."""
    lot = oldest_lot(u.growing, day)
    if lot > day:
        return 0
    return int(gone_at_s(lot * DAY_S, DAY_S, R.ripen_s, R.fade_s) // DAY_S)


@rule
def first_expiry_day(u: Any, day: int, w: World) -> int:
    """The day on which harvested beans expire first, if they are enough to buy something; else 0."""
    R = w.R
    if w.G.next_thing == 0 or total_available(u.available) < w.G.next_thing:
        return 0
    now = R.days[min(max(day, 0), R.n_days - 1)].period
    for period in range(max(now - PERIODS + 1, 0), now + 1):
        if u.available[period % PERIODS] > 0:
            return int(R.period_end[period] // DAY_S)
    return 0


@rule
def next_active_day(who: Who, day: int, segment: int, keen: float, w: World, pen: Pen) -> int:
    """Look ahead from a day to the next active one (BG/BB with habit, streak and the day's worth, behaviour §5).

    Charges the lifetime budget day by day and lets habit and reference fade; returns -1 if the user is gone or the
    scenario ends first. Leaves habit, reference, budget, row, repairs and days since a break as that day's first
    session finds them: the row are the days in a row before it.
    """
    u, R = who.u, w.R
    lots = philox(R.k0, R.k1, who.user, 0, 0, TRAITS_DRAW)
    intensity = R.traits[INTENSITY, quantile(lots[2])]
    base = R.traits[HAZARD, quantile(lots[3])]
    threshold = exponential(philox(R.k0, R.k1, who.user, day + 1, LAST_DRAW, DAY_DRAW)[0])
    member = 1 if u.flags & IN_TEAM else 0
    meant = mine(who, segment, R)
    fades = first_fading_day(u, day, R) if w.G.next_thing > 0 else 0
    expires = first_expiry_day(u, day, w)
    since = u.since_break
    streak = u.streak if u.last == day else 0
    repairs = u.repairs
    tired = R.fatigue * rested(u.spent, day - u.day, R.attention_half_life_days) if u.spent > 0.0 else 0.0
    known, level, rules, gain = -1, -1, -1, 0.0
    for ahead in range(day + 1, R.n_days):
        broke = R.habit_broke_push if since < R.habit_broke_window_days else 0.0
        u.budget = u.budget - dropout_hazard(base, u.habit, R.habit_neutral, R.habit_relief, broke)
        if u.budget < 0.0:
            u.flags = u.flags | GONE
            return -1
        since_break = since if since < NEVER_BROKE else -1
        today = R.days[ahead]
        tired = tired * R.refill
        up = min(streak + 1, STREAK_LEVELS - 1)
        hold = meant & in_days(up, ahead - u.last, ahead - u.joined, R)
        if tired > 0.0 or today.offer != known or streak != level or hold != rules:
            if tired < FRESH:
                tired = 0.0
            known, level, rules = today.offer, streak, hold
            gain = offered_gain(keen, exp(-tired), known, hold, who.channel, segment, member, up, w, pen)
        calling = hold & R.nudged_on[today.offer]
        reminded = messaged(who.user, calling, streak, ahead, R, pen) if calling != 0 else 0.0
        z = readiness(
            u.habit, R.habit_neutral, R.habit_slope, member * R.habit_team, reminded, streak, R.habit_streak_gain,
            since_break, R.habit_break_loss, R.habit_break_days,
        )  # fmt: skip
        z += R.visit_come * (gain - u.used)
        z += R.choice_goal_kappa * max(closeness(fades - ahead), closeness(expires - ahead))
        lift = today.lift * R.shape_lift[today.shape, who.channel]
        threshold -= activity_hazard(intensity, today.weekday, lift, z)
        if since < NEVER_BROKE:
            since = min(since + 1, NEVER_BROKE)
        if threshold < 0.0:
            u.row = streak
            u.repairs = repairs
            u.since_break = since
            return ahead
        used = repaired(repairs, ahead, hold & R.held_on[today.offer], R) if streak > 0 else 0
        if used > 0:
            repairs = used
        else:
            if streak >= 2:
                since = 0
            streak = 0
        u.habit = faded_habit(u.habit, R.habit_keep)
        u.used = grown_reference(u.used, 0.0, R.reference_keep)
    return -1


@rule
def schedule_session(who: Who, t_s: int, segment: int, keen: float, w: World, pen: Pen) -> None:
    """Set `play_s`: a further session today, or, the day being over, the next active day of who is so keen.

    A planned session whose hour has passed meanwhile is left out.
    """
    u, R = who.u, w.R
    day = t_s // DAY_S
    planned = u.sessions >> 4
    begun = u.sessions & 15
    while begun < planned:
        lots = philox(R.k0, R.k1, who.user, day, begun, DAY_DRAW)
        share = sequential_uniform(u.clock / 65536.0, planned - begun, lots[0])
        at = day * DAY_S + second_of_day(R.profile[R.days[day].shape, who.channel], share)
        u.clock = min(int(share * 65536.0), 65535)
        at = awaited_s(who, at, begun, t_s, segment, R)
        if at > t_s:
            u.sessions = (planned << 4) | begun
            u.play_s = at
            return
        begun += 1
    u.sessions = (planned << 4) | begun
    u.habit = grown_habit(u.habit, R.habit_gain)
    member = 1 if u.flags & IN_TEAM else 0  # what was on offer was met; the streak counts this day
    rules = mine(who, segment, R) & in_days(u.streak, u.away, day - u.joined, R)
    met = offered_gain(keen, 1.0, R.days[day].offer, rules, who.channel, segment, member, u.streak, w, pen)
    u.used = grown_reference(u.used, met, R.reference_keep)
    plan_next_day(who, day, segment, keen, w, pen)


@rule
def come_back(who: Who, day: int, w: World, pen: Pen) -> None:
    """Plan the next active day after `day` (-1 = before the start, a day nobody has played)."""
    segment = segment_of(place_of(who.user, w.R)[1], w.R)
    plan_next_day(who, day, segment, keenness(who.user, segment, w.R), w, pen)


@rule
def plan_next_day(who: Who, day: int, segment: int, keen: float, w: World, pen: Pen) -> None:
    """Plan the next active day after `day`, and its first session."""
    u, R = who.u, w.R
    ahead = next_active_day(who, day, segment, keen, w, pen)
    if ahead < 0:
        u.play_s = NEVER
        return
    lots = philox(R.k0, R.k1, who.user, ahead, 0, DAY_DRAW)
    volume = R.traits[VOLUME, low_quantile(philox(R.k0, R.k1, who.user, 0, 0, TRAITS_DRAW)[1])]
    planned = planned_sessions(lots[1], R.sessions_extra * volume)
    share = sequential_uniform(0.0, planned, lots[0])
    u.sessions = planned << 4
    u.clock = min(int(share * 65536.0), 65535)
    at = ahead * DAY_S + second_of_day(R.profile[R.days[ahead].shape, who.channel], share)
    called = called_s(who.user, ahead, R, pen.marks) if R.nudging != 0 else NEVER
    u.play_s = called if called < NEVER else awaited_s(who, at, 0, ahead * DAY_S - 1, segment, R)
