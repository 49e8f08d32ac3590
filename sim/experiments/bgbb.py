"""Closed forms of BG/BB (Fader, Hardie & Shang 2010): the theory that fits lifetimes, before habit bends them.

A person is active on a day with probability p ~ Beta(a, b) while alive, and leaves after each day with
probability th ~ Beta(c, d).
"""

from __future__ import annotations


def alive(day: int, c: float, d: float) -> float:
    """Probability of not having left by a day, B(c, d + day) / B(c, d); day 0 is the first."""
    share = 1.0
    for k in range(day):
        share *= (d + k) / (c + d + k)
    return share


def active(day: int, a: float, b: float, c: float, d: float) -> float:
    """Retention on a day (D1, D7 …): share of newcomers of day 0 who are active on it."""
    return a / (a + b) * alive(day, c, d)


def active_twice(later: int, a: float, b: float, c: float, d: float) -> float:
    """Share of newcomers active on an earlier and on a later day; only the later one decides survival."""
    return a * (a + 1.0) / ((a + b) * (a + b + 1.0)) * alive(later, c, d)
