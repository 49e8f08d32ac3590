"""What a visit is worth under rules: the summed weights of what can be done, told plainly.

A reward counts as it is paid the first time, a rule for every so many-th deed by its share of them, and all of them as
far as the caps of a day are open to an average person, who does what comes easily, reward or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import exp
from types import SimpleNamespace
from typing import Any

from sim.behaviour.choice import felt_beans, felt_mix, felt_reward
from sim.behaviour.unsure import delay_weight, lottery_weight
from sim.engine.offers import Kind
from sim.kernel.rows import CONTEST
from sim.spans import DAY_US
from tests.engine.rulebook import ANY, PAYING, Form, Part, Rulebook

MOST_CHOICES = 12  # of one visit
SECOND = 1_000_000


def weight_of(
    world: Any,
    j: int,
    beans: float,
    level: int,
    live: frozenset[int],
    streak: int,
    new_to: frozenset[int] | None = None,
) -> float:
    """The weight of deed j against stopping when it brings so many beans; less to who holds plenty.

    What comes later is felt less. Lotteries let hope, of drawings those that somebody is `new_to` today; contests and
    shared goals urge.
    """
    R, G, deed = world.rules, world.public, world.deeds[j]
    share = 1.0 / (1.0 + 0.5 * level)
    own, given = G.self_yuan * share, G.charity_yuan * share
    hope, kept = (
        hopes(world, j, live if new_to is None else new_to),
        beans * share_kept(world.book, R, j, live, streak),
    )
    if not (hope.beans or hope.yuan) and kept == beans:
        felt = felt_beans(beans, own, given, deed.cost, R.choice_weight_charity, R.choice_slope)
    else:
        total, left = beans + hope.beans, kept + hope.felt_beans
        to_charity = left * given * R.choice_weight_charity + hope.felt_yuan
        felt = max(
            felt_mix(total * own + hope.yuan, left * own + hope.felt_yuan, deed.cost, R.choice_slope),
            felt_mix(total * given + hope.yuan, to_charity, deed.cost, R.choice_slope),
        )
    if deed.effect == "bean_gift":
        yuan = 100.0 / world.book.price_under(live)  # what a hundred beans are for
        felt = max(felt, felt_reward(yuan, deed.cost, R.choice_weight_charity, R.choice_slope))
    return R.bare[j] * exp(felt + urge(world, j, live))


def hopes(world: Any, j: int, live: frozenset[int]) -> SimpleNamespace:
    """What lotteries of a deed bring in the mean, beans and yuan, and what their chance leaves of it."""
    R, hope = world.rules, SimpleNamespace(beans=0.0, felt_beans=0.0, yuan=0.0, felt_yuan=0.0)
    for k, form in world.book.about(live, list(world.book.scenario.deeds)[j], ("lottery",)):
        chance = world.public.odds[k] if form.lottery.chance is None else form.lottery.chance / 1_000_000
        weight = lottery_weight(chance, R.choice_weight_lottery, R.choice_weight_coin)
        hope.beans += chance * form.lottery.beans
        hope.felt_beans += chance * form.lottery.beans * weight
        hope.yuan += chance * form.lottery.money / 100.0
        hope.felt_yuan += chance * form.lottery.money / 100.0 * weight
    return hope


def urge(world: Any, j: int, live: frozenset[int]) -> float:
    """Log-odds that contests and shared goals about a deed add, together at most so much."""
    total = 0.0
    for k, _ in world.book.about(live, list(world.book.scenario.deeds)[j], ("rank", "share")):
        total += world.public.urge[k]
    return min(total, world.rules.choice_urge_most)


def share_kept(book: Rulebook, R: Any, j: int, live: frozenset[int], streak: int) -> float:
    """The share that delay leaves of the effect of what deed j pays the first time."""
    deed = list(book.scenario.deeds)[j]
    if not any(book.rules[k].form.later for k in live if book.concerns(k, deed)):
        return 1.0
    parts = [Part(None, book.scenario.deeds[deed].beans)]
    total = kept = float(parts[0].beans)
    for k, form in book.about(live, deed, PAYING):
        before = sum(part.beans for part in parts)
        after = [Part(part.rule, part.beans) for part in parts]
        book.raise_pay(after, k, form, form.each or 1, streak)
        more = (sum(part.beans for part in after) - before) / (form.each or 1)
        days = (form.later or 0) / DAY_US
        total += more
        kept += more * delay_weight(days, R.choice_weight_two_weeks, R.choice_weight_four_weeks)
        if (form.each or 1) == 1:
            parts = after
    return kept / total if total > 0.0 else 1.0


def first_pay(book: Rulebook, j: int, live: frozenset[int], streak: int) -> float:
    """Beans of deed j the first time it is done."""
    deed = list(book.scenario.deeds)[j]
    parts = [Part(None, book.scenario.deeds[deed].beans)]
    total = float(parts[0].beans)
    for k, form in book.about(live, deed, PAYING):
        before = sum(part.beans for part in parts)
        after = [Part(part.rule, part.beans) for part in parts]
        book.raise_pay(after, k, form, form.each or 1, streak)
        total += (sum(part.beans for part in after) - before) / (form.each or 1)
        if (form.each or 1) == 1:
            parts = after
    return total


def within_caps(book: Rulebook, live: frozenset[int], earned: float) -> float:
    """The share of an average day's beans that caps of a day on everything let through."""
    if not earned > 0.0:
        return 1.0
    paid = earned
    for form in caps_of_a_day(book, live):
        most = form.cap if form.cap is not None else form.fading_cap or 0
        if paid > most:
            paid = most + (paid - most) * (0 if form.cap is not None else form.keeps) / 1e6
    return paid / earned


