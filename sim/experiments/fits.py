"""Fitting the behaviour rules to published experiments: one function per group of numbers.

Closed forms are solved. Lifetimes are solved by the closed form of BG/BB too, on targets that are moved by what the
engine's newcomers, who have habits and streaks, do otherwise than the closed form says. The months since the letters'
donors gave last are moved by what the engine's donors answer.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import fsolve

from sim.behaviour.parameters import Parameters
from sim.experiments import bgbb
from sim.experiments.designs import median_days, root
from sim.experiments.letters import answers
from sim.experiments.newcomers import EARLY, LATE, retention
from sim.experiments.pledges import pledged
from sim.experiments.published import published

Values = dict[str, float]
Shapes = tuple[float, float, float, float]


def logit(share: float) -> float:
    """Log-odds of a share in (0, 1)."""
    return log(share / (1.0 - share))


def fit_letters(p: Parameters) -> Values:
    """Row 1: how long ago the letters' donors gave last, by a step from the stored mean to the share who answer."""
    control, months = published()["letters"]["control"], p["past_months"]
    here, there = (answers(p.vary({"past_months": m}), 0.0).share() for m in (months, 1.2 * months))
    missing = control["gave"] / control["sent"] - here
    return {"past_months": months + 0.2 * months * missing / (there - here)}


def fit_effort(_: Parameters) -> Values:
    """Row 3: base, slope and s0 from three arms exactly; weights as ratios of effects."""
    arms = published()["presses"]
    base = arms["none"]
    gain_1, gain_10 = arms["cent_1"] - base, arms["cent_10"] - base
    s0 = root(lambda s: log(1.0 + 1.0 / s) / log(1.0 + 10.0 / s) - gain_1 / gain_10, 1e-8, 0.1)
    charity = ((arms["charity_1"] - base) / gain_1 + (arms["charity_10"] - base) / gain_10) / 2
    return {
        "effort_base": base,
        "effort_s0": s0,
        "effort_slope": gain_1 / base / log(1.0 + 1.0 / s0),
        "choice_weight_charity": charity,
        "weight_lottery": (arms["lottery_1_percent"] - base) / gain_1,
        "weight_coin": (arms["lottery_50_percent"] - base) / gain_1,
        "weight_two_weeks": (arms["two_weeks"] - base) / gain_1,
        "weight_four_weeks": (arms["four_weeks"] - base) / gain_1,
    }


def fit_rewards(_: Parameters) -> Values:
    """Rows 5 and 8: slope and cost of blood from two gift cards, cost of a step goal from money to self."""
    blood, steps = published()["blood"], published()["steps"]
    low, high = log(blood["risk_ratio"][0]), log(blood["risk_ratio"][2])
    cost = root(lambda c: log(1.0 + 15.0 / c) / log(1.0 + 5.0 / c) - high / low, 0.1, 1000.0)
    slope = low / log(1.0 + 5.0 / cost)
    steps_cost = steps["dollars"] / (exp(log(steps["odds_ratio_self"]) / slope) - 1.0)
    return {"choice_slope": slope, "cost_blood": cost, "cost_steps": steps_cost}


def fit_goal(_: Parameters) -> Values:
    """Row 9: kappa from the speed-up between first and last stamp, iota from the endowed card's days."""
    card = published()["coffee_card"]
    stamps, goal, endowed = card["stamps"], card["stamps_endowed"], card["endowed"]
    # From the first stamp to the last lie stamps - 2 steps of progress between the first gap and the last.
    kappa = -log(1.0 - card["speed_up"]) * stamps / (stamps - 2)
    base = median_days(1.0, 0, stamps, kappa, 0.0) / card["median_days"]
    iota = root(lambda i: median_days(base, endowed, goal, kappa, i) - card["median_days_endowed"], 0.0, 2.0)
    return {"choice_goal_kappa": kappa, "choice_goal_iota": iota}


def stored_shapes(parameters: Parameters, profile: str) -> Shapes:
    """The stored BG/BB shapes of a profile: game or utility."""
    a, b, c, d = (parameters[f"lifetime_{profile}_{shape}"] for shape in "abcd")
    return a, b, c, d


