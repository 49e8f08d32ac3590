"""Closed forms of BG/BB (Fader, Hardie & Shang 2010): the theory the simulated lifetimes must meet.

A person is active on a day with probability p ~ Beta(a, b) while alive, and leaves after each day with
probability th ~ Beta(c, d). Ratios of Beta functions at whole distances are products, so plain arithmetic
is enough.
"""

from __future__ import annotations

from sim.compiling import rule


@rule
def rising(x: float, n: int) -> float:
    """x (x + 1) … (x + n - 1)."""
    product = 1.0
    for k in range(n):
        product *= x + k
    return product


@rule
def beta_ratio(a: float, b: float, x: int, y: int) -> float:
    """B(a + x, b + y) / B(a, b) for whole x, y >= 0."""
    return rising(a, x) * rising(b, y) / rising(a + b, x + y)


@rule
def bgbb_alive_probability(day: int, c: float, d: float) -> float:
    """Probability of not having left by a day, B(c, d + day) / B(c, d); day 0 is the first."""
    alive = 1.0
    for k in range(day):
        alive *= (d + k) / (c + d + k)
    return alive


@rule
def bgbb_active_probability(day: int, a: float, b: float, c: float, d: float) -> float:
    """Retention on a day (D1, D7 …): share of newcomers of day 0 who are active on it."""
    return a / (a + b) * bgbb_alive_probability(day, c, d)


@rule
def bgbb_both_probability(later: int, a: float, b: float, c: float, d: float) -> float:
    """Share of newcomers active on an earlier and on a later day; only the later one decides survival."""
    return a * (a + 1.0) / ((a + b) * (a + b + 1.0)) * bgbb_alive_probability(later, c, d)


@rule
def bgbb_likelihood(x: int, last: int, n: int, a: float, b: float, c: float, d: float) -> float:
    """Probability of x active chances among n with the last one at `last` (0 if none), order given."""
    total = beta_ratio(a, b, x, n - x) * beta_ratio(c, d, 0, n)
    for i in range(n - last):
        total += beta_ratio(a, b, x, last - x + i) * beta_ratio(c, d, 1, last + i)
    return total
