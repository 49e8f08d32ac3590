"""Paired differences: the same replications with a lever and without, and whether that is what evidence expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite

import numpy as np

from sim.experiments.headlines import HEADLINES
from sim.experiments.levers import Expected, Lever
from sim.reporting.statistics import half_widths

AS_EXPECTED, NOT_AS_EXPECTED, MOVES_NOTHING = "as expected", "not as expected", "moves nothing"
TOO_NOISY, ABSENT = "too noisy to tell", "does not apply"
VERDICTS = (AS_EXPECTED, NOT_AS_EXPECTED, MOVES_NOTHING, TOO_NOISY, ABSENT)
WORTH_SEEING = (
    2.0  # percent, or points: below this an effect of unknown size would not have been noticed either
)
HARDLY = 0.2  # percent, or points: what is surely smaller is nothing to anybody who decides on rules
HUNDRED = 100.0


@dataclass(frozen=True)
class Effect:
    """What a lever does to one number: mean difference, its standard error and half its 95 % interval.

    base: the number without the lever. The rest is in percent of it, in points for a share, and in the number's own
    unit (`relative` false) where the base is nothing. pairs: replications in which both have the number.
    """

    metric: str
    base: float
    difference: float
    error: float
    half: float
    pairs: int
    relative: bool = True

    @property
    def moves(self) -> bool:
        """Whether the 95 % interval leaves nothing out."""
        return self.pairs > 1 and abs(self.difference) > self.half


def effect_of(metric: str, without: Sequence[float], with_it: Sequence[float]) -> Effect:
    """The effect of a lever from values in the order of the replications, which had the same luck."""
    base, other = np.asarray(without, float), np.asarray(with_it, float)
    both = np.isfinite(base) & np.isfinite(other)
    count = int(both.sum())
    if not count:
        nothing = float("nan")
        return Effect(metric, nothing, nothing, nothing, nothing, 0)
    mean = float(base[both].mean())
    relative = not HEADLINES[metric].in_points and mean != 0
    scale = HUNDRED / mean if relative else HUNDRED if HEADLINES[metric].in_points else 1.0
    base, other = base[both], other[both]
    # What a pair tells besides the common ratio: of a percentage, the base's own luck is no uncertainty.
    gaps = (other - base * (other.mean() / mean if relative else 1.0)) * scale
    spread = float(gaps.std(ddof=1)) if count > 1 else float("nan")
    half = float(half_widths(np.array([spread]), np.array([count]))[0])
    difference = float((other - base).mean()) * scale
    return Effect(metric, mean, difference, spread / float(np.sqrt(count)), half, count, relative)


def effects_of(
    without: Sequence[Mapping[str, float]], with_it: Sequence[Mapping[str, float]]
) -> dict[str, Effect]:
    """Every headline number's effect, from what was measured in each replication."""
    return {
        metric: effect_of(metric, [one[metric] for one in without], [one[metric] for one in with_it])
        for metric in HEADLINES
    }


def verdict(effect: Effect, expected: Expected) -> str:
    """Whether an effect is what was expected: its sign, and its size where evidence has one.

    Judged by the 95 % interval, so that luck decides nothing. It moves nothing if all of it is hardly more than zero,
    or if it holds zero and ends below what is worth seeing and below the least expected; if it reaches that, more
    replications have to tell.
    """
    if effect.pairs < 2 or not isfinite(effect.half):
        return ABSENT
    least, largest = effect.difference - effect.half, effect.difference + effect.half
    if expected.sign == 0:
        return _stays(least, largest, expected.high or 0.0)
    if expected.sign < 0:
        least, largest = -largest, -least
    low, high = expected.low or 0.0, inf if expected.high is None else expected.high
    if max(-least, largest) <= HARDLY:
        return MOVES_NOTHING
    if least > 0 or largest < 0:
        return AS_EXPECTED if largest >= low and least <= high and least > 0 else NOT_AS_EXPECTED
    if largest < min(low or WORTH_SEEING, WORTH_SEEING):
        return MOVES_NOTHING
    return NOT_AS_EXPECTED if largest < low else TOO_NOISY


def _stays(least: float, largest: float, most: float) -> str:
    """What should not move: within its band, outside it, or not known well enough."""
    if -most <= least and largest <= most:
        return AS_EXPECTED
    return NOT_AS_EXPECTED if least > most or largest < -most else TOO_NOISY


# --- the answer to a lever ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What a lever did, beside what was expected; a lever that waits for a setting has no effects."""

    lever: Lever
    effects: dict[str, Effect]

    @cached_property
    def rows(self) -> list[tuple[Expected, Effect, str]]:
        """What was expected, what came, and the verdict."""
        if not self.effects:
            return []
        found = [(expected, self.effects[expected.metric]) for expected in self.lever.expected]
        return [(expected, effect, verdict(effect, expected)) for expected, effect in found]


@dataclass(frozen=True)
class Response:
    """The answers to all levers, over so many replications each."""

    answers: tuple[Answer, ...]
    replications: int
    users: int | None
