"""The toy in Mesa: one agent a user, woken by Mesa's own event simulator."""

from __future__ import annotations

import mesa
from mesa.experimental.devs import DEVSimulator
from toy import HOURS, TOTALS, Person, measure


class User(mesa.Agent):
    """An agent who schedules itself."""

    def __init__(self, model: Week, person: Person) -> None:
        super().__init__(model)
        self.person = person
        self.sleep()

    def sleep(self) -> None:
        """Be woken for the next action."""
        self.model.simulator.schedule_event_relative(self.wake, self.person.wait_h())

    def wake(self) -> None:
        """Act, and sleep again."""
        self.person.act()
        self.sleep()


class Week(mesa.Model):
    """All users."""

    def __init__(self, users: int, totals: list[int], simulator: DEVSimulator) -> None:
        super().__init__(seed=1)
        self.simulator = simulator
        simulator.setup(self)
        for user in range(users):
            User(self, Person(user, totals))


def play(users: int) -> list[int]:
    """What was done in a week."""
    totals, simulator = [0] * len(TOTALS), DEVSimulator()
    Week(users, totals, simulator)
    simulator.run_until(HOURS)
    return totals


if __name__ == "__main__":
    measure(play)
