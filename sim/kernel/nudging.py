"""Messages: a day on which one comes is likelier to be played, each of the last seven days makes the next do less, and
any may be the last that somebody lets come.

A rule's column keeps the day of its last message, the seven days before it as bits, and whether they are switched off.
"""

from __future__ import annotations

from math import exp
from typing import Any

from sim.behaviour.habit import tired_message
from sim.compiling import rule
from sim.kernel import tallies as T
from sim.kernel.rows import NEVER, OFF, SEVEN
from sim.kernel.rules import exponential, philox, unit
from sim.kernel.world import Pen
from sim.spans import DAY_S
from sim.streams import Purpose

NUDGE_DRAW = int(Purpose.NUDGE)


@rule
def sent_lately(mark: int, day: int) -> int:
    """The messages of a rule in the seven days that end with `day`, as bits, that day's the lowest."""
    ago = day + 1 - (mark >> 16)
    return ((mark & SEVEN) << ago) & SEVEN if 0 <= ago < 7 else 0


@rule
def how_many(bits: int) -> int:
    """How many bits are set."""
    count = 0
    while bits:
        bits &= bits - 1
        count += 1
    return count


@rule
def message_lots(user: int, day: int, salt: int, R: Any) -> tuple[int, int, int, int]:
    """What decides of a rule's message on a day: whether it is the last, whether it brings somebody, and how soon."""
    return philox(R.k0, R.k1, user, day, salt, NUDGE_DRAW)


@rule
def sent_by_all(user: int, day: int, R: Any, marks: Any) -> int:
    """The messages of all rules in the seven days that end with `day`."""
    count = 0
    for k in range(R.n_rules):
        if (R.nudging >> k) & 1:
            count += how_many(sent_lately(int(marks[user, R.rules[k].column]), day))
    return count


@rule
def sent_on(user: int, day: int, R: Any, marks: Any) -> int:
    """The messages of all rules on a day."""
    count = 0
    for k in range(R.n_rules):
        if (R.nudging >> k) & 1:
            count += sent_lately(int(marks[user, R.rules[k].column]), day) & 1
    return count


@rule
def messaged(user: int, mask: int, streak: int, day: int, R: Any, pen: Pen) -> float:
    """Send the messages of a day that the rules in `mask` send; what they add to its hazard (A)."""
    gain = 0.0
    before = sent_by_all(user, day, R, pen.marks)
    for k in range(R.n_rules):
        if (mask & R.nudging) >> k & 1:
            r = R.rules[k]
            mark = int(pen.marks[user, r.column])
            sent = sent_lately(mark, day)
            if mark & OFF or (r.flag != 0 and streak < 2) or how_many(sent) >= r.goal:
                continue
            off = unit(message_lots(user, day, r.salt, R)[0]) < R.nudge_switch_off
            pen.marks[user, r.column] = ((day + 1) << 16) | sent | 1 | (OFF if off else 0)
            pen.book.tally[T.MESSAGES] += 1
            pen.book.sent[k] += 1
            gain += tired_message(R.habit_reminder, R.nudge_fatigue, before)
    return gain


@rule
def called_s(user: int, day: int, R: Any, marks: Any) -> int:
    """When somebody comes whom a message of the day has brought; NEVER for who came by themselves, or without one."""
    for k in range(R.n_rules):
        if (R.nudging >> k) & 1:
            r = R.rules[k]
            mark = int(marks[user, r.column])
            if mark >> 16 == day + 1 and mark & 1:
                lots = message_lots(user, day, r.salt, R)
                before = sent_by_all(user, day, R, marks) - sent_on(user, day, R, marks)
                gain = tired_message(R.habit_reminder, R.nudge_fatigue, before)
                if unit(lots[1]) < 1.0 - exp(-gain):
                    after = r.minute * 60 + int(exponential(lots[2]) * R.waiting_first_s)
                    return day * DAY_S + min(after, DAY_S - 1)
    return NEVER
