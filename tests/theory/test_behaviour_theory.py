"""Where a closed form exists, the behaviour rules meet it.

Simulated values may differ from theory by four standard errors of their own sample.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import nbinom

from sim.behaviour.habit import activity_hazard, faded_habit, grown_habit
from sim.behaviour.parameters import load_parameters
from sim.experiments import bgbb, letters

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
    """On the engine as many donors answer a letter as the logit says in the mean over their histories."""
    p, n = load_parameters(), letters.LETTERS
    k, rest, months = p["past_gifts_k"], p["past_gifts_mean"] - 1.0, np.arange(400)
    upto = 1.0 - np.exp(-(months + 0.5) / p["past_months"])  # whole months, to the nearest
    since = np.diff(upto, prepend=0.0)
    gifts = np.arange(1, 400)
    often = nbinom.pmf(gifts - 1, k, k / (k + rest))
    for ratio, match in ((0.0, 0.0), (1.0, 0.2)):
        logit = -3.834 + 0.498 * np.log(1 + gifts[:, None]) - 0.593 * np.log(1 + months) + match
        share = float(often @ (1 / (1 + np.exp(-logit))) @ since)
        error = math.sqrt(share * (1 - share) / n)
        assert letters.answers(p, ratio).share() == pytest.approx(share, abs=4 * error)
