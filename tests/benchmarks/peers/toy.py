"""The toy that every peer plays, so that figures of one machine can be compared: five actions, no rule that binds.

A user waits an exponential time, then visits, buys, plays, gives or shares, for a week. Every draw is keyed, as the
model's are, here by (seed, user, number of the action, purpose): all peers meet the same luck and must end with the
very same counts. This page needs the standard library alone, because some peers live in an environment of their own.
Its `draw` gives the same bits for plain integers, for compiled ones of 64 bits and for arrays of them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from math import log, sqrt

USERS = 100_000
HOURS = 7 * 24.0
MEAN_WAIT_H = 8.0
ACTIONS = ("visit", "buy", "play", "give", "share")
BUY, PLAY, GIVE = 1, 2, 3
UP_TO = (0.45, 0.60, 0.80, 0.90, 1.00)  # of a draw in (0, 1)
GROWN, GIFT = 20, 50  # beans of a play and of a gift
TOTALS = (*ACTIONS, "fen", "beans", "given")
FEN, BEANS, GIVEN = 5, 6, 7
SEED, MASK = 20_220_905, 0xFFFFFFFF
WAIT, CHOICE = 1, 2  # what a draw is for
DEVIATIONS = 5.0  # so far may a count be from its expectation


def mix(x):
    """A hash of 32 bits with little bias (Wellons 2018, "lowbias32")."""
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & MASK
    x = ((x ^ (x >> 15)) * 0x846CA68B) & MASK
    return x ^ (x >> 16)


def draw(user, number, purpose):
    """A word of 32 bits that belongs to this key alone."""
    return mix(mix(mix(user ^ SEED) ^ number) ^ purpose)


def unit(word):
    """A word as a number strictly inside (0, 1)."""
    return (word + 0.5) * 2.0**-32


def price(word):
    """Fen of an order."""
    return 100 + word % 9_900


class Person:
    """One user in plain Python: what SimPy's process and Mesa's agent do when it is their time."""

    __slots__ = ("beans", "number", "totals", "user")

    def __init__(self, user: int, totals: list[int]) -> None:
        self.user, self.number, self.beans, self.totals = user, 0, 0, totals

    def wait_h(self) -> float:
        """Hours until the next action."""
        self.number += 1
        return -MEAN_WAIT_H * log(unit(draw(self.user, self.number, WAIT)))

    def act(self) -> None:
        """Do one of five things."""
        word = draw(self.user, self.number, CHOICE)
        luck, totals = unit(word), self.totals
        kind = 0
        while luck >= UP_TO[kind]:
            kind += 1
        totals[kind] += 1
        if kind == BUY:
            totals[FEN] += price(word)
        elif kind == PLAY:
            self.beans += GROWN
            totals[BEANS] += GROWN
        elif kind == GIVE and self.beans >= GIFT:
            self.beans -= GIFT
            totals[GIVEN] += GIFT


def measure(play: Callable[[int], list[int]], warm: int = 0) -> None:
    """Play it with as many users as the command line says (else all) and print counts and speed as one JSON object."""
    users = int(sys.argv[1]) if len(sys.argv) > 1 else USERS
    if warm:
        play(warm)  # compiled before the clock runs
    began = time.perf_counter()
    totals = [int(total) for total in play(users)]
    wall = time.perf_counter() - began
    count = sum(totals[: len(ACTIONS)])
    insist_on_counts(users, totals)
    print(
        json.dumps(
            {
                "users": users,
                "actions": count,
                "wall_s": wall,
                "actions_per_s": count / wall,
                "totals": totals,
            }
        )
    )


def insist_on_counts(users: int, totals: list[int]) -> None:
    """Actions are a Poisson process, thinned by kind: each count within statistical error of its expectation."""
    for name, count, low, high in zip(ACTIONS, totals, (0.0, *UP_TO), UP_TO, strict=False):
        expected = users * HOURS / MEAN_WAIT_H * (high - low)
        assert abs(count - expected) <= DEVIATIONS * sqrt(expected), (name, count, expected)