def caps_of_a_day(book: Rulebook, live: frozenset[int]) -> list[Form]:
    """The caps on all that a day brings, in the order of the file."""
    forms = [book.rules[k].form for k in sorted(live) if ANY in book.rules[k].what]
    return [form for form in forms if form.kind in ("cap", "fading_cap") and form.per == "day"]


def value_of_visit(world: Any, live: frozenset[int], who: tuple[int, int, int, bool], contest: bool) -> float:
    """The summed weight of what somebody of a channel, segment, streak, in a team or not, can do."""
    channel, segment, streak, member = who
    R, book = world.rules, world.book
    names, earned = list(book.scenario.deeds), 0.0
    pays = [first_pay(book, j, live, streak) for j in range(len(names))]
    for j, name in enumerate(names):
        most = book.most_a_day(name, live)
        earned += min(R.usual[j], float(MOST_CHOICES if most is None else most)) * pays[j]
    share, value = within_caps(book, live, earned), 0.0
    for j, deed in enumerate(world.deeds):
        if not R.open_to[segment][j]:
            continue
        weight = weight_of(world, j, pays[j] * share, 0, live, streak) * world.mix[channel][segment][j]
        matches = [R.match_factor[k] for k in live if R.match_factor[k] > 0]
        if deed.effect == "gift" and matches:
            weight *= max(matches)
        if deed.team and member and contest:
            weight *= R.contest
        value += weight
    return value


class Calendar:
    """What the calendar lets hold in each part of a day, with the part's share of the day's visits."""

    def __init__(self, book: Rulebook, days: list[SimpleNamespace], kinds: Sequence[Kind]) -> None:
        self.book, self.days, self.kinds = book, days, kinds
        self.of_day = lru_cache(None)(self._of_day)

    def _of_day(self, day: int) -> list[tuple[float, frozenset[int], bool]]:
        return [
            (
                part.share,
                self._open(day * DAY_US + part.from_s * SECOND, part.offers),
                bool(part.mask & CONTEST),
            )
            for part in self.kinds[self.days[day].offer]
        ]

    def _open(self, t_us: int, announced: int) -> frozenset[int]:
        """What holds; of matches only those whose pool is announced for the day."""
        holding = (k for k, rule in enumerate(self.book.rules) if self.book.is_time(rule, t_us))
        return frozenset(k for k in holding if not self.book.rules[k].form.match or announced >> k & 1)
