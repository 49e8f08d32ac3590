"""Rows 1 and 2, letters: past donors see the page of gifts once, with a match or without (Karlan & List 2007).

The donors' gifts, recency and largest gift are those of the letters; the amounts are dollars, changed into yuan where
the engine asks for yuan, and back. Nobody is held back by anything but the rule of giving.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import exp, inf, sqrt

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.parameters import Parameters
from sim.bookkeeping import Kind
from sim.engine.actions import Actions
from sim.experiments.evidence import load_evidence
from sim.experiments.published import published
from sim.experiments.row import CALIBRATE, FORM, HELD_OUT, Row, Table, log_odds
from sim.experiments.worlds import ALWAYS, EVERYBODY_ALIKE, GAME, ONCE_A_DAY, a_world, begun, ended, yuan
from sim.scenario import Scenario

LETTERS = 400_000  # eight times the experiment's: the share who answer is known to a fiftieth of a point
TABLE = Table("letters")
# Everybody comes on the first day.
OPENED_AT_ONCE = {
    "lifetime_game_a": 1e6, "lifetime_game_b": 1.0, "lifetime_game_c": 1.0, "lifetime_game_d": 1e6,
}  # fmt: skip
# One match, of this strength, and no buttons: a cheque can say any sum; all are donors, as the logit has it.
ONE_CAMPAIGN = {"giving_match_sd": 0.0, "giving_heap": 0.0, "giving_donor": 0.0}


@dataclass(frozen=True)
class Answers:
    """What each donor brought along, whether they were shown the page, and what they gave then, in dollars."""

    gifts: NDArray[np.int64]
    months: NDArray[np.int64]
    largest: NDArray[np.float64]
    shown: NDArray[np.bool_]
    dollars: NDArray[np.float64]

    def share(self, among: NDArray[np.bool_] | None = None) -> float:
        """The share who gave, of all or of some of those who were asked."""
        asked = self.shown if among is None else self.shown & among
        return float((self.dollars[asked] > 0).mean())

    @property
    def given(self) -> NDArray[np.float64]:
        """The gifts, one a giver."""
        return self.dollars[self.dollars > 0]


def answers(parameters: Parameters, ratio: float) -> Answers:
    """Letters that offer a match of that ratio (0: none); the luck is always the same."""
    return _answers(parameters, ratio, LETTERS)


def appeal(parameters: Parameters, ratio: float, letters: int) -> Scenario:
    """A day on which every donor is shown the page of gifts once."""
    pool = {"sponsor": "matcher", "total": yuan(10**12)}
    match = {"pool": "main", "ratio": ratio, "most": yuan(10**6), "per_account": yuan(10**6)}
    matched = {"match": {"what": "gift", "form": {"match": match}}}
    dollars = exp(published()["letters"]["log_dollars"])
    return a_world(
        "letters to past donors", 1, letters, GAME,
        deeds={"gift": {"label": "gift", "effect": "gift", "kind": "donated", "ease": ALWAYS}},
        gifts={
            "intercept": load_evidence()["letters_intercept"], "donors_at_start": 1.0,
            "first_median": yuan(dollars * parameters["giving_dollar"]),
        },
        ngos={"evaluation": False}, pools={"main": pool} if ratio else {},
        rules=ONCE_A_DAY | (matched if ratio else {}),
    )  # fmt: skip


@cache
def _answers(parameters: Parameters, ratio: float, letters: int) -> Answers:
    shown, fen = np.zeros(letters, bool), np.zeros(letters)

    def watch(part: Actions) -> None:
        shown[part["agent"][part["kind"] == Kind.SESSION]] = True
        gifts = part[part["kind"] == Kind.GIFT]
        np.add.at(fen, gifts["agent"], gifts["fen"])

    rules = parameters.vary(EVERYBODY_ALIKE | OPENED_AT_ONCE | ONE_CAMPAIGN)
    campaign = begun(appeal(parameters, ratio, letters), rules, watch)
    donors = campaign.population.users[:letters].copy()
    ended(campaign)
    dollar = parameters["giving_dollar"]
    return Answers(
        donors["gifts"].astype(np.int64),
        -donors["gift_month"].astype(np.int64),
        donors["gift_yuan"] / dollar,
        shown,
        fen / 100.0 / dollar,
    )


def rows(parameters: Parameters) -> Iterator[Row]:
    """How many past donors answer, what a match and its ratio add, what they give, and who they are."""
    data = published()["letters"]
    told = {"control": answers(parameters, 0.0)}
    told |= {f"ratio_{ratio}": answers(parameters, float(ratio)) for ratio in (1, 2, 3)}
    told["match"] = told["ratio_1"]  # the ratio changes nothing, as the rows of number 2 show
    rate = {arm: data[arm]["gave"] / data[arm]["sent"] for arm in told}
    share = {arm: told[arm].share() for arm in told}
    for arm, tolerance in (("control", 0.0020), ("match", 0.0016)):
        yield TABLE.near(1, f"letters answered, {arm}", CALIBRATE, rate[arm], share[arm], tolerance)
    per_log_odds = rate["match"] * (1.0 - rate["match"])
    added, value = (log_odds(of["match"]) - log_odds(of["control"]) for of in (share, rate))
    yield TABLE.near(1, "match, log-odds of giving", CALIBRATE, value, added, 0.0016 / per_log_odds)
    for ratio in (1, 2, 3):
        arm = f"ratio_{ratio}"
        yield TABLE.near(2, f"letters answered, {ratio}:1", FORM, rate[arm], share[arm], 0.0028)
    step = (log_odds(share["ratio_3"]) - log_odds(share["ratio_1"])) / 2
    yield TABLE.near(2, "log-odds per step of the ratio", FORM, 0.0, step, 0.09)
    yield from _given(parameters)
    yield from _of_whom(told)


def _given(parameters: Parameters) -> Iterator[Row]:
    """What the letters' donors give: as much as published, and a match does not move it."""
    given = [answers(parameters, ratio).given for ratio in (0.0, 1.0)]
    both = np.concatenate(given)
    log_of = [float(np.log(gifts).mean()) for gifts in (*given, both)]
    for label, model in (("log_dollars", log_of[2]), ("dollars", float(both.mean()))):
        name, error = f"a gift, {label.replace('_', ' of ')}", TABLE[f"{label}_error"]
        yield TABLE.near(1, name, CALIBRATE, TABLE[label], model, 2 * error)
    name, error = "a gift, log that a match adds", TABLE["match_log_amount_error"]
    yield TABLE.near(2, name, FORM, TABLE["match_log_amount"], log_of[1] - log_of[0], 2 * error)


