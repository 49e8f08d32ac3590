"""A small world for one rule: a few deeds that pay nothing but beans, vouchers that give beans a worth, teams.

Two runs that differ in their rules meet the same luck; without any rule nothing is paid but the deeds' own beans.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import Kind
from sim.engine.actions import join
from sim.engine.campaign import Campaign
from sim.loading.reading import read
from sim.scenario import Scenario
from tests.engine.worlds import merged

DAY_US = 86_400_000_000
START = "2022-09-05T00:00:00+08:00"  # a Monday


def document(**changes: Any) -> dict[str, Any]:
    """The small world as a file would say it."""
    world: dict[str, Any] = {
        "scenario": {"title": "一条规则", "start": _instant(START), "length": "4 days", "users": 2_000,
                     "real_users": 2_000_000, "seed": 1},
        "clock": {"barrier": "3 h"},
        "play": {"players_at_start": 0.6, "entry_per_visit": 0.05},
        "beans": {"ripen": "6 h", "fade": "48 h"},
        "deeds": {
            "quiz": {"label": "答题", "beans": 10, "ease": -1.0},
            "walk": {"label": "走路", "beans": 5, "ease": -1.0, "team": True},
            "gift": {"label": "捐款", "effect": "gift", "kind": "donated", "ease": -1.5},
            "join": {"label": "组队", "effect": "team", "kind": "general", "ease": -1.0},
            "redeem": {"label": "兑换", "effect": "redeem", "kind": "general", "ease": -1.0},
        },
        "redemptions": {"voucher": {"label": "礼券", "beans": 50, "value": "1 yuan", "stock": 900_000_000}},
        "teams": {"open": True, "users_each": 200},
        "gifts": {"intercept": -1.0},
        "sharing": {"post": 0.5, "invite": 0.3, "post_recruits": 0.3, "invite_recruits": 0.3},
        "rules": {},
    }  # fmt: skip
    return merged(world, changes)


def _instant(text: str) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(text)


def ruled(rules: dict[str, Any], **changes: Any) -> Scenario:
    """The small world with these rules."""
    scenario, mistakes = read(document(rules=rules, **changes))
    assert scenario is not None, mistakes
    return scenario


class Played:
    """A run that is over, its stream and its books."""

    def __init__(self, rules: dict[str, Any], how: dict[str, Any] | None = None, **changes: Any) -> None:
        told: list[NDArray[np.void]] = []
        self.scenario = ruled(rules, **changes)
        self.campaign = Campaign(
            self.scenario, watch=lambda part: told.append(part.copy()), **(how or {"workers": 1})
        )
        self.campaign.run()
        self.campaign.population.close()
        assert all(check["passed"] for check in self.campaign.checks)
        self.stream = join(*told)

    def rows(self, kind: Kind, rule: str | None = None, *, refused: bool = False) -> NDArray[np.void]:
        """The accepted (or refused) actions of a kind, of one rule."""
        wanted = (self.stream["kind"] == kind) & ((self.stream["outcome"] != 0) == refused)
        if rule is not None:
            wanted &= self.stream["rule"] == 1 + list(self.scenario.rules).index(rule)
        return self.stream[wanted]

    def deeds(self, name: str) -> NDArray[np.void]:
        """How often a deed was done, as rows."""
        rows = self.stream[(self.stream["kind"] == Kind.DEED) & (self.stream["outcome"] == 0)]
        return rows[rows["deed"] == list(self.scenario.deeds).index(name)]

    def booked(self, code: int, owner: int) -> int:
        """What the books hold on an account of one owner."""
        return self.campaign.books.balance(code, owner)
