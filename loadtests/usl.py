"""The universal scalability law (Gunther 1993): X(N) = λN / (1 + σ(N − 1) + κN(N − 1)).

N requests in service, X answers a second; λ what one alone gets, σ waiting for what is shared, κ the price of
keeping each other informed. Fitted by least squares to N ÷ X = a + bN + cN²; beyond the last point it is an
extrapolation and no measurement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FEWEST = 6


@dataclass(frozen=True)
class Usl:
    """λ in answers a second, σ, κ, and the N at which X is largest (infinite without κ)."""

    rate: float
    contention: float
    coherency: float
    best_in_flight: float

    def throughput(self, in_flight: float) -> float:
        """X at N."""
        n = in_flight
        return self.rate * n / (1 + self.contention * (n - 1) + self.coherency * n * (n - 1))


def fit(points: Sequence[tuple[float, float]]) -> Usl | None:
    """The law of points (N, X); None for fewer than six, or if a coefficient comes out negative."""
    usable = [(n, x) for n, x in points if n > 0 and x > 0]
    if len(usable) < FEWEST:
        return None
    n, x = np.array(usable).T
    c, b, a = (float(k) for k in np.polyfit(n, n / x, 2))
    if a + b + c <= 0:
        return None
    rate = 1 / (a + b + c)
    contention, coherency = (b + c) * rate, c * rate
    if contention < 0 or coherency < 0:
        return None
    best = float("inf") if coherency == 0 else float(np.sqrt(max(1 - contention, 0.0) / coherency))
    return Usl(rate, contention, coherency, best)