def _of_whom(told: Mapping[str, Answers]) -> Iterator[Row]:
    """Who answers, by prior gifts and by months since the last, all arms together: within two standard errors.

    How many letters went to whom is not published; the error takes the engine's share of such donors.
    """
    data = published()["letters"]
    letters = sum(data[arm]["sent"] for arm in ("control", "match"))
    matched = data["match"]["sent"] / letters
    for by in ("gifts", "months"):
        edges = [*data[f"by_{by}_from"], inf]
        have = getattr(told["control"], by)
        for low, high, value in zip(edges, edges[1:], data[f"by_{by}"], strict=False):
            theirs = (have >= low) & (have < high)
            model = (1.0 - matched) * told["control"].share(theirs) + matched * told["match"].share(theirs)
            error = sqrt(value * (1.0 - value) / (letters * theirs.mean()))
            span = f"{low} or more" if high == inf else f"{low} to below {high}"
            yield TABLE.near(1, f"answered, {by} {span}", HELD_OUT, value, model, 2 * error)


def fit(parameters: Parameters) -> dict[str, float]:
    """How long ago the letters' donors gave last, by a step from the stored mean to the share who answer."""
    control, months = published()["letters"]["control"], parameters["past_months"]
    here, there = (answers(parameters.vary({"past_months": m}), 0.0).share() for m in (months, 1.2 * months))
    missing = control["gave"] / control["sent"] - here
    return {"past_months": months + 0.2 * months * missing / (there - here)}
