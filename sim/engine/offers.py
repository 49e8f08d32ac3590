"""What is on offer on which day, and what it adds to the value of a visit: the announced calendar people plan by.

Days on which the same is offered are of one kind. Of each kind and every class of people (channel, segment, in a team
or not, streak) stands the summed weight of what they could do; beside it that of the same without any incentive.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.matching import promises
from sim.agents.sponsors import opening_times
from sim.agents.teams import challenge_days
from sim.arrays import Floats
from sim.behaviour.choice import share_left
from sim.behaviour.parameters import Parameters
from sim.behaviour.visit import visit_gain
from sim.domain.beans import rewarded_beans
from sim.domain.ratios import PPM
from sim.engine.matches import match_pull
from sim.engine.worth import GIVEN, Supply, Worth, worth_of
from sim.errors import UsageError
from sim.kernel.rows import LEVELS, MAX_CHANNELS, MAX_DEEDS, MAX_KINDS, MAX_SEGMENTS, MAX_SLOTS, STREAK_LEVELS
from sim.scenario import Scenario, since_start
from sim.spans import DAY_S, DAY_US, HOUR_S, SECOND

HOURS = 24
LATE_S = 900  # what opens in the last quarter of an hour finds nobody: no visit goes on past midnight
ALONE = (
    "deed",
    "gift",
    "volunteer",
)  # what a visit is for: not what follows from holding beans or an account


@dataclass(frozen=True)
class Kind:
    """A day's offers: by factor on beans the share of the day's visits, whether gifts are matched, teams compete."""

    factors: tuple[tuple[int, float], ...]
    match: bool
    challenge: bool


@dataclass(frozen=True)
class Offers:
    """The kinds of days, and which of them each day is, shape (days,)."""

    kinds: tuple[Kind, ...]
    of_day: NDArray[np.int64]

    @classmethod
    def of(cls, scenario: Scenario, views: Floats) -> Offers:
        """Read off the scenario's calendar; `views` are the shares of visits by hour.

        Raises UsageError where more kinds of days are announced than the rules have room for.
        """
        days = scenario.scenario.length // DAY_US
        match, challenge = matched_days(scenario), challenge_days(scenario, days)
        found: dict[Kind, int] = {}
        of_day = np.zeros(days, np.int64)
        for day in range(days):
            shares: dict[int, float] = {}
            for factor, covered in factors_by_hour(scenario, day):
                shares[factor] = shares.get(factor, 0.0) + float((covered * views).sum() / views.sum())
            kind = Kind(
                tuple((f, round(s, 9)) for f, s in shares.items()), bool(match[day]), bool(challenge[day])
            )
            of_day[day] = found.setdefault(kind, len(found))
        if len(found) > MAX_KINDS:
            raise UsageError(
                f"{scenario.scenario.title}: {len(found)} different days of beans, matches and challenges, at most "
                f"{MAX_KINDS} can be told apart; let phases and pools begin at the same hours"
            )
        return cls(tuple(found), of_day)


def matched_days(scenario: Scenario) -> NDArray[np.bool_]:
    """The days on which a match of gifts is announced, shape (days,): of a daily or flash pool those on which it
    opens, of another those between its start and its end."""
    days = np.zeros(scenario.scenario.length // DAY_US, bool)
    for pool in (list(scenario.pools.values())[one.pool] for one in promises(scenario) if one.serves == "gifts"):
        opens = np.array(opening_times(scenario, pool)) // DAY_US
        if pool.opens_at is None and not pool.flash:
            end = scenario.scenario.length if pool.end is None else since_start(scenario, pool.end)
            opens = np.arange(opens[0], -(-end // DAY_US))
        days[opens[opens < len(days)]] = True
    return days


def factors_by_hour(scenario: Scenario, day: int) -> list[tuple[int, Floats]]:
    """The factors on beans of a day, each with the part of every hour for which it holds, shape (24,)."""
    spans = [
        (since_start(scenario, p.start) // SECOND - day * DAY_S, since_start(scenario, p.end) // SECOND - day * DAY_S,
         p.beans_factor)
        for p in scenario.phases.values()
    ]  # fmt: skip
    cuts = sorted({0, DAY_S} | {s for a, b, _ in spans for s in (a, b) if 0 < s < DAY_S})
    edges = np.arange(HOURS + 1) * HOUR_S
    found: list[tuple[int, Floats]] = []
    for start, end in pairwise(cuts):
        factor = next((f for a, b, f in reversed(spans) if a <= start < b), PPM)
        upto = np.clip(edges, start, end)
        found.append((factor, np.diff(upto) / HOUR_S))
    return found


@dataclass(frozen=True)
class Opening:
    """Something announced for an instant (seconds since the start), until when it lasts, how strongly it draws (0 … 1),
    and whether being early pays."""

    at: int
    until: int
    pull: float
    rush: bool


def announced_openings(scenario: Scenario) -> list[Opening]:
    """What people may wait for, by its instant: a match of gifts, or a time of more beans, which draws by the part of
    its beans that is extra. What stands open from the start is nothing to wait for, nor what opens as the day ends."""
    found: dict[int, Opening] = {}

    def announce(at: int, until: int, pull: float, rush: bool) -> None:
        known = found.get(at, Opening(at, until, pull, rush))
        found[at] = Opening(at, max(until, known.until), max(pull, known.pull), rush or known.rush)

    for promise in promises(scenario):
        if promise.serves == "gifts":
            for at in opening_times(scenario, list(scenario.pools.values())[promise.pool]):
                second = at // SECOND
                announce(second, (second // DAY_S + 1) * DAY_S, 1.0, not promise.lot)
    for phase in scenario.phases.values():
        start, end = (since_start(scenario, at) // SECOND for at in (phase.start, phase.end))
        if phase.beans_factor > PPM:
            announce(start, end, 1.0 - PPM / phase.beans_factor, False)
    last = scenario.scenario.length // SECOND
    return [found[at] for at in sorted(found) if 0 < at < last and at % DAY_S < DAY_S - LATE_S]


def announced_match(scenario: Scenario, p: Parameters) -> float:
    """Log-odds of giving that the announced match adds, the strongest where there are several."""
    effect = scenario.gifts.match_effect
    made = [promise for promise in promises(scenario) if promise.serves == "gifts"]
    return max((match_pull(scenario, p, promise, effect) for promise in made), default=0.0)


def team_pull(scenario: Scenario, p: Parameters) -> float:
    """Log-odds while a challenge runs: more in a competition than towards a shared goal (U ratio)."""
    return p["choice_team_competition" if scenario.teams.mode == "competition" else "choice_team_goal"]


def mix_table(scenario: Scenario) -> Floats:
    """Multiples of each deed's weight by channel and segment, shape (channels, segments, deeds)."""
    mix = np.ones((MAX_CHANNELS, MAX_SEGMENTS, MAX_DEEDS))
    for c, channel in enumerate(scenario.channels.values()):
        for d, name in enumerate(scenario.deeds):
            mix[c, :, d] *= math.exp(channel.mix.get(name, 0.0))
    for s, segment in enumerate(scenario.segments.values()):
        for d, name in enumerate(scenario.deeds):
            mix[:, s, d] *= math.exp(segment.mix.get(name, 0.0))
    return mix


