"""Incentive rules told plainly: which of them hold for somebody at an instant, and what they make of a deed's pay.

Written from the rules in words. Everything goes by its name, nothing is packed, nothing is remembered beyond a count.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate

from sim.domain.ratios import share_of
from sim.scenario import Scenario, since_start
from sim.scenario.incentives import ANY, PAYS, Form, Rule, Who
from sim.spans import DAY_US
from sim.streams import unit

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
PAYING = (*PAYS, "milestone")  # what changes the pay of a deed, a goal of deeds among it
UNITS = {"beans": ("beans",), "hours": ("minutes",), "both": ("beans", "minutes")}


@dataclass(frozen=True)
class Someone:
    """All that rules ask about a person at an instant."""

    segment: str = ""
    city: str | None = None
    channel: str = ""
    percentile: int = 0
    holder: bool = False
    team: bool = False
    joined: int | None = None  # the day on which they began to play; None: before the start, or not yet
    away: int = 0  # days since the last one played before today; 0 who has never played
    streak: int = 0  # days in a row, today included
    minutes: int = 0  # of charity time, of labour and donated
    has_given: bool = False  # money, in this run


@dataclass
class Part:
    """What one rule adds to the pay of a deed; the deed's own part is nobody's."""

    rule: int | None
    beans: int = 0
    minutes: int = 0
    asks: bool = False  # a budget, before it is paid
    caps: int = 0  # … and the caps that have counted it, a bit each
    later: int = 0  # seconds until it is paid


@dataclass
class Counts:
    """A person's count for each rule that counts, within the present day, week, phase or for ever."""

    number: dict[int, int] = field(default_factory=dict)
    since: dict[int, int] = field(default_factory=dict)  # the day with which that stretch began
    ticked: dict[int, int] = field(
        default_factory=dict
    )  # … of which something was given for what was counted


def city_of(word: int, shares: dict[str, float]) -> str | None:
    """The city in whose share of all users a draw falls; nowhere beyond them all."""
    place = bisect_right(list(accumulate(shares.values())), unit(word))
    return list(shares)[place] if place < len(shares) else None


def percentile_of(word: int) -> int:
    """The cohort's percentile of a draw, 0 … 99."""
    return word * 100 >> 32


def is_for(who: Who, one: Someone, day: int) -> bool:
    """Whether everything that a rule names of people holds."""
    since_joined = None if one.joined is None else (day - one.joined) * DAY_US
    return all(
        (
            not who.segment or one.segment in who.segment,
            not who.city or one.city in who.city,
            not who.channel or one.channel in who.channel,
            who.cohort is None or who.cohort[0] <= one.percentile < who.cohort[1],
            who.holder is None or who.holder == one.holder,
            who.team is None or who.team == one.team,
            who.joined_within is None or (since_joined is not None and since_joined < who.joined_within),
            who.away_for is None or one.away * DAY_US >= who.away_for,
            who.streak is None or who.streak[0] <= one.streak <= min(who.streak[1], 7),
            who.minutes_from is None or one.minutes >= who.minutes_from,
            who.minutes_below is None or one.minutes < who.minutes_below,
        )
    )


def is_for_anybody(who: Who) -> bool:
    """Whether a rule asks nothing of people but since when and how steadily they play."""
    days = Who(joined_within=who.joined_within, away_for=who.away_for, streak=who.streak)
    return days == who


def kind_of(form: Form) -> str:
    """The form of a rule; a goal of deeds, which is paid for a deed, is another one than a goal of beans."""
    return "milestone" if form.goal is not None and form.goal.deeds else form.kind


def remembers(form: Form) -> bool:
    """Whether a rule has to remember what somebody did, or was paid, before."""
    return kind_of(form) in ("tiers", "cap", "fading_cap", "milestone") or (form.each or 1) > 1


def is_of_teams(form: Form) -> bool:
    """Whether teams are what a rule ranks, or what reaches its goal: it is for their members."""
    together = form.rank or form.share
    return together is not None and together.of == "team"


def is_drawing(form: Form) -> bool:
    """Whether winners are drawn at midnight among all who took part."""
    return form.lottery is not None and form.lottery.winners is not None


def counts_many(form: Form) -> bool:
    """Whether a rule counts what many do: to rank them, towards a goal they share, or to draw among them."""
    return form.rank is not None or form.share is not None or is_drawing(form)


def pays_money(form: Form) -> bool:
    """Whether a rule gives money, which it has a pool for."""
    return form.rank is not None or (form.lottery is not None and form.lottery.money > 0)


