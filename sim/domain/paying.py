"""What a deed pays under the rules that hold, in parts: one for the deed itself and one for every rule.

Those that pay act in the order of the file, each on what stands before it; then those that limit cut what came last
first. Every share is rounded once. Plain Python, for explanations; the engine has the same rule compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from sim.domain.holding import MOST_STREAK, Person, failing
from sim.domain.ratios import PPM, share_of

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.scenario.incentives import Form, Rule

OWN = ""  # the name of the deed's own part
BEYOND_THE_CATALOGUE = ("order", "invite", "join")  # what somebody may also be paid for
GIFT = "gift"


class Part(NamedTuple):
    """What one rule brings; as a step also what it takes."""

    rule: str
    beans: int
    minutes: int = 0


class Pay(NamedTuple):
    """What is paid for a deed.

    `parts` are as they are booked, `steps` how they came about: what each rule added or took, in the order they act.
    """

    parts: tuple[Part, ...] = ()
    steps: tuple[Part, ...] = ()
    idle: tuple[str, ...] = ()  # rules that hold, are about it and change nothing this time
    closed: str = ""  # the rule under which it cannot be done any more today

    @property
    def beans(self) -> int:
        """All beans."""
        return sum(part.beans for part in self.parts)

    @property
    def minutes(self) -> int:
        """All charity time."""
        return sum(part.minutes for part in self.parts)


@dataclass(frozen=True)
class Past:
    """What somebody did before, as the rules count it: each over its own `per`."""

    done: Mapping[str, int] = field(default_factory=dict)  # today, by deed
    counted: Mapping[str, int] = field(default_factory=dict)  # deeds, by rule
    paid: Mapping[str, int] = field(default_factory=dict)  # beans, by rule


NOTHING_YET = Past()


def holding(scenario: Scenario, person: Person, at: datetime) -> dict[str, Rule]:
    """The rules that hold for somebody at an instant, by name in the order of the file."""
    rules, phases = scenario.rules.items(), scenario.phases
    return {name: rule for name, rule in rules if not failing(rule, person, at, phases)}


def concerns(scenario: Scenario, rule: Rule, deed: str) -> bool:
    """Whether a rule is about a deed: by its name, as a gift if none has that name, or as any."""
    known = scenario.deeds.get(deed)
    is_gift = known is not None and known.effect == GIFT and GIFT not in scenario.deeds
    return deed in rule.what or "any" in rule.what or (is_gift and GIFT in rule.what)


def own_pay(scenario: Scenario, deed: str) -> Part:
    """What a deed pays without any rule."""
    if deed in scenario.deeds:
        return Part(OWN, scenario.deeds[deed].beans, scenario.deeds[deed].hours)
    return Part(OWN, scenario.orders.beans, scenario.orders.hours) if deed == "order" else Part(OWN, 0)


def pay(scenario: Scenario, person: Person, at: datetime, deed: str, past: Past = NOTHING_YET) -> Pay:
    """What somebody with such a past is paid for a deed at an instant."""
    about = _about(scenario, person, at, deed)
    for name, rule in about.items():
        if rule.form.limit is not None and past.done.get(deed, 0) >= rule.form.limit:
            return Pay(closed=name)
    account = _Account([own_pay(scenario, deed)])
    for name, rule in about.items():
        count = past.counted.get(name, 0) + 1
        if rule.form.kind in PAYING and _is_its_turn(rule.form, count):
            PAYING[rule.form.kind](account, name, rule.form, count, person)
    for name, rule in about.items():
        if rule.form.kind in LIMITING:
            through = LIMITING[rule.form.kind](rule.form, account.beans, past.paid.get(name, 0))
            account.cut(name, account.beans - through, 0)
    acted = {step.rule for step in account.steps}
    idle = [name for name, rule in about.items() if rule.form.kind in PAYING and name not in acted]
    parts = [part for part in account.parts if part.beans or part.minutes]
    return Pay(tuple(parts), tuple(account.steps), tuple(idle))


def after(scenario: Scenario, person: Person, at: datetime, deed: str, past: Past = NOTHING_YET) -> Past:
    """The past, once a deed was done and paid; nothing is done that is closed."""
    got = pay(scenario, person, at, deed, past)
    if got.closed:
        return past
    about = list(_about(scenario, person, at, deed))
    return Past(
        _more(past.done, [deed], 1), _more(past.counted, about, 1), _more(past.paid, about, got.beans)
    )


def past_of(scenario: Scenario, person: Person, at: datetime, done: Mapping[str, int]) -> Past:
    """The past of somebody who did each deed so often, one after the other."""
    past = NOTHING_YET
    for deed, times in done.items():
        for _ in range(times):
            past = after(scenario, person, at, deed, past)
    return past


def _about(scenario: Scenario, person: Person, at: datetime, deed: str) -> dict[str, Rule]:
    held = holding(scenario, person, at)
    return {name: rule for name, rule in held.items() if concerns(scenario, rule, deed)}


def _is_its_turn(form: Form, count: int) -> bool:
    """Whether a rule acts on the deed of this number: of `each`, only on every so many-th."""
    return form.kind not in COUNTS or form.each is None or count % form.each == 0


def _more(counts: Mapping[str, int], names: list[str], by: int) -> dict[str, int]:
    return {**counts, **{name: counts.get(name, 0) + by for name in names}}


class _Account:
    """The parts of one pay while the rules act on it, and every step."""

    def __init__(self, parts: list[Part]) -> None:
        self.parts, self.steps = parts, list(parts)

    @property
    def beans(self) -> int:
        return sum(part.beans for part in self.parts)

    @property
    def minutes(self) -> int:
        return sum(part.minutes for part in self.parts)

    def add(self, rule: str, beans: int, minutes: int) -> None:
        if beans or minutes:
            self.parts.append(Part(rule, beans, minutes))
            self.steps.append(Part(rule, beans, minutes))

    def cut(self, rule: str, beans: int, minutes: int) -> None:
        """Take so much, of what came last first."""
        if not (beans or minutes):
            return
        self.steps.append(Part(rule, -beans, -minutes))
        for k in reversed(range(len(self.parts))):
            part = self.parts[k]
            less, shorter = min(beans, part.beans), min(minutes, part.minutes)
            beans, minutes = beans - less, minutes - shorter
            self.parts[k] = Part(part.rule, part.beans - less, part.minutes - shorter)

    def multiply(self, rule: str, ratio: int, of: str) -> None:
        """So many times the sum, rounded once: what is more is the rule's own part, what is less is cut."""
        beans = share_of(self.beans, ratio) - self.beans if of in ("beans", "both") else 0
        minutes = share_of(self.minutes, ratio) - self.minutes if of in ("hours", "both") else 0
        self.add(rule, max(beans, 0), max(minutes, 0))
        self.cut(rule, max(-beans, 0), max(-minutes, 0))


