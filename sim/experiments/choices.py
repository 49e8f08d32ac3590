"""What a reward, a match and a gift's joy do on the engine: one deed to choose, other rules, the same luck."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log

import numpy as np

from sim.behaviour.parameters import Parameters
from sim.bookkeeping import Kind
from sim.engine.actions import Actions
from sim.experiments.worlds import a_world, played
from sim.kernel import tallies as T

DAYS, USERS = 6, 40_000
GAME = {"profile": "casual-game"}
FAR_GOAL = 1_000_000_000  # no goal near enough to pull
ALWAYS = 20.0  # the ease of a deed that nobody passes by
EVERYBODY_ALIKE = {"choice_glow_sd": 0.0, "choice_dwell_s": 1.0}
NO_HISTORY = {"giving_often": 0.0, "giving_lapse": 0.0, "giving_match_sd": 0.0}


def log_odds(done: float, of: float) -> float:
    """Log-odds of a share."""
    return log(done / (of - done))


def yuan(money: float) -> str:
    """Money as a scenario spells it, to the fen."""
    return f"{money:.2f} yuan"


def chosen(parameters: Parameters, cost: float, reward: float) -> float:
    """Log-odds with which a deed of that cost is done in a session when it brings one bean of that worth."""
    scenario = a_world(
        "a rewarded deed", DAYS, USERS, GAME,
        beans={"perceived": yuan(reward), "goal": FAR_GOAL, "daily_cap": 1},
        deeds={"deed": {"label": "deed", "beans": int(reward > 0), "cost": yuan(cost), "ease": -1.0}},
    )  # fmt: skip
    counts = played(scenario, parameters.vary(EVERYBODY_ALIKE)).counts()
    return log_odds(counts[T.DEEDS], counts[T.SESSIONS])


def reward_effect(parameters: Parameters, cost: float, reward: float, weight: float) -> float:
    """Log-odds that a reward adds, both in money; `weight` is what the reward counts of one to oneself now."""
    p = parameters.vary({"choice_weight_charity": weight})
    return chosen(p, cost, reward) - chosen(p, cost, 0.0)


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


def givers(
    parameters: Parameters, ratio: float, *, users: int = USERS, players: float = 1.0, intercept: float = -1.0
) -> Told:
    """A world in which every session shows the page of gifts, matched by that ratio (0: not at all)."""
    pool = {"sponsor": "matcher", "total": yuan(10**12), "ratio": ratio, "cap_per_gift": yuan(10**4)}
    scenario = a_world(
        "a page of gifts", DAYS, users, GAME,
        deeds={"gift": {"label": "gift", "effect": "gift", "kind": "donated", "ease": ALWAYS}},
        gifts={"intercept": intercept}, ngos={"evaluation": False}, pools={"main": pool} if ratio else {},
        play={"players_at_start": players, "entry_per_visit": 0.0, "sessions_extra": 0.0},
    )  # fmt: skip
    told = Told()
    played(scenario, parameters.vary(EVERYBODY_ALIKE | NO_HISTORY), told)
    return told


def posts_after_gifts(parameters: Parameters) -> tuple[float, float]:
    """Posts a gift, and newcomers a post, where nearly everybody might still come in."""
    told = givers(parameters, 0.0, users=20 * USERS, players=0.05, intercept=ALWAYS)
    return told.posts / told.gifts, told.came / told.posts
