"""Row 15: projects with a goal, how many are funded in their time, and how large the completing gift is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.parameters import Parameters
from sim.bookkeeping import Kind
from sim.engine.actions import Actions, empty, join
from sim.experiments.evidence import load_evidence
from sim.experiments.row import CALIBRATE, Row, Table, secant
from sim.experiments.worlds import (
    ALWAYS,
    EVERYBODY_ALIKE,
    GAME,
    ONCE_A_DAY,
    REAL_USERS,
    a_world,
    played,
    yuan,
)

DAYS, USERS, PROJECTS = 10, 100_000, 2_000
CLASSROOMS = Table("classrooms")


@dataclass
class Gifts:
    """Keeps every gift of money, in the order in which they were given."""

    parts: list[Actions] = field(default_factory=lambda: [empty(0)])

    def __call__(self, part: Actions) -> None:
        self.parts.append(part[part["kind"] == Kind.GIFT])


def completing_ratio(gifts: Actions, target_fen: NDArray[np.int64]) -> float:
    """The mean gift that brought a project to its goal, in mean gifts to the same projects before."""
    order = np.argsort(gifts["project"], kind="stable")
    project, fen = gifts["project"][order].astype(np.int64), gifts["fen"][order].astype(np.int64)
    upto = np.cumsum(fen)
    first = np.searchsorted(project, project)  # where each project's gifts begin
    before = upto - fen - (upto[first] - fen[first])
    missing = target_fen[project] - before
    completing = (missing > 0) & (fen >= missing)
    other = (missing > 0) & (fen < missing)
    return float(fen[completing].mean() / fen[other].mean())


def funding(parameters: Parameters, target_yuan: float) -> tuple[float, float]:
    """Share of projects funded before anybody reports, and the completing gift in mean other gifts.

    `target_yuan` is what a project asks for in the mean.
    """
    return _funding(parameters.vary(EVERYBODY_ALIKE), target_yuan, USERS)


@cache
def _funding(parameters: Parameters, target_yuan: float, users: int) -> tuple[float, float]:
    gifts = Gifts()
    scenario = a_world(
        "projects with a goal", DAYS, users, GAME,
        deeds={"gift": {"label": "gift", "effect": "gift", "kind": "donated", "ease": ALWAYS}},
        rules=ONCE_A_DAY,
        gifts={"intercept": 0.0},
        projects={
            "count": PROJECTS, "limited_share": 1.0,
            "targets_total": yuan(target_yuan * PROJECTS * REAL_USERS / users),
        },
        ngos={"report_every": f"{DAYS + 1} days"}, clock={"barrier": "1 h"},
    )  # fmt: skip
    campaign = played(scenario, parameters, gifts)
    projects = campaign.projects
    return float((projects.funded > 0).mean()), completing_ratio(join(*gifts.parts), projects.target_fen)


def rows(parameters: Parameters) -> Iterator[Row]:
    """Funded projects and the gift that completes one."""
    share, ratio = funding(parameters, load_evidence()["classrooms_target_yuan"])
    yield CLASSROOMS.near(15, "projects funded", CALIBRATE, CLASSROOMS["funded"], share, 0.05)
    least = CLASSROOMS["completing_ratio"]
    yield CLASSROOMS.within(15, "completing gift ÷ others", CALIBRATE, least, ratio, (least, float("inf")))


def fit(parameters: Parameters) -> dict[str, float]:
    """What a project asks for, from the share that is funded."""
    stored = load_evidence()["classrooms_target_yuan"]

    def missed(target_yuan: float) -> float:
        return funding(parameters, target_yuan)[0] - CLASSROOMS["funded"]

    return {"classrooms_target_yuan": secant(missed, stored, 1.2 * stored, 0.01)}
