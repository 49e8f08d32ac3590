"""Fitting the behaviour rules to published experiments: one function per group of parameters.

Each returns the fitted values by parameter name, in the order in which they depend on each other. Closed
forms are solved; the rest is least work over the small simulations of `sim.experiments.players`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import exp, log

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm
from scipy.optimize import brentq, fsolve, minimize
from scipy.stats import norm

from sim.behaviour.cards import purchase_rate
from sim.behaviour.lifetime import (
    bgbb_active_probability,
    bgbb_alive_probability,
    bgbb_both_probability,
    bgbb_likelihood,
)
from sim.behaviour.parameters import Parameters, load_parameters
from sim.experiments.players import DAYS, Habit, funding, response, retention
from sim.experiments.published import published

Values = dict[str, float]
Shapes = tuple[float, float, float, float]
ROUNDS = 12  # of moving the closed form until the simulated curve meets the data
MOST_TYPICAL_GIFTS = 20


def logit(share: float) -> float:
    """Log-odds of a share in (0, 1)."""
    return log(share / (1.0 - share))


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """The one zero between two bounds."""
    return float(brentq(function, low, high, xtol=1e-14, rtol=1e-13))


def fit_match() -> Values:
    """Row 1: the match as a difference of log-odds, and how long ago the letters' donors gave last."""
    letters, p = published()["letters"], load_parameters()
    control = letters["control"]["gave"] / letters["control"]["sent"]
    match = letters["match"]["gave"] / letters["match"]["sent"]

    def without_match(months: float) -> float:
        return response(
            letters["prior_gifts_k"], letters["prior_gifts_mean"], months,
            p["giving_intercept"], p["giving_often"], p["giving_lapse"], 0.0,
        )  # fmt: skip

    months = root(lambda m: without_match(m) - control, 1.0, 100.0)
    return {"giving_match": logit(match) - logit(control), "giving_letters_months": months}


def fit_effort() -> Values:
    """Row 3: base, slope and s0 from three arms exactly; weights as ratios of effects."""
    arms = published()["presses"]
    base = arms["none"]
    gain_1, gain_10 = arms["cent_1"] - base, arms["cent_10"] - base
    s0 = root(lambda s: log(1.0 + 1.0 / s) / log(1.0 + 10.0 / s) - gain_1 / gain_10, 1e-8, 0.1)
    charity = ((arms["charity_1"] - base) / gain_1 + (arms["charity_10"] - base) / gain_10) / 2
    return {
        "choice_effort_base": base,
        "choice_effort_s0": s0,
        "choice_effort_slope": gain_1 / base / log(1.0 + 1.0 / s0),
        "choice_weight_charity": charity,
        "choice_weight_lottery": (arms["lottery_1_percent"] - base) / gain_1,
        "choice_weight_coin": (arms["lottery_50_percent"] - base) / gain_1,
        "choice_weight_two_weeks": (arms["two_weeks"] - base) / gain_1,
        "choice_weight_four_weeks": (arms["four_weeks"] - base) / gain_1,
    }


def fit_rewards() -> Values:
    """Rows 5 and 8: slope and cost of blood from two gift cards, cost of a step goal from money to self."""
    blood, steps = published()["blood"], published()["steps"]
    low, high = log(blood["risk_ratio"][0]), log(blood["risk_ratio"][2])
    cost = root(lambda c: log(1.0 + 15.0 / c) / log(1.0 + 5.0 / c) - high / low, 0.1, 1000.0)
    slope = low / log(1.0 + 5.0 / cost)
    steps_cost = steps["dollars"] / (exp(log(steps["odds_ratio_self"]) / slope) - 1.0)
    return {"choice_slope": slope, "choice_blood_cost": cost, "choice_steps_cost": steps_cost}


def median_days(base: float, endowed: int, goal: int, kappa: float, iota: float) -> float:
    """Median days to fill a card: purchases are exponential waits, one stage a stamp."""
    rates = [purchase_rate(base, stamps, endowed, goal, kappa, iota) for stamps in range(endowed, goal)]
    moves = np.diag([-r for r in rates] + [0.0]) + np.diag(rates, 1)

    def unfilled(days: float) -> float:
        return 0.5 - float(expm(moves * days)[0, -1])

    return root(unfilled, 1e-6 / base, 1e4 / base)


