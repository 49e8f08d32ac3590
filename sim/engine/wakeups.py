"""SimPy with an order of its own at equal instants: by (kind, id), never by insertion."""

from __future__ import annotations

import simpy

# Ranks of what happens at one instant. Between FIRST and LAST the few act, ordered by kind and number.
FIRST = 0
LAST = 2**62
PUBLISHED = LAST + 1  # everything of the instant is done, and what everybody sees until the next is written
KINDS = ("sponsor", "ngo", "partner", "farmers", "merchant", "team", "project")


def rank(kind: str, number: int) -> int:
    """The place of an agent among those that wake at the same instant."""
    return ((1 + KINDS.index(kind)) << 40) + number


class Wake(simpy.Event):
    """A wake-up at an absolute instant (integer µs) with a rank; an instant that has passed means now."""

    def __init__(self, env: simpy.Environment, at: int, order: int) -> None:
        super().__init__(env)
        self._ok = True
        self._value = None
        env.schedule(self, priority=order, delay=max(at - int(env.now), 0))  # type: ignore[arg-type]
