"""The scenario: one frozen value that holds the world and the incentive rules of a run.

Money is integer fen, charity time integer minutes, time integer microseconds, beans integers, ratios of them parts
per million.
`sim.loading` reads it from TOML (where money, durations and hours carry units) and reports every
mistake with its line; here stand only the nouns, their defaults and the grades behind them.
Defaults graded A are assumptions: `docs/assumptions.md` lists them.
"""

# ruff: noqa: RUF012 (the tables are frozen, and pydantic copies a default)
from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, model_validator

from sim.scenario.charity import Account, Activities, Benefit, Gifts, Ngos, Pool, Projects
from sim.scenario.gone import with_gone_settings_told
from sim.scenario.incentives import City, Rule
from sim.scenario.market import Clock, CurvePoint, Festival, FineWindow, Merchants, Orders, Shopping, World
from sim.scenario.play import (
    Beans,
    Channel,
    Deed,
    Farmers,
    Hours,
    Phase,
    Play,
    Redemption,
    Segment,
    Sharing,
    Staff,
    Teams,
)
from sim.scenario.settings import Settings
from sim.spans import SECOND

__all__ = [
    "City", "Clock", "CurvePoint", "Festival", "FineWindow", "Gifts", "Merchants", "Phase", "Pool", "Projects",
    "Redemption", "Rule", "Scenario", "Settings", "has_members", "since_start",
]  # fmt: skip


class Scenario(Settings):
    """Everything a run depends on besides its replication number."""

    scenario: World
    clock: Clock = Clock()
    shopping: Shopping = Shopping()
    festivals: dict[str, Festival] = {}
    orders: Orders = Orders()
    merchants: Merchants = Merchants()
    play: Play = Play()
    phases: dict[str, Phase] = {}
    beans: Beans = Beans()
    hours: Hours = Hours()
    deeds: dict[str, Deed] = {}
    channels: dict[str, Channel] = {}
    segments: dict[str, Segment] = {}
    pools: dict[str, Pool] = {}
    redemptions: dict[str, Redemption] = {}
    gifts: Gifts = Gifts()
    projects: Projects = Projects()
    ngos: Ngos = Ngos()
    activities: Activities = Activities()
    teams: Teams = Teams()
    staff: Staff = Staff()
    farmers: Farmers = Farmers()
    account: Account = Account()
    benefits: dict[str, Benefit] = {}
    sharing: Sharing = Sharing()
    cities: dict[str, City] = Field(default={}, description="places that rules can tell apart")
    rules: dict[str, Rule] = Field(
        default={},
        description="incentive rules, each a table [rules.<name>]; those for one deed act in this order",
    )
    designs: dict[str, dict[str, object]] = Field(
        default={},
        description="what is compared: edits of the scenario, each design a table [designs.<name>]",
    )

    @model_validator(mode="wrap")
    @classmethod
    def _tell_what_became_rules(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(given)
        except ValidationError as error:
            raise with_gone_settings_told(error) from None

    def __repr__(self) -> str:
        world = self.scenario
        designs = ", ".join(self.designs) or "none"
        return (
            f"Scenario({world.title!r:.80}, {world.users} users for {world.real_users}, seed {world.seed}, "
            f"{len(self.deeds)} deeds, {len(self.pools)} pools, designs: {designs:.200})"
        )

    __str__ = __repr__

    @classmethod
    def load(
        cls,
        name_or_path: str | Path,
        design: str = "base",
        *,
        users: int | None = None,
        seed: int | None = None,
    ) -> Scenario:
        """The scenario of a name or a path; see `sim.loading.load_scenario` for where names are looked up.

        Raises ScenarioError with every mistake of the file, each with its line.
        """
        from sim.loading import load_scenario  # the reader stands on this noun

        given = {"users": users, "seed": seed}
        return load_scenario(name_or_path, design, {k: v for k, v in given.items() if v is not None})


def has_members(scenario: Scenario) -> bool:
    """Whether anybody can be in a team."""
    return scenario.teams.open and any(deed.effect == "team" for deed in scenario.deeds.values())


def since_start(scenario: Scenario, instant: datetime) -> int:
    """Microseconds from the scenario's start to an instant of its calendar."""
    since: float = (instant - scenario.scenario.start).total_seconds()
    return round(since * SECOND)
