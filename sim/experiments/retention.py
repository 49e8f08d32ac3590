"""Fits of rows 11 and 12: the shapes of lifetimes.

They are solved by the closed form of BG/BB, on targets that are moved by what the engine's newcomers, who have habits
and streaks, do otherwise than the closed form says.
"""

from __future__ import annotations

import numpy as np

from sim.behaviour.parameters import Parameters
from sim.experiments import bgbb
from sim.experiments.newcomers import EARLY, LATE, retention
from sim.experiments.published import published
from sim.experiments.row import solved

Shapes = tuple[float, float, float, float]


def fit(parameters: Parameters) -> dict[str, float]:
    """The shapes of both profiles."""
    return _fit_game(parameters) | _fit_utility(parameters)


def stored_shapes(parameters: Parameters, profile: str) -> Shapes:
    """The stored BG/BB shapes of a profile: game or utility."""
    a, b, c, d = (parameters[f"lifetime_{profile}_{shape}"] for shape in "abcd")
    return a, b, c, d


def _fit_game(p: Parameters) -> dict[str, float]:
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
    found = solved(model, np.array(data) + np.array(model(stored)) - np.array(played), stored)
    return dict(zip((f"lifetime_game_{s}" for s in "abcd"), found, strict=True))


def _fit_utility(p: Parameters) -> dict[str, float]:
    """Row 12: D1, D14 and D30 of Adjust; a + b, which they do not show, is the game profile's."""
    apps, days = published()["apps"], [1, 14, 30]
    data = np.array([apps["day_1"], apps["day_14"], apps["day_30"]])
    a, b, c, d = stored_shapes(p, "utility")

    def model(s: list[float]) -> list[float]:
        share, c, d = s
        return [share * bgbb.alive(day, c, d) for day in days]

    stored = [a / (a + b), c, d]
    targets = data + np.array(model(stored)) - retention(p, "utility").active[days]
    share, c, d = solved(model, targets, stored)
    width = sum(stored_shapes(p, "game")[:2])
    found = (share * width, (1.0 - share) * width, c, d)
    return dict(zip((f"lifetime_utility_{s}" for s in "abcd"), found, strict=True))
