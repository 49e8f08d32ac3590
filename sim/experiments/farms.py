"""Row 17: how large a share of the accounts are farmers', over many small campaigns of differing generosity.

Farms come where a week of an account earns more than it costs. A campaign is as generous as its product team makes
it: what a week yields is taken as lognormal over campaigns, which two published shares fix.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import exp, log

import numpy as np
from scipy.special import ndtri

from sim.behaviour.parameters import Parameters
from sim.experiments.evidence import load_evidence
from sim.experiments.row import CALIBRATE, HELD_OUT, Row, Table
from sim.experiments.worlds import NEVER, ONCE_A_DAY, ONE_A_DAY, PLAINLY, a_world, played, yuan

DAYS, USERS = 8, 4_000
CAMPAIGNS = 50
PER_YUAN = 100
MOST_BEANS = 60_000  # that one account can earn a day
GOAL = {"prize": {"form": {"goal": {"beans": PER_YUAN}}}}  # what people save for
SOME_COME = PLAINLY | {"entry_per_visit": 0.02}  # an app of which not everybody has heard
FARMS = Table("farms")


def share_of_farmers(parameters: Parameters, yuan_a_week: float) -> float:
    """Share of the accounts of one small campaign that are farmers', if an account yields so much a week."""
    beans = min(round(yuan_a_week * PER_YUAN / 7.0), MOST_BEANS)
    return _share_of_farmers(parameters, beans, USERS)


@cache
def _share_of_farmers(parameters: Parameters, beans: int, users: int) -> float:
    scenario = a_world(
        "a campaign that pays", DAYS, users, shopping=ONE_A_DAY, play=SOME_COME,
        deeds={
            "deed": {"label": "deed", "beans": beans, "ease": 0.0},
            "use": {"label": "use", "effect": "redeem", "kind": "general", "ease": NEVER},
        },
        redemptions={"prize": {"label": "prize", "beans": PER_YUAN, "value": yuan(1.0), "stock": 10**12}},
        rules=ONCE_A_DAY | GOAL, farmers={"entry": True},
    )  # fmt: skip
    campaign = played(scenario, parameters)
    people = sum(campaign.recorder.new_players_on(day) for day in range(DAYS))
    return campaign.farmers.awake / (campaign.farmers.awake + people)


def rows(parameters: Parameters) -> Iterator[Row]:
    """Row 17: how many campaigns have more farmers than so much, and the mean share."""
    e = load_evidence()
    spread = ndtri((np.arange(CAMPAIGNS) + 0.5) / CAMPAIGNS)
    shares = np.array(
        [
            share_of_farmers(parameters, e["farms_yield_median"] * exp(e["farms_yield_sigma"] * z))
            for z in spread
        ]
    )
    for more, name in ((0.1, "tenth"), (0.3, "three_tenths")):
        label = f"campaigns with more than {more:.0%} farmers"
        yield FARMS.near(17, label, CALIBRATE, FARMS[name], (shares > more).mean(), 0.03)
    yield FARMS.near(17, "farmers of all accounts, mean", HELD_OUT, FARMS["mean"], shares.mean(), 0.03)


def yield_with(parameters: Parameters, share: float) -> float:
    """Yuan a week that bring a campaign so large a share of farmers: bisected, a bean a day being the least step."""
    low, high = 0.0, 7.0 * MOST_BEANS / PER_YUAN
    while high - low > 0.02 * high:
        middle = (low * high) ** 0.5 if low > 0.0 else high / 8.0
        low, high = (low, middle) if share_of_farmers(parameters, middle) > share else (middle, high)
    return (low + high) / 2.0


def fit(parameters: Parameters) -> dict[str, float]:
    """Median and spread of what a week yields, from the shares of apps above a tenth and three tenths."""
    z_tenth, z_more = -ndtri(FARMS["tenth"]), -ndtri(FARMS["three_tenths"])
    tenth, more = (log(yield_with(parameters, share)) for share in (0.1, 0.3))
    sigma = (more - tenth) / (z_more - z_tenth)
    return {"farms_yield_median": exp(tenth - sigma * z_tenth), "farms_yield_sigma": float(sigma)}
