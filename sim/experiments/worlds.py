"""Small worlds in which one published experiment is played on the engine.

A world is a scenario made in code: its calendar is flat (no phases, all weekdays alike) and nothing happens in it
but what its sections say. Runs of one world with other rules meet the same luck, so that their difference is the
rules'.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sim.behaviour.parameters import Parameters
from sim.engine.actions import Actions
from sim.engine.campaign import Campaign
from sim.scenario import Scenario

START = datetime(2022, 9, 5, tzinfo=ZoneInfo("Asia/Shanghai"))
REAL_USERS = 1_000_000_000  # few merchants, unless a world is about them
ONE_A_DAY = {"regular_share": 0.0, "occasional_orders_per_year": 3.65, "visits_per_order": 100.0}
ALL_PLAY = {"players_at_start": 1.0, "entry_per_visit": 0.0, "sessions_extra": 0.0}
NO_VISITS = {"regular_share": 0.0, "occasional_orders_per_year": 0.0}


def a_world(
    title: str, days: int, users: int, about: dict[str, Any] | None = None, **sections: Any
) -> Scenario:
    """A scenario of so many days; `about` is more of its first section."""
    world = {
        "title": title, "start": START, "length": f"{days} days", "users": users, "real_users": REAL_USERS,
    } | (about or {})  # fmt: skip
    shopping = sections.pop("shopping", NO_VISITS) | {"weekday": (1.0,) * 7}
    rest = {"play": ALL_PLAY, "clock": {"barrier": "24 h"}} | sections
    return Scenario.model_validate({"scenario": world, "shopping": shopping} | rest)


def begun(
    scenario: Scenario, parameters: Parameters, watch: Callable[[Actions], None] | None = None
) -> Campaign:
    """The world before its first day."""
    campaign = Campaign(scenario, parameters=parameters, watch=watch)
    campaign.population.days["weekday"] = 1.0  # a flat calendar knows no weekend
    return campaign


def played(
    scenario: Scenario, parameters: Parameters, watch: Callable[[Actions], None] | None = None
) -> Campaign:
    """The world after its last day."""
    return ended(begun(scenario, parameters, watch))


def ended(campaign: Campaign) -> Campaign:
    """A world that was begun, after its last day."""
    try:
        campaign.run()
    finally:
        campaign.population.close()
    return campaign