def asks_budget(rule: Rule) -> bool:
    """Whether what a rule gives has to be asked of a budget in beans."""
    return rule.budget is not None and not pays_money(rule.form)


def within_clock(minute: int, hours: tuple[int, int]) -> bool:
    """Whether a minute of the day lies in a stretch of it, which may pass midnight."""
    begin, end = hours
    return begin <= minute < end if begin < end else minute >= begin or minute < end


class Rulebook:
    """The rules of a scenario, by their place in its file."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.rules: list[Rule] = list(scenario.rules.values())
        self.ended: frozenset[int] = frozenset()  # rules whose budget is spent
        self.cities = {name: city.share for name, city in scenario.cities.items()}

    def holding(self, one: Someone, t_us: int) -> tuple[int, ...]:
        """The rules that hold for somebody at an instant, in the order of the file."""
        meant = self.meant_for(one, t_us // DAY_US)
        return tuple(k for k, rule in enumerate(self.rules) if k in meant and self.is_time(rule, t_us))

    def meant_for(self, one: Someone, day: int) -> frozenset[int]:
        """The rules that are for somebody on a day, whenever the calendar lets them hold."""
        return frozenset(
            k for k, rule in enumerate(self.rules)
            if k not in self.ended and is_for(rule.who, one, day) and (one.team or not is_of_teams(rule.form))
            and not (one.has_given and rule.form.match and rule.form.match.first)
        )  # fmt: skip

    def is_time(self, rule: Rule, t_us: int) -> bool:
        """Whether everything that a rule names of time holds."""
        when, clock = rule.when, self.clock(t_us)
        begin, end = self.stretch(rule)
        return all(
            (
                begin <= t_us < end,
                not when.weekdays or WEEKDAYS[clock.weekday()] in when.weekdays,
                when.hours is None or within_clock(clock.hour * 60 + clock.minute, when.hours),
                when.first is None or t_us - begin < when.first,
            )
        )

    def stretch(self, rule: Rule) -> tuple[int, int]:
        """From when to when a rule can hold: its phase, and its own start and end."""
        begin, end, when = 0, self.scenario.scenario.length, rule.when
        if when.phase is not None:
            phase = self.scenario.phases[when.phase]
            begin, end = since_start(self.scenario, phase.start), since_start(self.scenario, phase.end)
        if when.start is not None:
            begin = max(begin, since_start(self.scenario, when.start))
        if when.end is not None:
            end = min(end, since_start(self.scenario, when.end))
        return begin, end

    def clock(self, t_us: int) -> datetime:
        """The instant by the clock of Shanghai."""
        return self.scenario.scenario.start + timedelta(microseconds=t_us)

    def concerns(self, k: int, deed: str) -> bool:
        """Whether a rule is about a deed, which is one of the catalogue or an order, an invitation, a beginning."""
        what = self.rules[k].what
        entry = self.scenario.deeds.get(deed)
        is_gift = entry is not None and entry.effect == "gift"
        return ANY in what or deed in what or (is_gift and "gift" in what)

    def about(self, live: Collection[int], deed: str, kinds: Collection[str]) -> list[tuple[int, Form]]:
        """The live rules of some forms that are about a deed, in the order of the file."""
        forms = [(k, self.rules[k].form) for k in sorted(live) if self.concerns(k, deed)]
        entry = self.scenario.deeds.get(deed)
        uses = entry is not None and entry.effect in (
            "bean_gift",
            "redeem",
        )  # and what uses beans brings none
        return [
            (k, form)
            for k, form in forms
            if kind_of(form) in kinds and not (uses and kind_of(form) in PAYING)
        ]

    def pool_of(self, k: int) -> int:
        """The number of the pool of a rule that pays money: behind those of the sponsors, in the order of the file."""
        mine = [other for other, rule in enumerate(self.rules) if pays_money(rule.form)]
        return 1 + len(self.scenario.pools) + mine.index(k)

    def together(self) -> list[int]:
        """The rules that rank, or have a goal that many share: what is done is added up for teams, or all."""
        return [
            k
            for k, rule in enumerate(self.rules)
            if rule.form.rank is not None or rule.form.share is not None
        ]

    # --- counting -----------------------------------------------------------------------------------------

    def counted(self, k: int, counts: Counts, day: int) -> int:
        """What a rule has counted of somebody in the stretch that a day belongs to."""
        return counts.number.get(k, 0) if counts.since.get(k) == self.since(k, day) else 0

    def since(self, k: int, day: int) -> int:
        """The day with which the stretch began over which a rule counts; weeks begin on Mondays."""
        rule = self.rules[k]
        if rule.form.per == "day" or rule.form.lottery is not None:
            return day
        if rule.form.per == "week":
            return day - self.clock(day * DAY_US).weekday()
        return self.stretch(rule)[0] // DAY_US if rule.form.per == "phase" else 0

    def stretch_number(self, k: int, since: int) -> int:
        """The number of a stretch that began with a day, from 1 on."""
        per = self.rules[k].form.per
        if per == "day" or self.rules[k].form.lottery is not None:
            return since + 1
        return (since + self.clock(0).weekday()) // 7 + 1 if per == "week" else 1

    def count(self, deed: str, live: Collection[int], paid: int, counts: Counts, day: int) -> None:
        """A deed was done under rules and brought so many beans."""
        deeds = [k for k, form in self.about(live, deed, PAYING) if remembers(form)]
        beans = [k for k, _ in self.about(live, deed, ("cap", "fading_cap"))]
        for k, more in [(k, 1) for k in deeds] + [(k, paid) for k in beans]:
            counts.number[k] = self.counted(k, counts, day) + more
            counts.since[k] = self.since(k, day)

    # --- paying -------------------------------------------------------------------------------------------

    def pay(
        self, deed: str, base: Part, live: Collection[int], streak: int, counts: Counts, day: int
    ) -> list[Part]:
        """The parts of the pay of a deed that is done next: its own, what rules add, less what they cut."""
        parts = [Part(None, base.beans, base.minutes)]
        for k, form in self.about(live, deed, PAYING):
            self.raise_pay(parts, k, form, self.counted(k, counts, day) + 1, streak)
        for k, form in self.about(live, deed, ("cap", "fading_cap")):
            beans = sum(part.beans for part in parts)
            let = let_through(form, beans, self.counted(k, counts, day))
            cut(parts, "beans", beans - let)
        return parts

    def raise_pay(self, parts: list[Part], k: int, form: Form, nth: int, streak: int) -> None:
        """What one rule makes of the parts before it."""
        if form.each and nth % form.each:
            return
        if form.tiers:
            reached = [tier for tier in form.tiers if tier.start <= nth]
            if reached:
                cut(parts, "beans", sum(part.beans for part in parts))
                parts.append(Part(k, beans=max(reached, key=lambda tier: tier.start).beans))
        elif form.times is not None:
            multiply(parts, k, form.times, UNITS[form.of])
        elif form.streak is not None:
            reached_steps = [step for step in form.streak.steps if step.day <= streak]
            if reached_steps:
                multiply(parts, k, max(reached_steps, key=lambda step: step.day).times, UNITS["beans"])
        elif form.goal is not None:
            reached_now = nth + form.goal.head_start == form.goal.deeds
            parts.append(Part(k, form.goal.prize if reached_now else 0))
        else:
            parts.append(Part(k, form.add or 0, form.add_hours or 0))

    def price_under(self, live: Collection[int]) -> int:
        """How many beans make a yuan under rules when they are given: what the first of them says."""
        prices = [price for k in sorted(live) if (price := self.rules[k].form.price) is not None]
        return prices[0] if prices else self.scenario.beans.per_yuan

    def most_a_day(self, deed: str, live: Collection[int]) -> int | None:
        """How often a day a deed can be done under rules; None is as often as one likes."""
        return min((form.limit or 0 for _, form in self.about(live, deed, ("limit",))), default=None)


def multiply(parts: list[Part], k: int, ratio: int, units: Sequence[str]) -> None:
    """The sum so far, times a ratio: what it is more is the rule's part, what it is less comes off the last ones."""
    added = Part(k)
    for unit_ in units:
        before = sum(getattr(part, unit_) for part in parts)
        after = share_of(before, ratio)
        setattr(added, unit_, max(after - before, 0))
        cut(parts, unit_, max(before - after, 0))
    parts.append(added)


def cut(parts: list[Part], unit_: str, much: int) -> None:
    """Take so much away, of the last parts first."""
    for part in reversed(parts):
        less = min(getattr(part, unit_), much)
        setattr(part, unit_, getattr(part, unit_) - less)
        much -= less


def let_through(form: Form, beans: int, before: int) -> int:
    """Of so many beans, what a cap lets through after what was paid under it before."""
    if form.cap is not None:
        return min(beans, max(form.cap - before, 0))
    whole = min(beans, max((form.fading_cap or 0) - before, 0))
    return whole + share_of(beans - whole, form.keeps)
