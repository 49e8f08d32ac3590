"""Accounts run to milk rewards: how many come."""

from __future__ import annotations

from math import exp, log


def farmer_entries(
    extractable_yuan: float, account_cost_yuan: float, installs: float, rate: float, power: float
) -> float:
    """Expected new farmer accounts on a day with so many organic installs.

    Nobody comes before a new account earns more within seven days than it costs, about 0.6 yuan in 2018
    (F2); rate and power are A.
    """
    profit = extractable_yuan / account_cost_yuan - 1.0
    if profit <= 0.0:
        return 0.0
    return rate * exp(power * log(profit)) * installs
