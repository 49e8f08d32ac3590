"""Fitting the behaviour rules to published experiments: every number marked as calibrated, found anew."""

from __future__ import annotations

from sim.behaviour.parameters import Parameters
from sim.experiments import cards, drives, farms, letters, market, presses, projects, retention, steps

FITTED = (letters, presses, drives, steps, cards, retention, market, projects, farms)


def fit_all(parameters: Parameters) -> dict[str, float]:
    """Every calibrated number as found from the published tables; what is not fitted is taken from `parameters`."""
    return {name: value for kind in FITTED for name, value in kind.fit(parameters).items()}
