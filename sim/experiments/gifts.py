"""Rows 1, 2 and 18: what a match adds to giving, who tells others of a gift, and who comes by that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from sim.behaviour.parameters import Parameters
from sim.bookkeeping import Kind
from sim.engine.actions import Actions
from sim.experiments.published import published
from sim.experiments.row import CALIBRATE, FORM, Row, Table, log_odds
from sim.experiments.worlds import ALL_PLAY, ALWAYS, EVERYBODY_ALIKE, GAME, a_world, played, yuan

DAYS, USERS = 6, 40_000
NO_HISTORY = {"giving_often": 0.0, "giving_lapse": 0.0, "giving_match_sd": 0.0}
LETTERS, SHARING = Table("letters"), Table("sharing")


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
        play=ALL_PLAY | {"players_at_start": players},
    )  # fmt: skip
    told = Told()
    played(scenario, parameters.vary(EVERYBODY_ALIKE | NO_HISTORY), told)
    return told


def match_effect_measured(parameters: Parameters, ratio: float) -> float:
    """Log-odds of giving that a live match of that ratio adds."""
    on, off = givers(parameters, ratio), givers(parameters, 0.0)
    return log_odds(on.gifts / on.sessions) - log_odds(off.gifts / off.sessions)


def posts_after_gifts(parameters: Parameters) -> tuple[float, float]:
    """Posts a gift, and newcomers a post, where nearly everybody might still come in."""
    told = givers(parameters, 0.0, users=20 * USERS, players=0.05, intercept=ALWAYS)
    return told.posts / told.gifts, told.came / told.posts


def rows(parameters: Parameters) -> Iterator[Row]:
    """What a match adds to the odds of giving, and that its ratio adds nothing; posts after gifts."""
    data = published()["letters"]
    rates = {arm: data[arm]["gave"] / data[arm]["sent"] for arm in data if isinstance(data[arm], dict)}
    added = {ratio: match_effect_measured(parameters, float(ratio)) for ratio in (1, 2, 3)}

    def effect(arm: str) -> float:
        return log_odds(rates[arm]) - log_odds(rates["control"])

    def allowed(arm: str, share: float) -> float:
        """A tolerance of a rate as one of its log-odds."""
        return float(share / (rates[arm] * (1.0 - rates[arm])))

    name, span = "match, log-odds of giving", allowed("match", 0.0016)
    yield LETTERS.near(1, name, CALIBRATE, effect("match"), added[1], span)
    for ratio, model in added.items():
        arm = f"ratio_{ratio}"
        yield LETTERS.near(2, f"match {ratio}:1, log-odds", FORM, effect(arm), model, allowed(arm, 0.0028))
    yield LETTERS.near(2, "log-odds per step of the ratio", FORM, 0.0, (added[3] - added[1]) / 2, 0.09)
    posts, recruits = posts_after_gifts(parameters)
    yield SHARING.near(18, "post after a donation", CALIBRATE, SHARING["post"], posts, 0.02)
    yield SHARING.near(18, "new donors per post", CALIBRATE, SHARING["recruits"], recruits, 0.005)