def rewards(scenario: Scenario, factor: int) -> NDArray[np.int64]:
    """Beans of every deed by team and streak under a factor, shape (2, STREAK_LEVELS, MAX_DEEDS)."""
    beans = scenario.beans
    table = np.zeros((2, STREAK_LEVELS, MAX_DEEDS), np.int64)
    for d, deed in enumerate(scenario.deeds.values()):
        for team in range(2):
            bonus = beans.team_bonus if team and deed.team else 0
            for level in range(STREAK_LEVELS):
                streak = min(level, beans.streak_full)
                table[team, level, d] = rewarded_beans(
                    deed.beans, factor, beans.streak_bonus, streak, beans.streak_full, bonus
                )
    return table


def bare_weights(scenario: Scenario) -> Floats:
    """The deeds' weights against stopping without any reward, shape (MAX_DEEDS,)."""
    bare = np.zeros(MAX_DEEDS)
    bare[: len(scenario.deeds)] = [math.exp(deed.ease) for deed in scenario.deeds.values()]
    return bare


def pulls(scenario: Scenario, p: Parameters, worth: Worth, reward: NDArray[Any]) -> Floats:
    """The deeds' weights with what their beans are felt to be worth, by how much somebody holds already:
    shape (LEVELS, *reward.shape)."""
    cost = np.ones(MAX_DEEDS)
    cost[: len(scenario.deeds)] = [deed.cost / 100.0 for deed in scenario.deeds.values()]
    left = np.array([share_left(level) for level in range(LEVELS)]).reshape(-1, *[1] * reward.ndim)
    own = np.log1p(reward * worth.self_yuan * left / cost)
    given = p["choice_weight_charity"] * np.log1p(reward * worth.charity_yuan * left / cost)
    for d, deed in enumerate(scenario.deeds.values()):
        if deed.effect == "bean_gift":  # what a hundred beans are for
            bought = GIVEN / scenario.beans.per_yuan
            given[..., d] = p["choice_weight_charity"] * math.log1p(bought / cost[d])
    return np.asarray(bare_weights(scenario) * np.exp(p["choice_slope"] * np.maximum(own, given)))