def _add(account: _Account, name: str, form: Form, count: int, person: Person) -> None:
    account.add(name, form.add or 0, form.add_hours or 0)


def _times(account: _Account, name: str, form: Form, count: int, person: Person) -> None:
    account.multiply(name, PPM if form.times is None else form.times, form.of)


def _tiers(account: _Account, name: str, form: Form, count: int, person: Person) -> None:
    """The beans of the tier that this many deeds have reached stand in the place of all before."""
    reached = max((tier for tier in form.tiers if tier.start <= count), key=lambda t: t.start, default=None)
    if reached is not None:
        account.cut(name, account.beans, 0)
        account.add(name, reached.beans, 0)


def _streak(account: _Account, name: str, form: Form, count: int, person: Person) -> None:
    """The multiple of the last step that the days in a row have reached."""
    steps = form.streak.steps if form.streak is not None else ()
    days = min(person.streak, MOST_STREAK)
    reached = max((step for step in steps if step.day <= days), key=lambda s: s.day, default=None)
    if reached is not None:
        account.multiply(name, reached.times, "beans")


def _cap(form: Form, beans: int, before: int) -> int:
    return min(beans, max((form.cap or 0) - before, 0))


def _fading_cap(form: Form, beans: int, before: int) -> int:
    whole = min(beans, max((form.fading_cap or 0) - before, 0))
    return whole + share_of(beans - whole, form.keeps)


# The forms that change what a deed pays …
PAYING: dict[str, Callable[[_Account, str, Form, int, Person], None]] = {
    "add": _add, "add_hours": _add, "times": _times, "tiers": _tiers, "streak": _streak,
}  # fmt: skip
COUNTS = ("add", "add_hours", "times")  # those of them that may act on every so many-th only
# … and those that let only so much of it through after what was paid before.
LIMITING: dict[str, Callable[[Form, int, int], int]] = {"cap": _cap, "fading_cap": _fading_cap}
