"""The toy in SimPy: one process a user."""

from __future__ import annotations

from collections.abc import Generator

import simpy
from toy import HOURS, TOTALS, Person, measure


def life(env: simpy.Environment, person: Person) -> Generator[simpy.Event, None, None]:
    """Wait and act, for ever."""
    while True:
        yield env.timeout(person.wait_h())
        person.act()


def play(users: int) -> list[int]:
    """What was done in a week."""
    env, totals = simpy.Environment(), [0] * len(TOTALS)
    for user in range(users):
        env.process(life(env, Person(user, totals)))
    env.run(until=HOURS)
    return totals


if __name__ == "__main__":
    measure(play)
