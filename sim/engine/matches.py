"""What sponsors promise, as the kernel reads it: one row a promise, those that can be kept first.

A promise whose pool is dry pulls nobody, and draws no lots: it is asked for what it would have given in the mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.matching import Promise
from sim.behaviour.giving import match_effect
from sim.behaviour.parameters import Parameters
from sim.scenario import Scenario


def match_pull(scenario: Scenario, p: Parameters, promise: Promise, effect: float) -> float:
    """Log-odds of giving that a promise adds in a campaign in which a match of `effect` does, its sponsor named or
    not."""
    felt = match_effect(promise.felt_ratio(scenario.gifts.first_median), effect, p["giving_low_ratio"])
    return felt + (p["giving_named"] if promise.named else 0.0)


def write_promises(
    table: NDArray[np.void], kept: Sequence[Promise], broken: Sequence[Promise], pulls: Sequence[float]
) -> int:
    """Fill the table's first rows, and return how many there are. `pulls` are those of the kept ones."""
    for row, promise, pull in zip(table, kept, pulls, strict=False):
        _write(row, promise, pull, promise.lot)
    for row, promise in zip(table[len(kept) :], broken, strict=False):
        _write(row, promise, 0.0, False)
    return len(kept) + len(broken)


def _write(row: Any, promise: Promise, pull: float, lot: bool) -> None:
    tiers = len(promise.above)
    row["rule"], row["pool"], row["pull"], row["most"] = promise.rule, 1 + promise.pool, pull, promise.most
    row["cause"], row["first"], row["lot"], row["best"] = (
        promise.cause,
        promise.first,
        lot,
        promise.best_fen(),
    )
    row["tiers"] = tiers
    row["above"][:tiers], row["ratio"][:tiers] = promise.above, promise.ratios
