"""From the frozen scenario and the parameters to the tables the kernel reads.

Everything a rule may ask for is a field of one record (`rules`), one row a deed (`deeds`) or one row a day
(`days`). A new value compiles nothing; a new parameter is a line of TOML.
"""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Floats
from sim.behaviour.parameters import Parameters
from sim.engine.clocks import play_calendar
from sim.engine.rows import (
    BENEFIT,
    DAY,
    DEED,
    EFFECTS,
    MAX_CHANNELS,
    MAX_DEEDS,
    MAX_SEGMENTS,
)
from sim.engine.rules import QUANTILES
from sim.scenario import DAY_S, SECOND, Scenario, since_start

MAX_FESTIVALS = 16
KLASSES = ("labour", "donated", "general")
FAR_FUTURE_S = 2**31 - 1


def quantile_points() -> Floats:
    """Mid-points of the equally likely values of a trait, shape (QUANTILES,)."""
    return np.asarray((np.arange(QUANTILES) + 0.5) / QUANTILES)


def trait_table(scenario: Scenario, p: Parameters) -> Floats:
    """What a user's key decides for life, shape (5, QUANTILES): rate, glow, volume, intensity, hazard.

    rate: lognormal with mean 1 (V) · glow: multiple of every deed's weight, lognormal(0, glow_sd) (A) ·
    volume: sessions, lognormal with mean 1 · intensity −ln(1 − p), p ~ Beta(a, b), and hazard
    −ln(1 − θ), θ ~ Beta(c, d), of the scenario's activity profile (BG/BB, behaviour §5.1).
    """
    from scipy.special import betaincinv, ndtri

    q = quantile_points()
    normal = ndtri(q)
    profile = "lifetime_utility_" if scenario.scenario.profile == "utility-app" else "lifetime_game_"
    a, b, c, d = (p[profile + k] for k in "abcd")

    def lognormal(sigma: float) -> Floats:
        values = np.exp(sigma * normal)
        return np.asarray(values / values.mean())

    return np.stack(
        [
            lognormal(scenario.shopping.regular_sigma),
            np.exp(p["choice_glow_sd"] * normal),
            lognormal(p["habit_session_sd"]),
            -np.log1p(-betaincinv(a, b, q)),
            -np.log1p(-betaincinv(c, d, q)),
        ]
    )


def deed_table(scenario: Scenario) -> NDArray[np.void]:
    """The catalogue as rows; its order is the scenario's."""
    rows = np.zeros(MAX_DEEDS, DEED)
    for k, deed in enumerate(scenario.deeds.values()):
        rows[k] = (
            deed.beans,
            deed.hours,
            max(deed.cost, 1) / 100.0,
            deed.ease,
            EFFECTS.index(deed.effect),
            KLASSES.index(deed.kind),
            deed.per_day,
            deed.team,
            deed.needs_account,
            deed.adults_only,
        )
    return rows


def mix_table(scenario: Scenario) -> Floats:
    """Multiples of each deed's weight by channel and segment, shape (channels, segments, deeds)."""
    mix = np.ones((MAX_CHANNELS, MAX_SEGMENTS, MAX_DEEDS))
    for c, channel in enumerate(scenario.channels.values()):
        for d, name in enumerate(scenario.deeds):
            mix[c, :, d] *= math.exp(channel.mix.get(name, 0.0))
    for s, segment in enumerate(scenario.segments.values()):
        for d, name in enumerate(scenario.deeds):
            mix[:, s, d] *= math.exp(segment.mix.get(name, 0.0))
    return mix


def benefit_table(scenario: Scenario) -> NDArray[np.void]:
    """Benefits in the order of the scenario."""
    rows = np.zeros(len(scenario.benefits), BENEFIT)
    for k, benefit in enumerate(scenario.benefits.values()):
        rows[k] = (benefit.needs, benefit.youth)
    return rows


def day_table(scenario: Scenario, p: Parameters) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """One row a day, and the second at which each expiry period ends.

    With `beans.valid_months` a period is a calendar month and lasts so many months more; without, there is
    one period, which ends `valid_after_end` after the last phase (or the scenario).
    """
    start = scenario.scenario.start
    count = scenario.scenario.length // (DAY_S * SECOND)
    dates = [(start + timedelta(days=k)) for k in range(count)]
    days = np.zeros(count, DAY)
    days["lift"] = play_calendar(scenario, p)
    days["weekday"] = [1.1 if date.weekday() >= 5 else 0.96 for date in dates]
    days["month"] = [(d.year - start.year) * 12 + d.month - start.month for d in dates]
    ends = sorted(since_start(scenario, phase.end) // SECOND for phase in scenario.phases.values())
    for end in ends[-1:]:
        days["withdrawn"][end // DAY_S : end // DAY_S + round(p["habit_withdrawn_window_days"])] = 1
    months = scenario.beans.valid_months
    if months == 0:
        last = ends[-1] if ends else count * DAY_S
        return days, np.array([last + scenario.beans.valid_after_end // SECOND], np.int64)
    days["period"] = days["month"]
    final = int(days["month"][-1])
    period_end = np.zeros(final + 1, np.int64)
    for period in range(final + 1):
        month = start.month - 1 + period + months + 1
        end_date = start.replace(year=start.year + month // 12, month=month % 12 + 1, day=1)
        period_end[period] = since_start(scenario, end_date) // SECOND
    return days, period_end
