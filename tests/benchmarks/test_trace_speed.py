"""Speed of the trace, printed: from the action stream to requests, and from rows to bytes."""

from __future__ import annotations

import time

import pytest

from sim.engine.campaign import Campaign
from sim.loading import load_scenario
from sim.tracing.tracer import Tracer
from sim.wire import Wire, rows

pytestmark = pytest.mark.bench

USERS = 200_000
REQUESTS_A_S = 300_000
BYTES_A_S = 100_000  # rows made into bodies


def test_a_campaign_is_traced_faster_than_it_is_played() -> None:
    """The 95 week at 200,000 users: converting, linking and closing the books, without the campaign itself."""
    campaign = Campaign(load_scenario("week95_2022", "base", {"users": USERS}))
    tracer = Tracer(campaign)
    tracer.begin()
    campaign.run()
    trace = tracer.end("week95_2022")
    campaign.population.close()
    rate = len(trace) / tracer.spent_s
    print(f"\ntrace of {len(trace):,} requests in {tracer.spent_s:.2f} s: {rate:,.0f} requests/s")
    wire = Wire("r1", trace.facts["start_us"])
    for name, make in (("bodies", wire.body), ("batch items", wire.item), ("paths", wire.path)):
        began = time.perf_counter()
        for row in rows(trace.columns):
            make(row)
        made = len(trace) / (time.perf_counter() - began)
        print(f"{name}: {made:,.0f} rows/s")
        assert made > BYTES_A_S
    assert rate > REQUESTS_A_S
