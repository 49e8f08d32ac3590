"""Traces that several tests look at: made once a session, with the stream they were made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sim.engine.actions import Actions, join
from sim.engine.campaign import Campaign
from sim.scenario import Scenario
from sim.trace import Trace
from sim.tracing.tracer import Tracer
from tests.engine.worlds import world

# Scenario, users, seed, from and until in hours: a whole campaign; the night of the peak; a stretch of a week
# in which everything happens to few people, cut where people play; the same across months and pools that run dry.
HELLO = ("hello", 3_000, 1, 0, 72)
PEAK = ("double11_2018", 2_000, 1, 7534, 7539)  # 2018-11-10T22:00 to 2018-11-11T03:00
BUSY = ("busy", 1_000, 3, 32, 146)
MONTHS = ("months", 300, 5, 156, 624)
CASES = (HELLO, PEAK, BUSY, MONTHS)
Case = tuple[str, int, int, float, float]


@dataclass(frozen=True)
class Made:
    """A trace, its scenario, the action stream from the slice's start to its end, and the run's digests."""

    trace: Trace
    scenario: Scenario
    stream: Actions
    digest: dict[str, str]


@lru_cache(maxsize=8)
def made(case: Case) -> Made:
    """The trace of a case."""
    name, users, seed, begins, ends = case
    scenario = world(name, users, seed)
    campaign = Campaign(scenario, workers=1)
    tracer = Tracer(campaign)
    if begins:
        campaign.run(until_s=round(begins * 3600))
    told: list[Actions] = []

    def watch(part: Actions) -> None:
        told.append(part.copy())
        tracer.watch(part)

    campaign.watch = watch
    tracer.begin()
    campaign.run(until_s=round(ends * 3600))
    trace = tracer.end(name)
    stream = join(*told, campaign.held)
    assert np.count_nonzero(stream["outcome"] == 255) == 0
    return Made(trace, scenario, stream, campaign.digest())
