"""What is on offer on which day, and what it adds to the value of a visit: the announced calendar people plan by.

Days on which the same is offered are of one kind, cut into parts at which rules begin or end to hold. What a part is
worth to somebody the kernel works out (`sim.kernel.visits`); here stands what it rests on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.matching import ANY_CAUSE, Promise, promises
from sim.agents.sponsors import opening_times
from sim.agents.teams import challenge_days
from sim.arrays import Floats
from sim.behaviour.choice import share_left
from sim.behaviour.parameters import Parameters
from sim.behaviour.visit import visit_gain
from sim.domain.ratios import PPM
from sim.engine.incentives import bits, day_parts, made_of, spans_of, things_of
from sim.engine.matches import match_pull
from sim.engine.worth import GIVEN, Supply, Worth, worth_of
from sim.errors import UsageError
from sim.kernel.rows import (
    CONTEST,
    LEVELS,
    MAX_CHANNELS,
    MAX_DEEDS,
    MAX_KINDS,
    MAX_PARTS,
    MAX_RULES,
    MAX_SEGMENTS,
    PART,
)
from sim.scenario import Rule, Scenario, since_start
from sim.spans import DAY_S, DAY_US, HOUR_S, MINUTE_S, SECOND

HOURS = 24
LATE_S = 900  # what opens in the last quarter of an hour finds nobody: no visit goes on past midnight
ALONE = (
    "deed",
    "gift",
    "volunteer",
)  # what a visit is for: not what follows from holding beans or an account


@dataclass(frozen=True)
class Part:
    """A part of a day: from which second of it on, what holds then as bits, the share of the day's visits, and what of
    it people plan by: no match whose pool is not announced for the day."""

    from_s: int
    mask: int
    share: float
    offers: int


Kind = tuple[Part, ...]  # a day by what is on offer


@dataclass(frozen=True)
class Offers:
    """The kinds of days, and which of them each day is, shape (days,)."""

    kinds: tuple[Kind, ...]
    of_day: NDArray[np.int64]

    @classmethod
    def of(cls, scenario: Scenario, views: Floats) -> Offers:
        """Read off the scenario's calendar; `views` are the shares of visits by hour.

        Raises UsageError where more kinds of days, or parts of one, are announced than the kernel has room for.
        """
        days = scenario.scenario.length // DAY_US
        matched, challenge = matched_days(scenario), challenge_days(scenario, days)
        matching = bits([promise.rule for promise in promises_of_gifts(scenario)])
        found: dict[Kind, int] = {}
        of_day = np.zeros(days, np.int64)
        for day in range(days):
            beside = CONTEST * bool(challenge[day])
            quiet = matching & ~int(matched[day])
            parts = day_parts(scenario, day)
            ends = [*(second for second, _ in parts[1:]), DAY_S]
            kind = tuple(
                Part(a, mask | beside, visits_between(a, b, views), (mask | beside) & ~quiet)
                for (a, mask), b in zip(parts, ends, strict=True)
            )
            of_day[day] = found.setdefault(kind, len(found))
        most = max((len(kind) for kind in found), default=0)
        if len(found) > MAX_KINDS or most > MAX_PARTS:
            raise UsageError(
                f"{scenario.scenario.title}: {len(found)} different days of rules, matches and challenges, and "
                f"{most} parts of one day; at most {MAX_KINDS} and {MAX_PARTS} can be told apart: let rules and pools "
                "begin and end at the same hours"
            )
        return cls(tuple(found), of_day)

    def tables(self, scenario: Scenario) -> dict[str, Any]:
        """As the kernel reads them: how many parts, shape (MAX_KINDS,), and which, (MAX_KINDS, MAX_PARTS); the rules
        that hold on such a day at all, and those that send a message on it, shape (MAX_KINDS,)."""
        rows, counts = np.zeros((MAX_KINDS, MAX_PARTS), PART), np.ones(MAX_KINDS, np.int64)
        held, nudged = np.zeros(MAX_KINDS, np.int64), np.zeros(MAX_KINDS, np.int64)
        for k, kind in enumerate(self.kinds):
            rows[k, : len(kind)] = [(part.from_s, part.mask, part.share, part.offers) for part in kind]
            counts[k] = len(kind)
            held[k] = np.bitwise_or.reduce([part.mask for part in kind])
            nudged[k] = messages(scenario, kind)
        return {"n_parts": counts, "parts": rows, "held_on": held, "nudged_on": nudged}


def messages(scenario: Scenario, kind: Kind) -> int:
    """The rules that send a message on a day of that kind, as bits: they hold when it is due."""
    sent = [
        (k, rule.form.nudge.at * MINUTE_S)
        for k, rule in enumerate(scenario.rules.values())
        if rule.form.nudge
    ]
    masks = [(k, [part.mask for part in kind if part.from_s <= at][-1]) for k, at in sent]
    return bits([k for k, mask in masks if mask >> k & 1])


def visits_between(start: int, end: int, views: Floats) -> float:
    """The share of a day's visits between two seconds of it."""
    upto = np.clip(np.arange(HOURS + 1) * HOUR_S, start, end)
    return round(float((np.diff(upto) / HOUR_S * views).sum() / views.sum()), 9)


