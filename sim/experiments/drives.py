"""Rows 5 to 7 and 19: who turns up at a blood drive for a gift card, a ticket, a T-shirt; who stays away elsewhere.

A drive is a day on which people come or do not; who comes gives. What is offered adds to the value of the visit.
Where two drives are held on the same days, people give at one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from sim.behaviour.parameters import Parameters
from sim.bookkeeping import Kind
from sim.engine.actions import Actions
from sim.experiments.evidence import load_evidence
from sim.experiments.published import published
from sim.experiments.row import CALIBRATE, HELD_OUT, Row, Table
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
from sim.kernel.rows import MAX_DEEDS

USERS, DAYS = 200_000, 3
RARELY = 0.02  # share of donors who give on a day anyway: so few that odds and shares are the same
DONORS = EVERYBODY_ALIKE | NO_HABITS | NO_GOAL | SURELY
BLOOD, TICKET, ITEMS = Table("blood"), Table("lottery_ticket"), Table("drive_items")


def turnout(
    parameters: Parameters,
    reward: float,
    *,
    weight: float | None = None,
    base: float = RARELY,
    days: int = DAYS,
) -> float:
    """Share of donors who come on a day, if giving brings so many dollars: to oneself, or weighing so much."""
    vary = DONORS | steadily(base) | ({} if weight is None else {"choice_weight_charity": weight})
    offer = paid_deed(load_evidence()["cost_blood"], reward, to_charity=weight is not None)
    world = a_world("a blood drive", days, USERS, GAME, play=ALL_PLAY, **offer)
    return float(played(world, parameters.vary(vary)).counts()[T.ACTIVE_DAYS]) / (USERS * days)


@dataclass
class Given:
    """Counts donations by drive, shape (deeds,)."""

    by_drive: NDArray[np.int64] = field(default_factory=lambda: np.zeros(MAX_DEEDS, np.int64))

    def __call__(self, part: Actions) -> None:
        given = part["deed"][part["kind"] == Kind.DEED]
        self.by_drive += np.bincount(given[given < MAX_DEEDS], minlength=MAX_DEEDS)


def two_drives(parameters: Parameters, dollars: float) -> tuple[int, int]:
    """Donations at a drive that gives something worth so much, and at another one that gives nothing."""
    offer: dict[str, Any] = paid_deed(load_evidence()["cost_blood"], dollars)
    offer["deeds"] = offer["deeds"] | {"other": offer["deeds"]["deed"] | {"beans": 0}}
    both = 2.0 * parameters["visit_usual"]  # a visit holds both drives without any gift
    people = DONORS | steadily(RARELY) | {"attention_day_slots": 1.0, "visit_usual": both}
    world = a_world("two drives", DAYS, USERS, GAME, play=ALL_PLAY | {"attention": True}, **offer)
    given = Given()
    played(world, parameters.vary(people), given)
    return int(given.by_drive[0]), int(given.by_drive[-1 + len(offer["deeds"])])


def rows(parameters: Parameters) -> Iterator[Row]:
    """Cards of 5 and 15 dollars are fitted; 10 dollars, the ticket and the items of other drives are held out."""
    control = turnout(parameters, 0.0)
    blood = published()["blood"]
    for dollars, ratio in zip(blood["dollars"], blood["risk_ratio"], strict=True):
        number, use, tolerance = (6, HELD_OUT, 0.08) if dollars == 10 else (5, CALIBRATE, 0.05)
        model = turnout(parameters, dollars) / control
        yield BLOOD.near(number, f"blood drive, ${dollars} card", use, ratio, model, tolerance)
    luck, base = parameters["choice_weight_lottery"], TICKET["base"]
    drawn, plain = (
        turnout(parameters, reward, weight=luck, base=base, days=1) for reward in (TICKET["dollars"], 0.0)
    )
    yield TICKET.near(7, "blood, lottery ticket", HELD_OUT, TICKET["gain"], drawn - plain, 0.025)
    model = turnout(parameters, ITEMS["dollars"]) / control
    low, high = published()["drive_items"]["interval"]
    yield ITEMS.within(19, "blood drives with an item", HELD_OUT, ITEMS["risk_ratio"], model, (low, high))
    neighbours = [two_drives(parameters, dollars)[1] for dollars in (ITEMS["dollars"], 0.0)]
    model = neighbours[0] / neighbours[1]
    yield ITEMS.within(19, "their neighbours, without one", HELD_OUT, ITEMS["neighbours"], model, (0.0, 0.99))


def fit(parameters: Parameters) -> dict[str, float]:
    """Slope and cost of blood from two gift cards: a visit is worth more by what the card is felt to be."""
    blood = published()["blood"]
    low, high = log(blood["risk_ratio"][0]), log(blood["risk_ratio"][2])
    cost = brentq(lambda c: log(1.0 + 15.0 / c) / log(1.0 + 5.0 / c) - high / low, 0.1, 1000.0, xtol=1e-12)
    felt = low / parameters["visit_come"]
    return {"choice_slope": felt / log(1.0 + 5.0 / cost), "cost_blood": cost}
