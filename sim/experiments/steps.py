"""Row 8: who joins a step programme that pays ten francs a month to oneself, to charity, or nothing.

People who look at the shop every day join at the published rate where nothing is paid.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, log

from sim.behaviour.parameters import Parameters
from sim.experiments.evidence import load_evidence
from sim.experiments.row import CALIBRATE, HELD_OUT, Row, Table, log_odds
from sim.experiments.worlds import (
    EVERYBODY_ALIKE,
    GAME,
    NO_GOAL,
    ONE_A_DAY,
    PLAINLY,
    SURELY,
    a_world,
    paid_deed,
    played,
)
from sim.kernel import tallies as T

USERS, DAYS = 200_000, 3
INVITED = EVERYBODY_ALIKE | NO_GOAL | SURELY
STEPS = Table("steps")


def joining(parameters: Parameters, reward: float, *, to_charity: bool = False) -> float:
    """Log-odds of joining at a visit, if the programme pays so many dollars."""
    offer = paid_deed(load_evidence()["cost_steps"], reward, to_charity=to_charity)
    play = PLAINLY | {"entry_per_visit": STEPS["joined"]}
    world = a_world("a step programme", DAYS, USERS, GAME, shopping=ONE_A_DAY, play=play, **offer)
    stayed = 1.0 - played(world, parameters.vary(INVITED)).counts()[T.ENTRIES] / USERS
    return log_odds(-log(stayed) / DAYS)  # visits come one a day in the mean, at random


def rows(parameters: Parameters) -> Iterator[Row]:
    """Money to oneself is fitted, the same money to charity is held out."""
    unpaid = joining(parameters, 0.0)
    for arm, use, tolerance in (("self", CALIBRATE, 0.05), ("charity", HELD_OUT, 0.35)):
        model = exp(joining(parameters, STEPS["dollars"], to_charity=arm == "charity") - unpaid)
        label = f"joining for money to {arm}, odds ratio"
        yield STEPS.near(8, label, use, STEPS[f"odds_ratio_{arm}"], model, tolerance)


def fit(parameters: Parameters) -> dict[str, float]:
    """What a visit's value adds to joining, from money to oneself at the assumed cost of a month's goal."""
    felt = parameters["choice_slope"] * log(1.0 + STEPS["dollars"] / load_evidence()["cost_steps"])
    return {"visit_join": log(STEPS["odds_ratio_self"]) / felt}
