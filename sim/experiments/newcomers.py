"""Rows 11 and 12: newcomers who come back, or do not, on a flat calendar with nothing to be done."""

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
from sim.errors import BeanpeakError
from sim.experiments.published import published
from sim.experiments.row import CALIBRATE, HELD_OUT, Row, Table
from sim.experiments.worlds import ONE_A_DAY, PLAINLY, a_world, played
from sim.scenario import Scenario
from sim.spans import DAY_US

DAYS = 31  # ages 0 … 30 are read
COMING = 12  # days in which people may come in; hardly anybody takes longer to look at the shop
EARLY, LATE = 1, 7  # the days of the joint table
PROFILES = {"game": "casual-game", "utility": "utility-app"}
NEWCOMERS = 200_000
CATS, APPS = Table("cookie_cats"), Table("apps")


def flat_calendar(profile: str, users: int) -> Scenario:
    """People look at the shop once a day and begin to play at their first visit; they stay as the profile says."""
    return a_world(
        "newcomers on a flat calendar",
        DAYS + COMING,
        users,
        {"profile": PROFILES[profile]},
        shopping=ONE_A_DAY,
        play=PLAINLY | {"entry_per_visit": 1.0},
    )


@dataclass
class Returns:
    """Watches who begins to play on which day and is back `EARLY` and `LATE` days after."""

    users: int
    entered: NDArray[np.int64] = field(init=False)
    back: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.entered = np.full(self.users, -DAYS * 100)
        self.back = np.zeros((2, self.users), bool)

    def __call__(self, part: Actions) -> None:
        enters = part[part["kind"] == Kind.ENTER]
        self.entered[enters["agent"]] = enters["t"] // DAY_US
        sessions = part[part["kind"] == Kind.SESSION]
        age = sessions["t"] // DAY_US - self.entered[sessions["agent"]]
        for k, day in enumerate((EARLY, LATE)):
            self.back[k, sessions["agent"][age == day]] = True

    def both(self) -> float:
        """The share of those who came in that was back on both days."""
        came = (self.entered >= 0) & (self.entered < COMING)
        return float(self.back[:, came].all(axis=0).mean())


@dataclass(frozen=True)
class Retention:
    """Share of newcomers active on day 0 … 30, on both `EARLY` and `LATE`, and of how many newcomers."""

    active: NDArray[np.float64]
    both: float
    newcomers: int

    def error(self, share: float) -> float:
        """The standard error of a share of these newcomers."""
        return float(np.sqrt(share * (1.0 - share) / self.newcomers))


def retention(parameters: Parameters, profile: str) -> Retention:
    """What the engine's newcomers do with these parameters, game or utility profile; the luck is always the same."""
    return _retention(parameters, profile, NEWCOMERS)


@cache
def _retention(parameters: Parameters, profile: str, users: int) -> Retention:
    returns = Returns(users)
    table = played(flat_calendar(profile, users), parameters, returns).recorder.play.retention()
    if table is None:
        raise BeanpeakError("nobody came in on the flat calendar: nothing to score retention on")
    cohort: Any = table["cohort"].to_numpy()[:DAYS]
    return Retention(table["active"].to_numpy()[:DAYS] / cohort, returns.both(), int(cohort[-1]))


def rows(parameters: Parameters) -> Iterator[Row]:
    """A casual game with its joint table, and utility apps; habit and streaks included."""
    yield from _games(retention(parameters, "game"))
    active = retention(parameters, "utility").active
    for day in (1, 14, 30):
        yield APPS.near(12, f"app retention, D{day}", CALIBRATE, APPS[f"day_{day}"], active[day], 0.01)
    low, high = published()["apps"]["day_7_interval"]
    yield APPS.within(12, "app retention, D7", HELD_OUT, (low + high) / 2, active[7], (low, high))


def _games(newcomers: Retention) -> Iterator[Row]:
    cats = published()["cookie_cats"]
    players = sum(cats["players"])
    d1, d7, joint = sum(cats["day_1"]) / players, sum(cats["day_7"]) / players, cats["both_days"]
    m1, m7, both = newcomers.active[1], newcomers.active[7], newcomers.both
    pairs = [
        ("D1", d1, m1),
        ("D7", d7, m7),
        ("D1 and D7", joint, both),
        ("D1, not D7", d1 - joint, m1 - both),
        ("D7, not D1", d7 - joint, m7 - both),
        ("neither", 1 - d1 - d7 + joint, 1 - m1 - m7 + both),
    ]
    for label, value, model in pairs:
        yield CATS.near(11, f"game retention, {label}", CALIBRATE, value, model, 0.005)
