"""From a scenario to its trace: play the campaign and watch the slice."""

from __future__ import annotations

from collections.abc import Callable

from sim.engine.campaign import Campaign
from sim.engine.outcome import Progress
from sim.errors import Interrupted
from sim.scenario import SECOND, Scenario
from sim.trace import Trace
from sim.tracing.tracer import Tracer
from sim.tracing.window import Span

Watch = Callable[[Progress], None]


def trace_campaign(
    scenario: Scenario,
    name: str,
    design: str = "base",
    replication: int = 0,
    *,
    span: Span | None = None,
    workers: int = 2,
    progress: Watch | None = None,
    stop: Callable[[], bool] | None = None,
) -> Trace:
    """The requests of a campaign between two of its barriers; `scenario` has its design applied already.

    span: seconds since the start (`sim.tracing.window.span_of`), the whole campaign if None. What comes before
    is played too, what comes after is not. progress is told shares of what is played. Raises Interrupted when
    `stop` says so between two barriers.
    """
    first, last = span or (0, scenario.scenario.length // SECOND)
    campaign = Campaign(scenario, replication, workers=workers)
    tracer = Tracer(campaign)
    watch = _until(last, progress)
    try:
        if first > 0:
            campaign.run(watch, until_s=first, stop=stop)
        tracer.begin()
        campaign.run(watch, until_s=last, stop=stop)
    except Interrupted:
        raise Interrupted("interrupted; no trace was written") from None
    finally:
        campaign.population.close()
    return tracer.end(name, design)


def _until(last_s: int, progress: Watch | None) -> Watch | None:
    """A watcher for whom the slice's end is the end."""
    if progress is None:
        return None

    def watch(told: Progress) -> None:
        progress(Progress(told.done_us, last_s * SECOND, told.actions))

    return watch