def _solved(
    model: Callable[[list[float]], list[float]], targets: NDArray[np.float64], start: list[float]
) -> list[float]:
    """The positive numbers at which a model meets its targets."""

    def gap(logs: NDArray[np.float64]) -> list[float]:
        return list(np.array(model([exp(x) for x in logs])) - targets)

    return [exp(x) for x in fsolve(gap, np.log(start), xtol=1e-13)]


def fit_game(p: Parameters) -> Values:
    """Row 11: D1, D7, both and the chosen D30 of Cookie Cats."""
    cats, newcomers = published()["cookie_cats"], retention(p, "game")
    players = sum(cats["players"])
    data = [sum(cats["day_1"]) / players, sum(cats["day_7"]) / players, cats["both_days"], cats["day_30"]]
    played = [*newcomers.active[[EARLY, LATE]], newcomers.both, newcomers.active[30]]

    def model(s: list[float]) -> list[float]:
        a, b, c, d = s
        return [
            bgbb.active(EARLY, a, b, c, d), bgbb.active(LATE, a, b, c, d), bgbb.active_twice(LATE, a, b, c, d),
            bgbb.active(30, a, b, c, d),
        ]  # fmt: skip

    stored = list(stored_shapes(p, "game"))
    found = _solved(model, np.array(data) + np.array(model(stored)) - np.array(played), stored)
    return dict(zip((f"lifetime_game_{s}" for s in "abcd"), found, strict=True))


def fit_utility(p: Parameters) -> Values:
    """Row 12: D1, D14 and D30 of Adjust; a + b, which they do not show, is the game profile's."""
    apps, days = published()["apps"], [1, 14, 30]
    data = np.array([apps["day_1"], apps["day_14"], apps["day_30"]])
    a, b, c, d = stored_shapes(p, "utility")

    def model(s: list[float]) -> list[float]:
        share, c, d = s
        return [share * bgbb.alive(day, c, d) for day in days]

    stored = [a / (a + b), c, d]
    targets = data + np.array(model(stored)) - retention(p, "utility").active[days]
    share, c, d = _solved(model, targets, stored)
    width = sum(stored_shapes(p, "game")[:2])
    found = (share * width, (1.0 - share) * width, c, d)
    return dict(zip((f"lifetime_utility_{s}" for s in "abcd"), found, strict=True))


def fit_label(_: Parameters) -> Values:
    """Row 13: two gains in the chance of a sale, each split evenly around the middle rate."""
    ebay = published()["ebay"]
    pulls = [logit(ebay["middle"] + g / 2) - logit(ebay["middle"] - g / 2) for g in ebay["gain"]]
    low, high = ebay["donated"]
    half = root(lambda h: log(1.0 + low / h) / log(1.0 + high / h) - pulls[0] / pulls[1], 1e-5, 1.0)
    return {"label_half": half, "label_scale": pulls[1] / log(1.0 + high / half)}


def fit_pledges(p: Parameters) -> Values:
    """Row 14: sellers' warm glow, from the share of charity orders at the minimum and from what they give."""
    orders, stored = (
        published()["charity_orders"],
        [p["merchants_glow_median_yuan"], p["merchants_glow_sigma"]],
    )

    def model(glow: list[float]) -> list[float]:
        median, sigma = glow
        return list(pledged(p.vary({"merchants_glow_median_yuan": median, "merchants_glow_sigma": sigma})))

    median, sigma = _solved(model, np.array([orders["minimum_share"], orders["yuan_per_order"]]), stored)
    return {"merchants_glow_median_yuan": median, "merchants_glow_sigma": sigma}


FITS = (
    fit_letters, fit_effort, fit_rewards, fit_goal, fit_game, fit_utility, fit_label, fit_pledges,
)  # fmt: skip


def fit_all(parameters: Parameters) -> Values:
    """Every calibrated number as found from the published tables; what is not fitted is taken from `parameters`."""
    return {name: value for fit in FITS for name, value in fit(parameters).items()}
