"""Rows 3 and 4: key presses by pay. Ten minutes of work are a session of one deed that tires.

A slot is so many presses: who goes on weighs what the next ones bring against how tired they are, so that the number
of slots grows with the logarithm of the pay (DellaVigna & Pope 2018).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import log

from scipy.optimize import brentq

from sim.behaviour.parameters import Parameters
from sim.experiments.evidence import load_evidence
from sim.experiments.row import CALIBRATE, HELD_OUT, Row, Table, secant
from sim.experiments.worlds import (
    ALL_PLAY,
    EVERYBODY_ALIKE,
    GAME,
    NO_GOAL,
    NO_HABITS,
    SURELY,
    a_world,
    paid_deed,
    played,
    steadily,
)
from sim.kernel import tallies as T

USERS = 30_000
COST = 0.01  # yuan, of a slot; what counts is the reward in costs
AT_WORK = EVERYBODY_ALIKE | NO_HABITS | NO_GOAL | SURELY | steadily(0.999) | {"attention_day_slots": 99.0}
PRESSES = Table("presses")
TO_ONESELF = ("cent_1", "cent_10", "cent_per_1000", "cent_4")
CENTS = {"none": 0.0, "cent_10": 10.0, "charity_10": 10.0, "cent_per_1000": 0.1, "cent_4": 4.0}  # else 1
WEIGHTS = {
    "lottery_1_percent": "choice_weight_lottery",
    "lottery_50_percent": "choice_weight_coin",
    "two_weeks": "choice_weight_two_weeks",
    "four_weeks": "choice_weight_four_weeks",
}
FIT_ARMS = ("none", "cent_1", "cent_10", "charity_1", "charity_10", *WEIGHTS)


def slots(parameters: Parameters, costs: float, weight: float | None, ease: float, fatigue: float) -> float:
    """Slots of work in the mean, if one is paid so many times what it costs: to oneself, or weighing so much."""
    vary = AT_WORK | {"attention_fatigue": fatigue}
    if weight is not None:
        vary |= {"choice_weight_charity": weight}
    return _slots(parameters.vary(vary), costs, weight is not None, ease, USERS)


@cache
def _slots(parameters: Parameters, costs: float, to_charity: bool, ease: float, users: int) -> float:
    work = paid_deed(COST, costs * COST, to_charity=to_charity, ease=ease, once_a_day=False)
    counts = played(
        a_world("work", 1, users, GAME, play=ALL_PLAY | {"attention": True}, **work), parameters
    ).counts()
    return float(counts[T.DEEDS] / counts[T.SESSIONS])


def presses(parameters: Parameters, arm: str) -> float:
    """Key presses of an arm: those of the arm without pay, in proportion to the slots."""
    e = load_evidence()
    weight = None if arm in ("none", *TO_ONESELF) else parameters["choice_weight_charity"]
    if arm in WEIGHTS:
        weight = parameters[WEIGHTS[arm]]
    done, unpaid = (
        slots(parameters, cents / e["effort_s0"], w, e["effort_ease"], e["effort_fatigue"])
        for cents, w in ((CENTS.get(arm, 1.0), weight), (0.0, None))
    )
    return e["effort_base"] * done / unpaid


def rows(parameters: Parameters) -> Iterator[Row]:
    """Row 3: the fitted arms. Row 4: two that no fit has seen."""
    for arm in (*FIT_ARMS, "cent_per_1000", "cent_4"):
        number, use, share = (3, CALIBRATE, 0.035) if arm in FIT_ARMS else (4, HELD_OUT, 0.03)
        label = f"presses, {arm.replace('_', ' ')}"
        yield PRESSES.near(number, label, use, PRESSES[arm], presses(parameters, arm), share * PRESSES[arm])


def fit(parameters: Parameters) -> dict[str, float]:
    """s0 from the ratio of two gains, weights as ratios of gains; ease from the gain of a cent, on the engine."""
    base, e = PRESSES["none"], load_evidence()
    gain = {arm: PRESSES[arm] - base for arm in FIT_ARMS}
    shape = gain["cent_1"] / gain["cent_10"]
    s0 = brentq(lambda s: log(1.0 + 1.0 / s) / log(1.0 + 10.0 / s) - shape, 1e-8, 0.1, xtol=1e-14)

    def missed(ease: float) -> float:
        paid, unpaid = (slots(parameters, r, None, ease, e["effort_fatigue"]) for r in (1.0 / s0, 0.0))
        return paid / unpaid - PRESSES["cent_1"] / base

    charity = (gain["charity_1"] / gain["cent_1"] + gain["charity_10"] / gain["cent_10"]) / 2
    weights = {name: gain[arm] / gain["cent_1"] for arm, name in WEIGHTS.items()}
    ease = secant(missed, e["effort_ease"], 0.95 * e["effort_ease"], 1e-3)
    return {
        "effort_base": base,
        "effort_s0": s0,
        "effort_ease": ease,
        "choice_weight_charity": charity,
    } | weights
