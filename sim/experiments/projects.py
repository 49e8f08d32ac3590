"""Projects with a goal on the engine: how many are funded in their time, and how large the completing gift is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.parameters import Parameters
from sim.bookkeeping import Kind
from sim.engine.actions import Actions, empty, join
from sim.experiments.choices import ALWAYS, EVERYBODY_ALIKE, GAME, yuan
from sim.experiments.worlds import REAL_USERS, a_world, played

DAYS, USERS, PROJECTS = 10, 100_000, 2_000
TARGET_YUAN = 560.0  # of a project in the mean (A): fitted so that seven in ten are funded in their time


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


def funding(parameters: Parameters) -> tuple[float, float]:
    """Share of projects funded before anybody reports, and the completing gift in mean other gifts."""
    gifts = Gifts()
    scenario = a_world(
        "projects with a goal", DAYS, USERS, GAME,
        deeds={"gift": {"label": "gift", "effect": "gift", "kind": "donated", "ease": ALWAYS}},
        gifts={"intercept": 0.0},
        projects={
            "count": PROJECTS, "limited_share": 1.0,
            "targets_total": yuan(TARGET_YUAN * PROJECTS * REAL_USERS / USERS),
        },
        ngos={"report_every": f"{DAYS + 1} days"}, clock={"barrier": "1 h"},
    )  # fmt: skip
    campaign = played(scenario, parameters.vary(EVERYBODY_ALIKE), gifts)
    projects = campaign.projects
    return float((projects.funded > 0).mean()), completing_ratio(join(*gifts.parts), projects.target_fen)