@dataclass(frozen=True)
class Draw:
    """What draws people: of every kind of day and class the summed weight of what they could do, and without.

    `offered` (kinds, channels, segments, 2, STREAK_LEVELS), `plain` (channels, segments).
    """

    offered: Floats
    plain: Floats

    @classmethod
    def of(cls, scenario: Scenario, p: Parameters, offers: Offers, worth: Worth, mix: Floats) -> Draw:
        """By the rewards as published and what a bean is worth; `mix` (channels, segments, MAX_DEEDS).

        Rewards count as far as the day's cap is open to an average person.
        """
        open_to = mix * _open_to(scenario)
        plain = np.einsum("csd,d->cs", open_to, bare_weights(scenario))
        offered = np.zeros((len(offers.kinds), *plain.shape, 2, STREAK_LEVELS))
        felt = {
            factor: pulls(scenario, p, worth, within_cap(scenario, rewards(scenario, factor), mix))[0]
            for kind in offers.kinds for factor, _ in kind.factors
        }  # fmt: skip
        for k, kind in enumerate(offers.kinds):
            pull = _pull_of_the_day(scenario, p, kind)
            for factor, share in kind.factors:
                offered[k] += share * np.einsum("csd,tld->cstl", open_to, felt[factor] * pull)
        return cls(offered, plain)

    def most_gain(self, keenest: float, usual: float) -> Floats:
        """The largest gain that anybody has on each kind of day, shape (kinds,); nobody is keener than `keenest`."""
        most = (self.offered - self.plain[None, :, :, None, None]).reshape(len(self.offered), -1).max(axis=1)
        return np.asarray([visit_gain(keenest, 1.0, float(gain), 0.0, usual) for gain in most])


def within_cap(scenario: Scenario, reward: NDArray[np.int64], mix: Floats) -> Floats:
    """Rewards of a visit as far as the day's cap pays them: by as much less as an average person would earn too much
    who does what comes easily, reward or not; shape of `reward`, (2, STREAK_LEVELS, MAX_DEEDS)."""
    most = np.zeros(MAX_DEEDS)
    most[: len(scenario.deeds)] = [deed.per_day or MAX_SLOTS for deed in scenario.deeds.values()]
    usual = _open_to_the_average(scenario, mix) * bare_weights(scenario)
    earned = (np.minimum(usual, most) * reward).sum(axis=-1, keepdims=True)
    return np.asarray(reward * np.minimum(scenario.beans.daily_cap / np.maximum(earned, 1.0), 1.0))


def _open_to(scenario: Scenario) -> Floats:
    """1 for what a visit is for and a segment may do, shape (1, MAX_SEGMENTS, MAX_DEEDS)."""
    table = np.zeros((1, MAX_SEGMENTS, MAX_DEEDS))
    minor = [s.minor for s in scenario.segments.values()] + [False] * (MAX_SEGMENTS - len(scenario.segments))
    for d, deed in enumerate(scenario.deeds.values()):
        if deed.effect in ALONE and not deed.needs_account:
            table[0, :, d] = [not (deed.adults_only and young) for young in minor]
    return table


def _open_to_the_average(scenario: Scenario, mix: Floats) -> Floats:
    """Multiples of the deeds' weights in the mean over channels and segments, shape (MAX_DEEDS,)."""
    channels, segments = max(len(scenario.channels), 1), max(len(scenario.segments), 1)
    return np.asarray((mix * _open_to(scenario))[:channels, :segments].mean(axis=(0, 1)))


def _pull_of_the_day(scenario: Scenario, p: Parameters, kind: Kind) -> Floats:
    """Factors of match and challenge on the deeds they are for, by team, shape (2, 1, MAX_DEEDS)."""
    pull = np.zeros((2, 1, MAX_DEEDS))
    for d, deed in enumerate(scenario.deeds.values()):
        if kind.match and deed.effect == "gift":
            pull[:, 0, d] += announced_match(scenario, p)
        if kind.challenge and deed.team:
            pull[1, 0, d] += team_pull(scenario, p)
    return np.asarray(np.exp(pull))


def hourly_gain(scenario: Scenario, p: Parameters) -> dict[int, float]:
    """What beans by each factor add to the value of an average visit (log-hazard): it moves people within a day."""
    worth = worth_of(scenario, p, Supply.announced(scenario), scenario.scenario.length / DAY_US)
    open_to = _open_to_the_average(scenario, mix_table(scenario))
    plain = float((open_to * bare_weights(scenario)).sum())
    factors = {PPM} | {phase.beans_factor for phase in scenario.phases.values()}
    gains = {}
    for factor in factors:
        offered = float((open_to * pulls(scenario, p, worth, rewards(scenario, factor))[0, 0, 1]).sum())
        gains[factor] = p["visit_come"] * visit_gain(1.0, 1.0, offered, plain, p["visit_usual"])
    return gains
