"""Published experiments scored with the stored parameters: what the engine does, and whether it holds.

A row is fitted ("calibrate"), never used in a fit ("held out"), or asks for a sign or a shape ("form"). Every kind of
experiment is played in small worlds of its own, one file a kind. Failed rows are rows too, and what the engine has no
mechanism for is named instead of scored. The published tables and their sources stand in `sim/data/published.toml`.
"""

from __future__ import annotations

from sim.behaviour.parameters import Parameters
from sim.experiments import (
    cards,
    drives,
    fading,
    farms,
    letters,
    market,
    newcomers,
    presses,
    projects,
    sharing,
    steps,
)
from sim.experiments.row import Row

KINDS = (
    letters, presses, drives, steps, cards, newcomers, market, projects, farms, sharing, fading,
)  # fmt: skip
NOT_MODELLED = (
    "Row 16, who writes the posts of a forum (van Mierlo 2014): nobody writes anything on the engine.",
    "Row 18, broadcast of what friends do (Aral & Walker 2011, × 3.46): nobody sees what others do.",
    "Recognition in public (Butera et al. 2022, + 23 % visits): nobody is named.",
    "Orders per buyer of the festival day (row 14, 2.65): set by double11_2018, whose summary shows it.",
)


def score(parameters: Parameters) -> list[Row]:
    """Every row, in the order of their numbers, with these parameters."""
    return sorted((row for kind in KINDS for row in kind.rows(parameters)), key=lambda row: row.number)
