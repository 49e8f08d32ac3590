"""Beanpeak: online charity campaigns simulated end to end, with books that balance.

    import sim
    run = sim.simulate("hello", users=2_000)
    run.metrics                     # polars frame: design, replication, time, metric, group, value
    run.tables["days"]              # columns in docs/metrics.md
    sim.load_run("latest")          # what `beanpeak run` kept
    sim.compare(run, other)         # another design on the same draws: verdict, gained and displaced deeds, cost

Names are imported when first used, so that `import sim` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sim import forking as forking  # looks on before anything forks

if TYPE_CHECKING:
    from sim.engine.outcome import Outcome, Progress
    from sim.errors import BeanpeakError
    from sim.loading import list_scenarios
    from sim.reporting.contrast import compare
    from sim.reporting.results import Results, load_run
    from sim.runs import simulate
    from sim.scenario import Scenario

__all__ = [
    "BeanpeakError",
    "Outcome",
    "Progress",
    "Results",
    "Scenario",
    "compare",
    "list_scenarios",
    "load_run",
    "simulate",
]

_HOMES = {
    "BeanpeakError": "sim.errors",
    "Outcome": "sim.engine.outcome",
    "Progress": "sim.engine.outcome",
    "Results": "sim.reporting.results",
    "Scenario": "sim.scenario",
    "compare": "sim.reporting.contrast",
    "list_scenarios": "sim.loading",
    "load_run": "sim.reporting.results",
    "simulate": "sim.runs",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
