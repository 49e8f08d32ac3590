"""Where a closed form exists, the behaviour rules meet it.

Simulated values may differ from theory by four standard errors of their own sample.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from sim.behaviour.cards import finish_probability, purchase_rate
from sim.behaviour.farmers import farmer_share_quantile
from sim.behaviour.giving import gives_logit, logistic
from sim.behaviour.habit import activity_hazard, faded_habit, grown_habit
from sim.behaviour.lifetime import (
    bgbb_active_probability,
    bgbb_alive_probability,
    bgbb_both_probability,
    bgbb_likelihood,
)
from sim.behaviour.merchants import larger_pledge_yuan
from sim.behaviour.parameters import load_parameters
from sim.behaviour.posts import posts_of
from sim.experiments.fits import (
    donor_log_likelihood,
    habit_numbers,
    median_days,
    stored_shapes,
)
from sim.experiments.players import Habit, response, retention

PLAIN = Habit(0.3, 0.045, 0.92, 0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 3.0)  # habit and streaks without effect
PLAYERS = 2**16
SHAPES = [(0.75, 1.53, 0.576, 1.853), (1.577, 0.704, 0.620, 1.121), (1.2, 0.75, 0.66, 2.78)]


@pytest.mark.parametrize("shapes", SHAPES)
def test_lifetimes_without_habit_are_bgbb(shapes):
    """With the habit rules switched off, simulated retention is the closed form on every day, and jointly."""
    active, both = retention(shapes, PLAIN, seed=11)
    for day in range(31):
        expected = bgbb_active_probability(day, *shapes) if day else 1.0
        error = math.sqrt(expected * (1 - expected) / PLAYERS)
        assert active[day] == pytest.approx(expected, abs=4 * error + 1e-12)
    joint = bgbb_both_probability(7, *shapes)
    assert both == pytest.approx(joint, abs=4 * math.sqrt(joint * (1 - joint) / PLAYERS))


def test_the_published_shapes_give_the_published_retention():
    """The utility profile's shapes give 25.0, 18.1, 12.7, 9.0, 6.0 and 3.3 % on days 1 … 90."""
    shares = [100 * bgbb_active_probability(day, *SHAPES[0]) for day in (1, 3, 7, 14, 30, 90)]
    assert shares == pytest.approx([25.0, 18.1, 12.7, 9.0, 6.0, 3.3], abs=0.1)


@pytest.mark.parametrize("seed", [3, 4])
def test_the_stored_profiles_meet_the_data_with_other_luck(seed):
    """D1, D7, D14 and D30 stand within a point of the data on draws the fit has not seen."""
    p = load_parameters()
    active, _ = retention(stored_shapes(p, "utility"), habit_numbers(), seed)
    assert active[[1, 14, 30]] == pytest.approx([0.25, 0.09, 0.06], abs=0.003)
    active, both = retention(stored_shapes(p, "game"), habit_numbers(), seed)
    assert [active[1], active[7], both] == pytest.approx([0.4452, 0.1861, 0.1462], abs=0.003)


def test_survival_falls_like_a_power():
    """The tail of BG/BB goes as t^-c."""
    c, d = 0.6, 1.9
    ratio = bgbb_alive_probability(2_000, c, d) / bgbb_alive_probability(1_000, c, d)
    assert ratio == pytest.approx(2**-c, rel=2e-3)


def test_the_likelihood_sums_to_one():
    """Over every history of six chances, weighted by how many orders it can have."""
    for shapes in SHAPES:
        total = bgbb_likelihood(0, 0, 6, *shapes)
        for last in range(1, 7):
            for x in range(1, last + 1):
                total += math.comb(last - 1, x - 1) * bgbb_likelihood(x, last, 6, *shapes)
        assert total == pytest.approx(1.0, abs=1e-12)


def test_the_donors_likelihood_is_the_published_one():
    """At the published shapes the log-likelihood of the 1995 donors is -33,225.6."""
    assert donor_log_likelihood((1.204, 0.750, 0.657, 2.783)) == pytest.approx(-33_225.6, abs=0.1)


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


def test_cards_are_chains_of_exponential_waits():
    """Median days and the chance of finishing agree with playing many cards."""
    rng = np.random.default_rng(6)
    n, kappa, iota, dropout = 40_000, 0.28, 0.38, 0.26
    for endowed, goal in ((0, 10), (2, 12)):
        rates = [purchase_rate(0.7, s, endowed, goal, kappa, iota) for s in range(endowed, goal)]
        waits = sum(rng.exponential(1 / rate, n) for rate in rates)
        median = median_days(0.7, endowed, goal, kappa, iota)
        assert np.mean(waits < median) == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(n))
        relative = [purchase_rate(1.0, s, endowed, goal, kappa, iota) for s in range(endowed, goal)]
        finished = np.ones(n, bool)
        for rate in relative:
            finished &= rng.exponential(1 / rate, n) < rng.exponential(1 / dropout, n)
        share = finish_probability(endowed, goal, dropout, kappa, iota)
        assert finished.mean() == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / n))


def test_a_lognormal_crowd_has_its_lorenz_curve():
    """Writers above the normal quantile z own Phi(sigma - z) of all posts."""
    sigma = 1.5  # a tail thin enough to be summed
    normals = norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    posts = np.array([posts_of(float(z), sigma) for z in normals])
    share = posts[normals > norm.isf(0.01)].sum() / posts.sum()
    assert share == pytest.approx(norm.cdf(sigma - norm.isf(0.01)), abs=0.002)


def test_the_mean_share_of_farmers_has_a_closed_form():
    """The mean of a lognormal cut at one."""
    mu, sigma = math.log(0.0122), 2.73
    normals = norm.ppf((np.arange(50_000) + 0.5) / 50_000)
    mean = np.mean([farmer_share_quantile(float(z), mu, sigma) for z in normals])
    below = math.exp(mu + sigma**2 / 2) * norm.cdf(-mu / sigma - sigma)
    assert mean == pytest.approx(below + norm.cdf(mu / sigma), abs=1e-4)


def test_larger_pledges_have_the_mean_they_are_given():
    """The lognormal of pledges above the minimum has mean 0.124 yuan."""
    normals = norm.ppf((np.arange(50_000) + 0.5) / 50_000)
    mean = np.mean([larger_pledge_yuan(float(z), 0.124, 0.8) for z in normals])
    assert mean == pytest.approx(0.124, rel=1e-3)
