"""What a bean is worth: the best use that is still open, as far as one may count on it.

Beans buy vouchers for oneself, or they are given and a sponsor pays for them. A use counts for less where beans may
go before they are used, or stock and pools may end before; with nothing to buy a bean is worth nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sim.behaviour.parameters import Parameters
from sim.engine.incentives import bean_terms, day_cap
from sim.scenario import Scenario
from sim.spans import DAY_US

GIVEN = 100  # beans: gifts of beans go in hundreds


@dataclass(frozen=True)
class Supply:
    """What beans can be used for now: by voucher whether it is in stock, and whether a pool pays for gifts.

    `lasts` and `pool_lasts` are the chances that there is some left when somebody has gathered the beans.
    """

    stocked: Sequence[bool]
    lasts: Sequence[float]
    pool: bool
    pool_lasts: float

    @classmethod
    def announced(cls, scenario: Scenario) -> Supply:
        """All that a scenario promises, before anything is used."""
        stocked = [item.stock > 0 for item in scenario.redemptions.values()]
        pool = any(p.serves == "beans" and p.total > 0 for p in scenario.pools.values())
        return cls(stocked, [1.0] * len(stocked), pool, 1.0)


@dataclass(frozen=True)
class Worth:
    """A bean's worth in yuan: spent on oneself, and given (which weighs less); and the beans of the better use.

    `next_thing` is 0 where beans buy nothing.
    """

    self_yuan: float
    charity_yuan: float
    next_thing: int

    def felt_yuan(self, p: Parameters) -> float:
        """Worth of a bean as of money to oneself."""
        return max(self.self_yuan, self.charity_yuan * p["choice_weight_charity"])


def chance_within(days: float, returns: float) -> float:
    """Chance to come back within so many days, if one comes on a day with chance `returns`."""
    return 0.0 if days <= 0 else 1.0 - (1.0 - returns) ** days


def days_to_gather(beans: int, scenario: Scenario, p: Parameters) -> int:
    """How long people expect to gather so many beans, ripening included."""
    pace = max(p["worth_pace"] * day_cap(scenario), 1.0)
    return math.ceil(beans / pace) + -(-scenario.beans.ripen // DAY_US)


def chance_to_use(days_left: float, scenario: Scenario, p: Parameters) -> float:
    """Chance that a bean earned now is picked before it fades, and used before it expires in so many days."""
    picked = chance_within(scenario.beans.fade / DAY_US, p["worth_returns"])
    return picked * chance_within(days_left - scenario.beans.ripen / DAY_US, p["worth_returns"])


def worth_of(scenario: Scenario, p: Parameters, supply: Supply, days_left: float, mask: int = 0) -> Worth:
    """A bean's worth while `supply` stands, `days_left` before harvested beans expire, under rules for everybody."""
    per_yuan, kept = bean_terms(scenario, mask)
    used = chance_to_use(days_left, scenario, p)
    effects = {deed.effect for deed in scenario.deeds.values()}
    own, price = 0.0, 0
    if "redeem" in effects:
        for item, stocked, lasts in zip(
            scenario.redemptions.values(), supply.stocked, supply.lasts, strict=True
        ):
            held = kept ** days_to_gather(item.beans, scenario, p) if kept < 1.0 else 1.0
            a_bean = item.value / 100.0 / item.beans * lasts * used * held
            if stocked and a_bean > own:
                own, price = a_bean, item.beans
    given = 0.0
    if supply.pool and "bean_gift" in effects:
        held = kept ** days_to_gather(GIVEN, scenario, p) if kept < 1.0 else 1.0
        given = supply.pool_lasts * used * held / per_yuan
    if given * p["choice_weight_charity"] > own:
        price = GIVEN
    return Worth(own, given, price)