def promises_of_gifts(scenario: Scenario) -> list[Promise]:
    """The promises that match gifts."""
    return [promise for promise in promises(scenario) if promise.serves == "gifts"]


def pool_spans(scenario: Scenario, promise: Promise) -> list[tuple[int, int]]:
    """When a promise's pool is announced to pay, seconds since the start: of a daily or flash pool from its opening to
    the end of that day, of another from its start to its end."""
    pool = list(scenario.pools.values())[promise.pool]
    if pool.total == 0:
        return []
    opens = [at // SECOND for at in opening_times(scenario, pool)]
    if pool.opens_at is None and not pool.flash:
        end = scenario.scenario.length if pool.end is None else since_start(scenario, pool.end)
        return [(opens[0], -(-end // SECOND))]
    return [(at, (at // DAY_S + 1) * DAY_S) for at in opens]


def matched_days(scenario: Scenario) -> NDArray[np.int64]:
    """The matches of gifts that are announced for each day, as bits, shape (days,)."""
    days = np.zeros(scenario.scenario.length // DAY_US, np.int64)
    for promise in promises_of_gifts(scenario):
        for start, end in pool_spans(scenario, promise):
            days[start // DAY_S : -(-end // DAY_S)] |= 1 << promise.rule
    return days


def match_openings(scenario: Scenario, promise: Promise) -> list[int]:
    """The seconds at which a match opens: its pool while its rule holds, or its rule while its pool is announced."""
    held = held_between(scenario, list(scenario.rules.values())[promise.rule])
    spans = pool_spans(scenario, promise)
    found = {max(a, start) for a, b in held for start, end in spans if max(a, start) < min(b, end)}
    return sorted(found)


@dataclass(frozen=True)
class Opening:
    """Something announced for an instant (seconds since the start), until when it lasts, how strongly it draws (0 … 1),
    whether being early pays, and what it is, as a bit: only for whom that is meant it is announced."""

    at: int
    until: int
    pull: float
    rush: bool
    mask: int


def announced_openings(scenario: Scenario) -> list[Opening]:
    """What people may wait for, by its instant: a match of gifts, or a rule by which deeds pay more, which draws by the
    part of its pay that is extra. What stands open from the start is nothing to wait for, nor what opens as the day
    ends."""
    found: dict[tuple[int, int], Opening] = {}

    def announce(at: int, until: int, pull: float, rush: bool, mask: int) -> None:
        known = found.get((at, mask), Opening(at, until, pull, rush, mask))
        found[at, mask] = Opening(
            at, max(until, known.until), max(pull, known.pull), rush or known.rush, mask
        )

    for promise in promises_of_gifts(scenario):
        for second in match_openings(scenario, promise):
            announce(second, (second // DAY_S + 1) * DAY_S, 1.0, not promise.lot, 1 << promise.rule)
    for k, rule in enumerate(scenario.rules.values()):
        pull = extra_share(scenario, rule)
        if pull > 0.0:
            for start, end in held_between(scenario, rule):
                announce(start, end, pull, False, 1 << k)
    last = scenario.scenario.length // SECOND
    return [found[key] for key in sorted(found) if 0 < key[0] < last and key[0] % DAY_S < DAY_S - LATE_S]


def held_between(scenario: Scenario, rule: Rule) -> list[tuple[int, int]]:
    """The stretches of the run in which a rule holds, seconds since the start, each as long as it is."""
    found: list[tuple[int, int]] = []
    for day in range(scenario.scenario.length // DAY_US):
        for start, end in sorted(spans_of(scenario, rule, day)):
            start, end = start + day * DAY_S, end + day * DAY_S
            if found and found[-1][1] == start:
                found[-1] = (found[-1][0], end)
            else:
                found.append((start, end))
    return found


def extra_share(scenario: Scenario, rule: Rule) -> float:
    """The part of what a rule's deeds pay under it that it adds, 0 where it adds nothing."""
    deeds = list(scenario.deeds.values())
    beans = np.array([deeds[k].beans for k in things_of(scenario, rule) if k < len(deeds)], float)
    form, often = rule.form, 1.0 / (rule.form.each or 1)
    more = (form.add or 0) * often * len(beans) + max(
        (form.times or PPM) / PPM - 1.0, 0.0
    ) * often * beans.sum()
    if form.kind not in ("add", "times") or form.of == "hours" or more <= 0.0:
        return 0.0
    return float(more / (more + beans.sum()))


def match_factors(scenario: Scenario, p: Parameters) -> Floats:
    """What each announced match makes of the weight of a gift, shape (MAX_RULES,); 0 of rules that match nothing.

    A match for one cause counts by the cause's share of giving.
    """
    factors, shares = np.zeros(MAX_RULES), list(scenario.projects.causes.values())
    for promise in promises_of_gifts(scenario):
        factor = math.exp(match_pull(scenario, p, promise, scenario.gifts.match_effect))
        share = 1.0 if promise.cause == ANY_CAUSE else shares[promise.cause] / sum(shares)
        factors[promise.rule] = 1.0 + share * (factor - 1.0)
    return factors


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


def most_gain(
    scenario: Scenario, p: Parameters, kind: Kind, worth: Worth, keenest: float, usual: float, odds: Floats
) -> float:
    """The largest gain of a day for anybody who does not play yet and is no keener than `keenest`: under all rules that
    raise what is paid, no cap, and none that lowers it."""
    open_to = mix_table(scenario) * _open_to(scenario)
    plain, matches = plain_weights(scenario), match_factors(scenario, p)
    offered = np.zeros_like(plain)
    for part in kind:
        beans, yuan = most_hoped(scenario, part.mask, odds)
        felt = pulls(scenario, p, worth, most_paid(scenario, part.mask) + beans)[0]
        felt *= urged(scenario, p, part.mask)
        for d, deed in enumerate(scenario.deeds.values()):  # more than both together
            felt[d] *= (1.0 + yuan[d] / (deed.cost / 100.0)) ** p["choice_slope"]
        announced = max((matches[k] for k in range(MAX_RULES) if part.offers >> k & 1), default=0.0)
        for d, deed in enumerate(scenario.deeds.values()):
            if announced > 0.0 and deed.effect == "gift":
                felt[d] *= max(announced, 1.0)
        offered += part.share * np.einsum("csd,d->cs", open_to, felt)
    return visit_gain(keenest, 1.0, float((offered - plain).max()), 0.0, usual)


def most_hoped(scenario: Scenario, mask: int, odds: Floats) -> tuple[Floats, Floats]:
    """The beans and the yuan that lotteries of a set bring in the mean with each deed, shapes (MAX_DEEDS,)."""
    hoped = np.zeros((2, MAX_DEEDS))
    for k, rule in enumerate(scenario.rules.values()):
        lottery = rule.form.lottery
        if lottery is not None and mask >> k & 1:
            chance = odds[k] if lottery.chance is None else lottery.chance / PPM
            hoped[:, things_of_catalogue(scenario, rule)] += chance * np.array(
                [[lottery.beans], [lottery.money / 100.0]]
            )
    return hoped[0], hoped[1]


def urged(scenario: Scenario, p: Parameters, mask: int) -> Floats:
    """The most that contests and shared goals of a set make of each deed's weight, shape (MAX_DEEDS,)."""
    factor = np.ones(MAX_DEEDS)
    for k, rule in enumerate(scenario.rules.values()):
        if (rule.form.rank is not None or rule.form.share is not None) and mask >> k & 1:
            factor[things_of_catalogue(scenario, rule)] = math.exp(p["choice_urge_most"])
    return factor


def things_of_catalogue(scenario: Scenario, rule: Rule) -> list[int]:
    """The rows of the catalogue that a rule is about."""
    return [j for j in things_of(scenario, rule) if j < len(scenario.deeds)]


def most_paid(scenario: Scenario, mask: int) -> Floats:
    """The most that any of the rules of a set, all or some of them, make of each deed, shape (MAX_DEEDS,)."""
    rules = list(scenario.rules.values())
    raising = bits([k for k, r in enumerate(rules) if not (r.form.times is not None and r.form.times < PPM)])
    tiers = [k for k, r in enumerate(rules) if r.form.tiers]
    without = raising & ~bits(tiers)
    sets = [without, *(without | 1 << k for k in tiers)]
    return np.asarray(np.max([first_beans(scenario, mask & one) for one in sets], axis=0))


def first_beans(scenario: Scenario, mask: int) -> Floats:
    """What every deed pays the first time on a first day under a set of rules, no cap among them, (MAX_DEEDS,).

    A rule for every so many-th deed counts by its share of them.
    """
    paid = np.zeros(MAX_DEEDS)
    paid[: len(scenario.deeds)] = [deed.beans for deed in scenario.deeds.values()]
    for k, rule in enumerate(scenario.rules.values()):
        mine = [j for j in things_of(scenario, rule) if j < len(scenario.deeds)] if mask >> k & 1 else []
        for j in mine:
            paid[j] += (made_of(rule.form, paid[j]) - paid[j]) / (rule.form.each or 1)
    return paid


def plain_weights(scenario: Scenario) -> Floats:
    """The summed weight of a visit without any incentive, shape (MAX_CHANNELS, MAX_SEGMENTS)."""
    return np.asarray(
        np.einsum("csd,d->cs", mix_table(scenario) * _open_to(scenario), bare_weights(scenario))
    )


def visit_tables(scenario: Scenario, p: Parameters) -> dict[str, Any]:
    """What the value of a visit rests on besides rules: who may do what, weights without reward, usual deeds."""
    return {
        "bare": bare_weights(scenario),
        "plain": plain_weights(scenario),
        "open_to": _open_to(scenario)[0].astype(np.int64),
        "usual": _open_to_the_average(scenario, mix_table(scenario)) * bare_weights(scenario),
        "match_factor": match_factors(scenario, p),
        "contest": math.exp(team_pull(scenario, p)),
    }


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


def hourly_gain(scenario: Scenario, p: Parameters, masks: set[int]) -> dict[int, float]:
    """What the beans of each set of rules add to the value of an average visit (log-hazard): it moves people within a
    day. Only rules for everybody count."""
    worth = worth_of(scenario, p, Supply.announced(scenario), scenario.scenario.length / DAY_US)
    open_to = _open_to_the_average(scenario, mix_table(scenario))
    plain = float((open_to * bare_weights(scenario)).sum())
    gains = {}
    for mask in masks:
        offered = float((open_to * pulls(scenario, p, worth, first_beans(scenario, mask))[0]).sum())
        gains[mask] = p["visit_come"] * visit_gain(1.0, 1.0, offered, plain, p["visit_usual"])
    return gains
