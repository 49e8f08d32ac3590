"""From a scenario to its trace: play the campaign and watch the slice."""

from __future__ import annotations

from collections.abc import Callable

from sim.engine.campaign import Campaign
from sim.engine.outcome import Outcome, Progress
from sim.engine.running import simulate_once
from sim.errors import Interrupted
from sim.scenario import Scenario
from sim.spans import SECOND
from sim.trace import Trace
from sim.tracing.tracer import Tracer
from sim.tracing.window import Span

Watch = Callable[[Progress], None]
Stop = Callable[[], bool]


def trace_campaign(
    scenario: Scenario,
    name: str,
    design: str = "base",
    replication: int = 0,
    *,
    workers: int = 2,
    progress: Watch | None = None,
    stop: Stop | None = None,
) -> tuple[Trace, Outcome]:
    """The requests of a whole campaign, and what it came to; `scenario` has its design applied already.

    The outcome carries the trace's SHA-256. Raises Interrupted when `stop` says so between two barriers.
    """
    made: list[Trace] = []

    def attach(campaign: Campaign) -> Callable[[], str]:
        tracer = Tracer(campaign)
        tracer.begin()

        def finish() -> str:
            made.append(tracer.end(name, design))
            return made[0].sha256

        return finish

    try:
        outcome = simulate_once(
            scenario, design, replication, workers=workers, progress=progress, stop=stop, attach=attach
        )
    except Interrupted:
        raise Interrupted("interrupted; no trace was written") from None
    return made[0], outcome


def trace_slice(
    scenario: Scenario,
    name: str,
    span: Span,
    design: str = "base",
    replication: int = 0,
    *,
    workers: int = 2,
    progress: Watch | None = None,
    stop: Stop | None = None,
) -> Trace:
    """The requests of a campaign between two of its barriers, seconds since its start (`window.span_of`).

    What comes before is played too, what comes after is not. `progress` is told shares of what is played.
    """
    first, last = span
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
