"""What a scenario's ratios come to in a run, exactly: from the file to what a rule makes of beans, and to a match."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from sim.engine.campaign import Campaign
from sim.kernel.incentives import after
from sim.kernel.matches import asked
from sim.loading import scenario_text
from sim.loading.reading import read

PHASE = """
[phases.all]
start = 2022-09-05T00:00:00+08:00
end = 2022-09-08T00:00:00+08:00
"""


def begun(rules: dict[str, Any] | None = None, **changes: dict[str, Any]) -> Campaign:
    """A tiny `hello` after its first second, with tables changed and rules added."""
    document = tomllib.loads(scenario_text("hello") + PHASE)
    for path, values in changes.items():
        table = document
        for part in path.split("__"):
            table = table[part]
        table |= values
    document["rules"] |= rules or {}
    document["scenario"]["users"] = 50
    scenario, mistakes = read(document)
    assert scenario is not None, mistakes
    campaign = Campaign(scenario, workers=1)
    campaign.run(until_s=1)
    return campaign


def paid(name: str, streak: int, rules: dict[str, Any]) -> int:
    """What a rule makes of a hundred beans on a day in a row, as the kernel reckons."""
    campaign = begun(rules)
    R = campaign.population.rules[0]
    row = R["rules"][list(campaign.scenario.rules).index(name)]
    return int(after(row, 100, 1, streak, R))


@pytest.mark.parametrize("more", [1.15, "115 %"])
def test_a_hundred_beans_with_fifteen_percent_more_are_115(more: object) -> None:
    """Not 114, what a binary fraction leaves."""
    assert paid("more", 0, {"more": {"when": {"phase": "all"}, "form": {"times": more}}}) == 115


def test_a_full_streak_with_fifteen_percent_more_brings_115() -> None:
    """The bonus grows to its full share on the last day, and every step is rounded to the nearest bean."""
    steps = [{"day": day, "times": round(1 + 0.15 * day / 7, 6)} for day in range(1, 8)]
    rule = {"streak": {"form": {"streak": {"steps": steps}}}}
    assert [paid("streak", k, rule) for k in range(8)] == [100, 102, 104, 106, 109, 111, 113, 115]


def test_a_yuan_matched_at_115_percent_asks_115_fen() -> None:
    """The kernel asks what the rule of the domain says."""
    seen = begun(rules__main_match__form__match={"ratio": 1.15}).market.public[0]
    assert asked(seen["matches"][0], 100) == 115
