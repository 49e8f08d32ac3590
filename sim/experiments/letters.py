"""Row 1: how many past donors answer a letter, by the rule of giving over the letters' donors."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import brentq

from sim.behaviour.giving import gives_logit, logistic
from sim.behaviour.parameters import Parameters
from sim.compiling import Rules
from sim.experiments.evidence import load_evidence
from sim.experiments.published import published
from sim.experiments.row import CALIBRATE, Row, Table
from sim.scenario import Gifts

DONOR_MONTHS = 400  # quantiles of the time since the last gift
DONOR_GIFTS = 300  # largest number of prior gifts kept
LETTERS = Table("letters")
rule = Rules([Path(__file__)])


@rule
def _answer(gifts: Any, months: Any, intercept: float, often: float, lapse: float, match: float) -> float:
    """Mean chance of giving over prior gifts (weighted) and months since the last one (equally likely)."""
    total = 0.0
    for n in range(len(gifts)):
        for m in range(len(months)):
            logit = gives_logit(intercept, n + 1.0, months[m], often, lapse, match, 0.0)
            total += gifts[n] * logistic(logit)
    return total / len(months)


def response(
    k: float, mean_gifts: float, months_ago: float, intercept: float, often: float, lapse: float, match: float
) -> float:
    """Share of past donors who answer a letter.

    Prior gifts are one plus a negative binomial (k, mean less one); months since the last one exponential.
    """
    rest = mean_gifts - 1.0
    gifts = np.zeros(DONOR_GIFTS)
    gifts[0] = exp(k * log(k / (k + rest)))
    for n in range(1, DONOR_GIFTS):
        gifts[n] = gifts[n - 1] * (k + n - 1) / n * (rest / (k + rest))
    months = -months_ago * np.log((np.arange(DONOR_MONTHS) + 0.5) / DONOR_MONTHS)
    return float(_answer(gifts, months, intercept, often, lapse, match))


def rows(p: Parameters) -> Iterator[Row]:
    """How many answer with and without a match."""
    data, e = published()["letters"], load_evidence()
    for arm, match, tolerance in (("control", 0.0, 0.0020), ("match", Gifts().match_effect, 0.0016)):
        model = response(
            data["prior_gifts_k"], data["prior_gifts_mean"], e["letters_months"], e["letters_intercept"],
            p["giving_often"], p["giving_lapse"], match,
        )  # fmt: skip
        rate = data[arm]["gave"] / data[arm]["sent"]
        yield LETTERS.near(1, f"letters answered, {arm}", CALIBRATE, rate, model, tolerance)


def fit(p: Parameters) -> dict[str, float]:
    """How long ago the letters' donors gave last."""
    letters, intercept = published()["letters"], load_evidence()["letters_intercept"]
    control = letters["control"]["gave"] / letters["control"]["sent"]

    def missed(months: float) -> float:
        return float(control) - response(
            letters["prior_gifts_k"], letters["prior_gifts_mean"], months, intercept,
            p["giving_often"], p["giving_lapse"], 0.0,
        )  # fmt: skip

    return {"letters_months": float(brentq(missed, 1.0, 100.0, xtol=1e-14, rtol=1e-13))}
