"""Small worlds in which one published experiment is played on the engine.

A world is a scenario made in code: its calendar is flat (no phases, all weekdays alike) and nothing happens in it
but what its sections say. Runs of one world with other rules meet the same luck, so that their difference is the
rules'.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import log
from typing import Any
from zoneinfo import ZoneInfo

from sim.behaviour.parameters import Parameters, load_parameters
from sim.engine.actions import Actions
from sim.engine.campaign import Campaign
from sim.scenario import Scenario

START = datetime(2022, 9, 5, tzinfo=ZoneInfo("Asia/Shanghai"))
REAL_USERS = 1_000_000_000  # few merchants, unless a world is about them
ONE_A_DAY = {"regular_share": 0.0, "occasional_orders_per_year": 3.65, "visits_per_order": 100.0}
PLAINLY = {"sessions_extra": 0.0, "attention": False, "anticipation": False}
ALL_PLAY = PLAINLY | {"players_at_start": 1.0, "entry_per_visit": 0.0}
NO_VISITS = {"regular_share": 0.0, "occasional_orders_per_year": 0.0}
GAME = {"profile": "casual-game"}
ALWAYS = 20.0  # the ease of a deed that nobody passes by …
NEVER = -50.0  # … of one that nobody does
# … and of one that makes a visit what it usually is: then what a reward adds to it is what is felt of the reward.
USUAL = log(load_parameters()["visit_usual"])
PRICE = 10_000  # beans of the prize: more than anybody gathers, so that every bean is worth the same
PER_YUAN = 10  # beans of the pool that pays for gifts of beans
ONCE_A_DAY = {"once_a_day": {"form": {"limit": 1}}}  # whatever people do
# People who differ in nothing, and whom yesterday does not change.
EVERYBODY_ALIKE = {"choice_glow_sd": 0.0, "choice_dwell_s": 1.0, "habit_session_sd": 0.0}
NO_HABITS = {
    "habit_slope": 0.0, "habit_streak_gain": 0.0, "habit_break_loss": 0.0, "habit_relief": 0.0, "habit_broke_push": 0.0,
}  # fmt: skip
NO_GOAL = {"choice_goal_kappa": 0.0, "choice_goal_iota": 0.0}
SURELY = {"worth_returns": 1.0}  # what is promised will be used
SHARP = 1e7  # a + b of a beta distribution in which everybody has the mean


def yuan(money: float) -> str:
    """Money as a scenario spells it, to the fen."""
    return f"{money:.2f} yuan"


def steadily(coming: float, leaving: float = 0.0, profile: str = "game") -> dict[str, float]:
    """Parameters with which everybody comes on a day, and leaves for good after one, with the same chance."""
    shapes = (coming * SHARP, (1.0 - coming) * SHARP, max(leaving * SHARP, 1e-3), (1.0 - leaving) * SHARP)
    return {f"lifetime_{profile}_{name}": shape for name, shape in zip("abcd", shapes, strict=True)}


def paid_deed(
    cost: float, reward: float, *, to_charity: bool = False, ease: float = USUAL, once_a_day: bool = True
) -> dict[str, Any]:
    """Sections of a world with one deed of that cost and reward, both in money; no goal pulls and nothing is capped.

    The reward is a bean's share of a prize for oneself, or beans that a pool turns into money for charity.
    """
    use = {"effect": "bean_gift" if to_charity else "redeem", "ease": NEVER, "kind": "donated"}
    beans = round(reward * PER_YUAN) if to_charity else int(reward > 0.0)
    deed = {"label": "deed", "beans": beans, "cost": yuan(cost), "ease": ease}
    sections = {
        "deeds": {"deed": deed, "use": {"label": "use"} | use},
        "beans": {"per_yuan": PER_YUAN},
        "rules": ONCE_A_DAY if once_a_day else {},
    }
    if reward <= 0.0:
        return sections
    if to_charity:
        pool = {"sponsor": "payer", "serves": "beans", "total": yuan(10**12)}
        return sections | {"pools": {"beans": pool}}
    prize = {"label": "prize", "beans": PRICE, "value": yuan(reward * PRICE), "stock": 10**12}
    return sections | {"redemptions": {"prize": prize}}


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
