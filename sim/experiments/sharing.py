"""Row 18: who tells others of a gift, and who comes by that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from sim.behaviour.parameters import Parameters
from sim.bookkeeping import Kind
from sim.engine.actions import Actions
from sim.experiments.row import CALIBRATE, Row, Table
from sim.experiments.worlds import ALL_PLAY, ALWAYS, EVERYBODY_ALIKE, GAME, ONCE_A_DAY, a_world, played

DAYS, USERS = 6, 40_000
NO_HISTORY = {"giving_often": 0.0, "giving_lapse": 0.0, "giving_match_sd": 0.0}
SHARING = Table("sharing")


@dataclass
class Told:
    """Counts gifts, the posts after them and the people who came in by them."""

    gifts: int = 0
    posts: int = 0
    came: int = 0
    sessions: int = 0
    kinds: tuple[Kind, ...] = field(default=(Kind.GIFT, Kind.ENTER, Kind.SESSION), repr=False)

    def __call__(self, part: Actions) -> None:
        gifts, came, sessions = (int((part["kind"] == kind).sum()) for kind in self.kinds)
        self.gifts, self.came, self.sessions = self.gifts + gifts, self.came + came, self.sessions + sessions
        self.posts += int(np.count_nonzero((part["kind"] == Kind.SHARE) & (part["deed"] == 0)))


def givers(parameters: Parameters, *, users: int, players: float, intercept: float) -> Told:
    """A world in which every session shows the page of gifts."""
    scenario = a_world(
        "a page of gifts", DAYS, users, GAME,
        deeds={"gift": {"label": "gift", "effect": "gift", "kind": "donated", "ease": ALWAYS}},
        rules=ONCE_A_DAY,
        gifts={"intercept": intercept}, ngos={"evaluation": False},
        play=ALL_PLAY | {"players_at_start": players},
    )  # fmt: skip
    told = Told()
    played(scenario, parameters.vary(EVERYBODY_ALIKE | NO_HISTORY), told)
    return told


def posts_after_gifts(parameters: Parameters) -> tuple[float, float]:
    """Posts a gift, and newcomers a post, where nearly everybody might still come in."""
    told = givers(parameters, users=20 * USERS, players=0.05, intercept=ALWAYS)
    return told.posts / told.gifts, told.came / told.posts


def rows(parameters: Parameters) -> Iterator[Row]:
    """Posts a gift, newcomers a post."""
    posts, recruits = posts_after_gifts(parameters)
    yield SHARING.near(18, "post after a donation", CALIBRATE, SHARING["post"], posts, 0.02)
    yield SHARING.near(18, "new donors per post", CALIBRATE, SHARING["recruits"], recruits, 0.005)
