"""Choosing as a race: the twin's telling of how the next deed is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from sim.kernel.rules import exponential


class Race:
    """A session's options, each with a clock that has an Exp(1) to run and runs as fast as the option weighs."""

    def __init__(self, word_of: Callable[[int | None, int], int]) -> None:
        self.word_of = word_of
        self.left: dict[int | None, float] = {}  # until it rings, of the clocks that were wound
        self.rung: Counter[int | None] = Counter()

    def first(self, weights: dict[int | None, float]) -> int | None:
        """Whose clock rings first; it is wound anew when it can be chosen again. The others' run on from there."""
        for option in weights:
            if self.left.get(option, 0.0) <= 0.0:
                self.left[option] = exponential(self.word_of(option, self.rung[option]))
        first = min(weights, key=lambda option: self.left[option] / weights[option])
        passed = self.left[first] / weights[first]
        for option in weights:
            self.left[option] -= passed * weights[option]
        self.left[first] = 0.0
        self.rung[first] += 1
        return first
