"""Letters on the engine: past donors see the page of gifts once, with a match or without (Karlan & List 2007).

The donors' gifts, recency and largest gift are those of the letters; the amounts are dollars, changed into yuan where
the engine asks for yuan, and back. Nobody is held back by anything but the rule of giving.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import exp

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.parameters import Parameters
from sim.bookkeeping import Kind
from sim.engine.actions import Actions
from sim.experiments.choices import ALWAYS, EVERYBODY_ALIKE, GAME, yuan
from sim.experiments.evidence import load_evidence
from sim.experiments.published import published
from sim.experiments.worlds import a_world, begun, ended
from sim.scenario import Scenario

LETTERS = 400_000  # eight times the experiment's: the share who answer is known to a fiftieth of a point
# Everybody comes on the first day.
OPENED_AT_ONCE = {
    "lifetime_game_a": 1e6, "lifetime_game_b": 1.0, "lifetime_game_c": 1.0, "lifetime_game_d": 1e6,
}  # fmt: skip
# One match, of this strength, and no buttons: a cheque can say any sum.
ONE_CAMPAIGN = {"giving_match_sd": 0.0, "giving_heap": 0.0}


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
    pool = {"sponsor": "matcher", "total": yuan(10**12), "ratio": ratio, "cap_per_gift": yuan(10**6),
            "cap_per_account": yuan(10**6)}  # fmt: skip
    dollars = exp(published()["letters"]["log_dollars"])
    return a_world(
        "letters to past donors", 1, letters, GAME,
        deeds={"gift": {"label": "gift", "effect": "gift", "kind": "donated", "ease": ALWAYS}},
        gifts={
            "intercept": load_evidence()["letters_intercept"], "donors_at_start": 1.0,
            "first_median": yuan(dollars * parameters["giving_dollar"]),
        },
        ngos={"evaluation": False}, pools={"main": pool} if ratio else {},
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
