"""Row 20: what becomes of a reward that stays, and what is left when it ends.

Visitors of a gym are paid for every visit through four weeks. Habits and streaks are as shipped: they are what could
make the gain last; that people get used to a reward is what makes it fade.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.parameters import Parameters
from sim.experiments.evidence import load_evidence
from sim.experiments.row import HELD_OUT, Row, Table
from sim.experiments.worlds import (
    ALL_PLAY,
    EVERYBODY_ALIKE,
    GAME,
    NO_GOAL,
    START,
    SURELY,
    a_world,
    paid_deed,
    played,
    steadily,
)

WEEK, PAID, AFTER = 7, 4, 8  # days, weeks
USERS = 20_000
REGULARS, OTHERS = 0.3, 0.03  # chance to come on a day unpaid (A): twice a week, and hardly ever
ONE = 0.05  # a ratio that far from one is another
WEEKS_LATER = 2  # the last weeks that are watched
GYM, ENDED = Table("gym"), Table("after_rewards")


def weekly(parameters: Parameters, coming: float, dollars: float) -> NDArray[np.float64]:
    """Active days by week of people who come on a day with that chance anyway, paid in the first four weeks."""
    return _weekly(parameters.vary(EVERYBODY_ALIKE | NO_GOAL | SURELY | steadily(coming)), dollars, USERS)


@cache
def _weekly(parameters: Parameters, dollars: float, users: int) -> NDArray[np.float64]:
    offer = paid_deed(load_evidence()["cost_gym"], dollars)
    end = START + timedelta(days=WEEK * PAID)
    over = {"start": end, "end": end + timedelta(days=WEEK * AFTER)}
    ends = {"nothing": {"when": {"phase": "over"}, "form": {"times": 0.0}}}
    offer = offer | {"rules": offer["rules"] | ends}
    world = a_world(
        "a gym that pays", WEEK * (PAID + AFTER), users, GAME, play=ALL_PLAY,
        phases={"over": over | {"lift_start": 0.0, "lift_end": 0.0}}, **offer,
    )  # fmt: skip
    days = played(world, parameters).recorder.days()["participants"].to_numpy()
    return np.asarray(days.reshape(-1, WEEK).sum(axis=1, dtype=float))


def paid_against_unpaid(parameters: Parameters, coming: float) -> NDArray[np.float64]:
    """Visits by week, in those of people who are never paid."""
    return weekly(parameters, coming, GYM["dollars"]) / weekly(parameters, coming, 0.0)


def rows(parameters: Parameters) -> Iterator[Row]:
    """Signs and order only, seen by no fit: what was paid per visit was a prize for eight, its cost is assumed."""
    regulars, others = (paid_against_unpaid(parameters, coming) for coming in (REGULARS, OTHERS))
    after = slice(PAID, None)
    yield GYM.near(
        20, "gym, regulars, after ÷ never paid", HELD_OUT, GYM["regulars"], regulars[after].mean(), ONE
    )
    lasting = others[after].mean()
    yield GYM.within(
        20, "gym, others, after ÷ never paid", HELD_OUT, GYM["others"], lasting, (1.25, float("inf"))
    )
    soon, later = regulars[PAID], regulars[-WEEKS_LATER:].mean()
    yield ENDED.within(
        20, "just after a reward ÷ control", HELD_OUT, ENDED["soon"], soon, (0.0, 1.0 - ONE / 5)
    )
    yield ENDED.near(20, "two months after ÷ control", HELD_OUT, ENDED["later"], later, ONE)
