"""What a scenario's ratios come to in a run: exact, from the file to the published reward and the match asked."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from sim.engine.campaign import Campaign
from sim.kernel.deeds import match_asked
from sim.loading import scenario_text
from sim.loading.reading import read

PHASE = """
[phases.all]
start = 2022-09-05T00:00:00+08:00
end = 2022-09-08T00:00:00+08:00
"""


def published(rules: dict[str, Any] | None = None, **changes: dict[str, Any]) -> Any:
    """What everybody sees at the start of a tiny `hello` in which a gift brings 100 beans, with tables changed."""
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
    gift = list(scenario.deeds).index("gift")
    return campaign.market.public[0], gift


@pytest.mark.parametrize("more", [1.15, "115 %"])
def test_a_hundred_beans_with_fifteen_percent_more_are_115(more: object) -> None:
    """Not 114, what a binary fraction leaves."""
    seen, gift = published({"more": {"when": {"phase": "all"}, "form": {"times": more}}})
    assert seen["reward"][0, 0, gift] == 115


def test_a_full_streak_with_fifteen_percent_more_brings_115() -> None:
    """The bonus grows to its full share on the last day, and every step is rounded to the nearest bean."""
    steps = [{"day": day, "times": round(1 + 0.15 * day / 7, 6)} for day in range(1, 8)]
    seen, gift = published({"streak": {"form": {"streak": {"steps": steps}}}})
    assert seen["reward"][0, :, gift].tolist() == [100, 102, 104, 106, 109, 111, 113, 115]


def test_a_yuan_matched_at_115_percent_asks_115_fen() -> None:
    """The kernel asks what the rule of the domain says."""
    seen, _ = published(rules__main_match__form__match={"ratio": 1.15})
    assert match_asked(100, 0, seen) == 115
