"""What live rules cost the kernel: `python -m tests.benchmarks.rules` plays one world with more and more of them.

Processor time of the kernel on one thread, the least of several rounds, by action of people: what a rule adds to a deed
is a record of the same deed, so its rows are told apart. The first line is the world without any rule but limits,
without which people do more.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.bookkeeping import Kind
from sim.engine.actions import Actions
from sim.engine.campaign import Campaign
from sim.scenario import Rule, Scenario

ROUNDS = 3
TEN = ("streak", "teams", "daily_cap", "goal", "reminder", "pass_on", "flash_match", "daily_match", "orders_cofund",
       "evening")  # fmt: skip
EVENING = {"what": "quiz", "when": {"hours": "18:00-22:00"}, "form": {"times": 1.5}}


def worlds(users: int) -> Iterator[tuple[str, Scenario]]:
    """One world with limits alone, with five rules more, and with ten."""
    week = Scenario.load("week95_2022", users=users)
    rules = dict(week.rules) | {"evening": Rule.model_validate(EVENING)}
    limits = {name: rule for name, rule in rules.items() if rule.form.limit}
    for count in (0, 5, 10):
        live = {name: rule for name, rule in rules.items() if name in TEN[:count]}
        yield f"{count:2d} rules and limits", week.model_copy(update={"rules": live | limits})


def measured(scenario: Scenario) -> tuple[float, int, int]:
    """Seconds in the kernel, actions of people but for the rules' rows, and those."""
    told = {"own": 0, "rules": 0}

    def watch(part: Actions) -> None:
        granted = int(np.count_nonzero(part["kind"] == Kind.GRANT))
        told["own"] += len(part) - granted
        told["rules"] += granted

    campaign, spent = Campaign(scenario, workers=1, watch=watch), [0.0]
    play = campaign.population.play

    def timed(*given: Any) -> Any:
        began = time.thread_time()
        played = play(*given)
        spent[0] += time.thread_time() - began
        return played

    campaign.population.play = timed
    campaign.run()
    campaign.population.close()
    return spent[0], told["own"], told["rules"]


def main(users: str = "100000") -> None:
    """Print seconds, µs an action, and the ratio to the world of limits alone."""
    base = 0.0
    for name, scenario in worlds(int(users)):
        runs = [measured(scenario) for _ in range(ROUNDS)]
        seconds, own, granted = min(runs)
        each = 1e6 * seconds / own
        base = base or each
        print(
            f"{name}: {seconds:.2f} s, {own:,} actions and {granted:,} grants, {each:.3f} µs an action, {each / base:.2f}"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
