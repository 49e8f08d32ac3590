"""Rows 9 and 10: stamp cards. A coffee is a deed that brings one bean, a card a goal, two given stamps a head start.

Everybody looks in some ten times a day and seldom buys, so that the odds of a deed are as good as its rate. Days are
counted from the visit at which somebody took a card.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.parameters import Parameters
from sim.bookkeeping import Kind
from sim.engine.actions import Actions
from sim.experiments.evidence import load_evidence
from sim.experiments.published import published
from sim.experiments.row import CALIBRATE, HELD_OUT, Row, Table, secant
from sim.experiments.worlds import (
    EVERYBODY_ALIKE,
    GAME,
    NO_HABITS,
    ONE_A_DAY,
    PLAINLY,
    SURELY,
    a_world,
    paid_deed,
    played,
    steadily,
)
from sim.kernel.rows import NO_DEED
from sim.spans import DAY_US

USERS, DAYS, COMING = 16_000, 45, 10
OFTEN = 8.0  # further visits a day
BUYERS = EVERYBODY_ALIKE | NO_HABITS | SURELY
COFFEE, WASH = Table("coffee_card"), Table("car_wash")


@dataclass
class Stamps:
    """Watches when somebody takes a card and gets each stamp; shape (users, stamps), in days, inf = not yet."""

    users: int
    stamps: int
    taken: NDArray[np.float64] = field(init=False)
    at: NDArray[np.float64] = field(init=False)
    so_far: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.taken = np.full(self.users, np.inf)
        self.at = np.full((self.users, self.stamps), np.inf)
        self.so_far = np.zeros(self.users, np.int64)

    def __call__(self, part: Actions) -> None:
        enters = part[part["kind"] == Kind.ENTER]
        self.taken[enters["agent"]] = enters["t"] / DAY_US
        bought = part[(part["kind"] == Kind.DEED) & (part["deed"] != NO_DEED)]
        order = np.argsort(bought["agent"], kind="stable")
        who, t = bought["agent"][order].astype(np.int64), bought["t"][order] / DAY_US
        nth = self.so_far[who] + np.arange(len(who)) - np.searchsorted(who, who)
        counts = nth < self.stamps
        self.at[who[counts], nth[counts]] = t[counts]
        np.add.at(self.so_far, who, 1)

    def days(self) -> NDArray[np.float64]:
        """Days from taking the card to each stamp, of those who took it early enough to be watched."""
        early = self.taken < COMING
        return np.asarray(self.at[early] - self.taken[early, None])


def card(
    parameters: Parameters, table: Table, ease: float, leaving: float = 0.0, *, endowed: bool
) -> NDArray[np.float64]:
    """Days to each stamp of an empty card, or of the longer one with stamps given; shape (people, stamps to buy)."""
    stamps = int(table["stamps_endowed" if endowed else "stamps"])
    given = int(table["endowed"]) if endowed else 0
    people = BUYERS | steadily(0.9999, leaving)
    return _card(parameters.vary(people), stamps, given, ease, USERS)


@cache
def _card(parameters: Parameters, stamps: int, given: int, ease: float, users: int) -> NDArray[np.float64]:
    offer: dict[str, Any] = paid_deed(1.0, 0.01, ease=ease, once_a_day=False)
    offer["rules"] = {"card": {"form": {"goal": {"beans": stamps, "head_start": given}}}}
    watch = Stamps(users, stamps - given)
    play = PLAINLY | {"entry_per_visit": 1.0, "sessions_extra": OFTEN}
    played(
        a_world("a stamp card", DAYS, users, GAME, shopping=ONE_A_DAY, play=play, **offer), parameters, watch
    )
    return watch.days()


def median_days(days: NDArray[np.float64]) -> float:
    """Median days to the last stamp; cards that nobody has filled yet count as later than all others."""
    return float(np.median(days[:, -1]))


def speed_up(days: NDArray[np.float64]) -> float:
    """By how much the gap before the last stamp is shorter than the one after the first, by the trend of all gaps."""
    full = days[np.isfinite(days[:, -1])]
    gaps = np.diff(full, axis=1).mean(axis=0)
    slope = np.polyfit(np.arange(len(gaps)), np.log(gaps), 1)[0]
    return float(1.0 - np.exp(slope * (len(gaps) - 1)))


def filled(days: NDArray[np.float64]) -> float:
    """Share of cards that were filled."""
    return float(np.isfinite(days[:, -1]).mean())


def coffee(parameters: Parameters, *, endowed: bool) -> NDArray[np.float64]:
    """Days to each stamp of the coffee card, with or without the two given ones."""
    return card(parameters, COFFEE, load_evidence()["coffee_ease"], endowed=endowed)


def washes(parameters: Parameters, leaving: float, *, endowed: bool) -> float:
    """Share of car-wash cards that are filled, if people lose interest at that rate a day."""
    return filled(card(parameters, WASH, load_evidence()["coffee_ease"], leaving, endowed=endowed))


def rows(parameters: Parameters) -> Iterator[Row]:
    """The coffee card is fitted. Of the car wash only how many lose interest is, with an empty card."""
    plain, given = (coffee(parameters, endowed=endowed) for endowed in (False, True))
    label, value = "coffee card, days, {}", COFFEE["median_days"]
    yield COFFEE.near(9, label.format("empty"), CALIBRATE, value, median_days(plain), 1.5)
    value = COFFEE["median_days_endowed"]
    yield COFFEE.near(9, label.format("2 of 12 given"), CALIBRATE, value, median_days(given), 1.5)
    yield COFFEE.near(9, "coffee card, gaps shorter by", CALIBRATE, COFFEE["speed_up"], speed_up(plain), 0.05)
    share = washes(parameters, load_evidence()["wash_leaving"], endowed=True)
    low, high = published()["car_wash"]["interval"]
    yield WASH.within(
        10, "car wash, 2 of 10 given, redeemed", HELD_OUT, WASH["redeemed_endowed"], share, (low, high)
    )


def fit(parameters: Parameters) -> dict[str, float]:
    """Ease from the days of the empty card, kappa from its speed-up, iota from the days with two given; then leaving.

    One after the other: what is found is used at once. At the stored values nothing is left to find.
    """
    p, e = parameters, load_evidence()

    def missed_days(ease: float) -> float:
        return median_days(card(p, COFFEE, ease, endowed=False)) - COFFEE["median_days"]

    def missed_speed(kappa: float) -> float:
        pulled = p.vary({"choice_goal_kappa": kappa})
        return speed_up(card(pulled, COFFEE, ease, endowed=False)) - COFFEE["speed_up"]

    def missed_start(iota: float) -> float:
        pulled = p.vary({"choice_goal_iota": iota})
        return median_days(card(pulled, COFFEE, ease, endowed=True)) - COFFEE["median_days_endowed"]

    def missed_cards(leaving: float) -> float:
        return filled(card(p, WASH, ease, leaving, endowed=False)) - WASH["redeemed"]

    ease = e["coffee_ease"]
    ease = secant(missed_days, ease, 1.03 * ease, 0.05)
    kappa = secant(missed_speed, p["choice_goal_kappa"], 1.2 * p["choice_goal_kappa"], 0.004)
    p = p.vary({"choice_goal_kappa": kappa})
    iota = secant(missed_start, p["choice_goal_iota"], 1.2 * p["choice_goal_iota"], 0.05)
    p = p.vary({"choice_goal_iota": iota})
    leaving = secant(missed_cards, e["wash_leaving"], 1.2 * e["wash_leaving"], 0.003)
    return {
        "coffee_ease": ease, "choice_goal_kappa": kappa, "choice_goal_iota": iota, "wash_leaving": leaving,
    }  # fmt: skip
