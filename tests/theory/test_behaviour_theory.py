"""Where a closed form exists, the behaviour rules meet it.

Simulated values may differ from theory by four standard errors of their own sample.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from sim.behaviour.giving import gives_logit, logistic
from sim.behaviour.habit import activity_hazard, faded_habit, grown_habit
from sim.behaviour.merchants import larger_pledge_yuan
from sim.experiments import bgbb
from sim.experiments.letters import response

UTILITY = (0.75, 1.53, 0.576, 1.853)


def test_the_published_shapes_give_the_published_retention():
    """The utility profile's shapes give 25.0, 18.1, 12.7, 9.0, 6.0 and 3.3 % on days 1 … 90."""
    shares = [100 * bgbb.active(day, *UTILITY) for day in (1, 3, 7, 14, 30, 90)]
    assert shares == pytest.approx([25.0, 18.1, 12.7, 9.0, 6.0, 3.3], abs=0.1)


def test_survival_falls_like_a_power():
    """The tail of BG/BB goes as t^-c."""
    c, d = 0.6, 1.9
    ratio = bgbb.alive(2_000, c, d) / bgbb.alive(1_000, c, d)
    assert ratio == pytest.approx(2**-c, rel=2e-3)


def test_a_day_without_pulls_is_active_with_the_users_own_probability():
    """1 - exp(-L) with L = -ln(1 - p) is p."""
    for p in (0.01, 0.3, 0.9):
        assert 1 - math.exp(-activity_hazard(-math.log(1 - p), 1.0, 1.0, 0.0)) == pytest.approx(p)


def test_habit_has_a_closed_form():
    """n active days leave (1 - gain)^n of the distance to one, n inactive days keep^n of the habit."""
    grown = faded = 0.3
    for _ in range(20):
        grown, faded = grown_habit(grown, 0.045), faded_habit(faded, 0.92)
    assert grown == pytest.approx(1 - 0.7 * 0.955**20)
    assert faded == pytest.approx(0.3 * 0.92**20)


def test_givers_are_binomial():
    """The number who answer a letter is binomial with the mean over the donors' histories."""
    rng = np.random.default_rng(5)
    n, k, mean_gifts, months = 50_000, 1.007, 8.04, 14.0
    gifts = 1 + rng.negative_binomial(k, k / (k + mean_gifts - 1), n)
    since = rng.exponential(months, n)
    units = rng.random(n)
    given = sum(
        u < logistic(gives_logit(-3.834, float(g), float(m), 0.498, 0.593, 0.2, 0.0))
        for u, g, m in zip(units, gifts, since, strict=True)
    )
    share = response(k, mean_gifts, months, -3.834, 0.498, 0.593, 0.2)
    assert given == pytest.approx(n * share, abs=4 * math.sqrt(n * share * (1 - share)))


def test_larger_pledges_have_the_mean_they_are_given():
    """The lognormal of pledges above the minimum has mean 0.124 yuan."""
    normals = norm.ppf((np.arange(50_000) + 0.5) / 50_000)
    mean = np.mean([larger_pledge_yuan(float(z), 0.124, 0.8) for z in normals])
    assert mean == pytest.approx(0.124, rel=1e-3)