def fit_goal() -> Values:
    """Row 9: kappa from the speed-up between first and last stamp, iota from the endowed card's days."""
    card = published()["coffee_card"]
    stamps, goal, endowed = card["stamps"], card["stamps_endowed"], card["endowed"]
    # From the first stamp to the last lie stamps - 2 steps of progress between the first gap and the last.
    kappa = -log(1.0 - card["speed_up"]) * stamps / (stamps - 2)
    base = median_days(1.0, 0, stamps, kappa, 0.0) / card["median_days"]
    iota = root(lambda i: median_days(base, endowed, goal, kappa, i) - card["median_days_endowed"], 0.0, 2.0)
    return {"choice_goal_kappa": kappa, "choice_goal_iota": iota}


def habit_numbers() -> Habit:
    """The habit rules' stored numbers."""
    p = load_parameters()
    return Habit(**{name: p[f"habit_{name}"] for name in Habit.__dataclass_fields__})


def stored_shapes(parameters: Parameters, profile: str) -> Shapes:
    """The stored BG/BB shapes of a profile: game, utility or donor."""
    a, b, c, d = (parameters[f"lifetime_{profile}_{shape}"] for shape in "abcd")
    return a, b, c, d


def _shapes_of(logs: NDArray[np.float64]) -> Shapes:
    a, b, c, d = (exp(x) for x in logs)
    return a, b, c, d


def _bend(solve: Callable[[NDArray[np.float64]], Shapes], data: list[float], days: list[int]) -> Shapes:
    """Shapes whose *simulated* curve, habit and streaks included, meets the data.

    `solve` meets targets by closed form; the targets are moved by what the habit rules add. A day of 0
    stands for the joint table.
    """
    targets = np.array(data)
    habit = habit_numbers()
    shapes = solve(targets)
    for _ in range(ROUNDS):
        active, both = retention(shapes, habit)
        gap = np.array(data) - np.array([active[day] if day else both for day in days])
        if np.abs(gap).max() < 1e-6:
            break
        targets = targets + gap
        shapes = solve(targets)
    return shapes


@cache
def game_shapes() -> Shapes:
    """Row 11: D1, D7, both and the chosen D30 of Cookie Cats."""
    cats = published()["cookie_cats"]
    players = sum(cats["players"])
    data = [sum(cats["day_1"]) / players, sum(cats["day_7"]) / players, cats["both_days"], cats["day_30"]]

    def solve(targets: NDArray[np.float64]) -> Shapes:
        def gap(logs: NDArray[np.float64]) -> list[float]:
            s = _shapes_of(logs)
            model = [bgbb_active_probability(day, *s) for day in (1, 7)]
            model += [bgbb_both_probability(7, *s), bgbb_active_probability(30, *s)]
            return list(np.array(model) - targets)

        return _shapes_of(fsolve(gap, np.log([1.5, 0.7, 0.6, 1.1]), xtol=1e-13))

    return _bend(solve, data, [1, 7, 0, 30])


@cache
def utility_shapes() -> Shapes:
    """Row 12: D1, D14 and D30 of Adjust; a + b, which they do not show, is the game profile's."""
    apps = published()["apps"]
    width = game_shapes()[0] + game_shapes()[1]

    def solve(targets: NDArray[np.float64]) -> Shapes:
        def gap(logs: NDArray[np.float64]) -> list[float]:
            share, c, d = (exp(x) for x in logs)
            model = [share * bgbb_alive_probability(day, c, d) for day in (1, 14, 30)]
            return list(np.array(model) - targets)

        share, c, d = (exp(x) for x in fsolve(gap, np.log([0.33, 0.58, 1.85]), xtol=1e-13))
        return share * width, (1.0 - share) * width, c, d

    return _bend(solve, [apps["day_1"], apps["day_14"], apps["day_30"]], [1, 14, DAYS - 1])


