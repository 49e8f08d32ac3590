"""One replication from scenario to outcome."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from sim.behaviour.parameters import Parameters
from sim.engine.campaign import Campaign
from sim.engine.outcome import Outcome, Progress
from sim.kernel import tallies as T
from sim.memory import peak_memory_mb
from sim.observation.published import published_rows
from sim.observation.report import report_lines
from sim.scenario import Scenario


def simulate_once(
    scenario: Scenario,
    design: str = "base",
    replication: int = 0,
    *,
    parameters: Parameters | None = None,
    workers: int = 2,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] | None = None,
    snapshot: Path | None = None,
    attach: Callable[[Campaign], Callable[[], str]] | None = None,
) -> Outcome:
    """Simulate one replication; `scenario` has its design applied already.

    parameters: others than the shipped ones; the outcome says which were varied.

    If `snapshot` exists the run goes on from it; when `stop` says so between two barriers the state is
    written there and Interrupted is raised. attach: is handed the campaign before it runs, to watch it; what
    it returns is called when the campaign has ended, and says the SHA-256 of the trace it made. Raises
    InvariantError if the books of a day do not close.
    """
    began = time.perf_counter()
    campaign = Campaign(scenario, replication, parameters=parameters, workers=workers)
    if snapshot is not None and snapshot.exists():
        campaign.load(snapshot)
    traced = attach(campaign) if attach is not None else None
    set_up = time.perf_counter()
    try:
        campaign.run(progress, stop=stop, snapshot=snapshot)
    finally:
        campaign.population.close()
    played = time.perf_counter()
    trace = traced() if traced is not None else ""
    seen = campaign.recorder
    tables, totals = seen.tables(), seen.totals()
    counts = campaign.counts()
    stats = {
        "users": float(scenario.scenario.users),
        "actions": float(campaign.actions),
        "visits": float(counts[T.VISITS]),
        "orders": float(counts[T.ORDERS]),
        "choice_slots": float(counts[T.CHOICE_SLOTS]),
        "barriers": float(len(campaign.barriers) - 1),
        "setup_s": set_up - began,
        "kernel_s": campaign.kernel_s,
        "run_s": played - set_up,
        "wall_s": time.perf_counter() - began,
        "peak_memory_mb": peak_memory_mb(),
    }
    return Outcome(
        scenario=scenario,
        design=design,
        replication=replication,
        metrics=seen.metrics(),
        tables=tables,
        digest=campaign.digest(),
        audit={"balanced": all(check["passed"] for check in campaign.checks), "checks": campaign.checks},
        published=published_rows(seen, tables, totals),
        report=report_lines(seen.world, tables, totals),
        stats=stats,
        trace=trace,
        parameters=dict(campaign.parameters.varied),
    )
