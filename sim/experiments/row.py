"""One published number beside the model's, what it was used for, and how a fit finds a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import fsolve

from sim.experiments.published import published

CALIBRATE, HELD_OUT, FORM = "calibrate", "held out", "form"
USES = (CALIBRATE, HELD_OUT, FORM)
MOST_STEPS = 8


@dataclass(frozen=True)
class Row:
    """One published number beside the model's; it passes if low <= model <= high."""

    number: int
    experiment: str
    use: str
    published: float
    model: float
    low: float
    high: float
    source: str

    @property
    def passed(self) -> bool:
        return self.low <= self.model <= self.high


@dataclass(frozen=True)
class Table:
    """A published table: its numbers by name, and the rows that are about it."""

    name: str

    def __getitem__(self, number: str) -> float:
        """One number of the table. Raises KeyError for an unknown name."""
        return float(published()[self.name][number])

    def near(
        self, number: int, experiment: str, use: str, value: float, model: float, tolerance: float
    ) -> Row:
        """A row whose number may be so far from the published one."""
        return self.within(number, experiment, use, value, model, (value - tolerance, value + tolerance))

    def within(
        self, number: int, experiment: str, use: str, value: float, model: float, span: tuple[float, float]
    ) -> Row:
        """A row whose number may lie in a span."""
        source = str(published()[self.name]["source"])
        return Row(number, experiment, use, value, float(model), *span, source)


def log_odds(share: float) -> float:
    """Log-odds of a share in (0, 1)."""
    return log(share / (1.0 - share))


def secant(function: Callable[[float], float], first: float, second: float, near: float) -> float:
    """A zero of a function that is played, by steps of the secant; what lies within `near` of zero is one.

    On common random numbers the function is a staircase of small steps, so that exactness is not to be had.
    """
    before = function(first)
    for _ in range(MOST_STEPS):
        if abs(before) <= near:
            break
        here = function(second)
        if here == before:
            break
        first, second, before = second, second - here * (second - first) / (here - before), here
    return first


def solved(
    model: Callable[[list[float]], list[float]], targets: NDArray[np.float64], start: list[float]
) -> list[float]:
    """The positive numbers at which a model, a closed form, meets its targets."""

    def gap(logs: NDArray[np.float64]) -> list[float]:
        return list(np.array(model([exp(x) for x in logs])) - targets)

    return [exp(x) for x in fsolve(gap, np.log(start), xtol=1e-13)]