def fit_retention() -> Values:
    """Rows 11 and 12: the two activity profiles."""
    names = [f"lifetime_{profile}_{shape}" for profile in ("game", "utility") for shape in "abcd"]
    return dict(zip(names, game_shapes() + utility_shapes(), strict=True))


def donor_log_likelihood(shapes: Shapes) -> float:
    """Log-likelihood of the donors of 1995."""
    donors = published()["donors"]
    chances = donors["chances"]
    logs = (n * log(bgbb_likelihood(x, last, chances, *shapes)) for x, last, n in donors["counts"])
    return float(sum(logs))


def fit_donors() -> Values:
    """The donor-year profile by maximum likelihood."""
    found = minimize(
        lambda logs: -donor_log_likelihood(_shapes_of(logs)),
        np.zeros(4),
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-7, "maxiter": 4000, "maxfev": 4000},
    )
    return dict(zip((f"lifetime_donor_{s}" for s in "abcd"), _shapes_of(found.x), strict=True))


def fit_label() -> Values:
    """Row 13: two gains in the chance of a sale, each split evenly around the middle rate."""
    ebay = published()["ebay"]
    pulls = [logit(ebay["middle"] + g / 2) - logit(ebay["middle"] - g / 2) for g in ebay["gain"]]
    low, high = ebay["donated"]
    half = root(lambda h: log(1.0 + low / h) / log(1.0 + high / h) - pulls[0] / pulls[1], 1e-5, 1.0)
    return {"label_half": half, "label_scale": pulls[1] / log(1.0 + high / half)}


def fit_pledges() -> Values:
    """Row 14: the mean of pledges above the minimum, from yuan per charity order."""
    orders, p = published()["charity_orders"], load_parameters()
    share = p["merchants_minimum_share"]
    mean = (orders["yuan_per_order"] - share * orders["minimum_yuan"]) / (1.0 - share)
    return {"merchants_other_mean_yuan": mean}


def fit_completion() -> Values:
    """Row 15: the fewest whole typical gifts within which completing must start, and the targets."""
    data, p = published()["classrooms"], load_parameters()
    spread, sd, chance = p["projects_target_sigma"], p["giving_sd"], p["giving_completion"]
    for within in range(1, MOST_TYPICAL_GIFTS):
        reach = root(lambda r, w=within: funding(r, spread, sd, chance, w)[0] - data["funded"], 0.1, 5.0)  # type: ignore[misc]
        if funding(reach, spread, sd, chance, within)[1] > data["completing_ratio"]:
            return {"giving_completion_within": float(within), "projects_target_reach": reach}
    raise ArithmeticError("no distance makes completing gifts large enough")


def fit_posts() -> Values:
    """Row 16: of a lognormal, those above the quantile z own Phi(sigma - z)."""
    return {"posts_sigma": float(norm.ppf(published()["posts"]["top_1_percent"]) + norm.ppf(0.99))}


def fit_farmers() -> Values:
    """Row 17: a lognormal through two quantiles of the share of fraudulent installs."""
    data = published()["installs"]
    z_10, z_30 = norm.isf(data["apps_above_10_percent"]), norm.isf(data["apps_above_30_percent"])
    sigma = float((log(0.3) - log(0.1)) / (z_30 - z_10))
    return {"farmers_share_mu": log(0.1) - sigma * float(z_10), "farmers_share_sigma": sigma}


def fit_sharing() -> Values:
    """Row 18: published shares and the ratio of a broadcast, taken as they are."""
    data = published()["sharing"]
    return {
        "sharing_post": data["post"],
        "sharing_post_recruits": data["recruits"],
        "sharing_broadcast_gain": data["broadcast_ratio"] - 1.0,
    }


FITS = (
    fit_match, fit_effort, fit_rewards, fit_goal, fit_retention, fit_donors, fit_label, fit_pledges,
    fit_completion, fit_posts, fit_farmers, fit_sharing,
)  # fmt: skip


def fit_all() -> Values:
    """Every calibrated parameter as found from the published tables."""
    return {name: value for fit in FITS for name, value in fit().items()}
