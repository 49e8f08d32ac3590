"""What must hold within the form of an incentive rule: it does something, its steps rise, its means suffice."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from sim.domain.ratios import PPM
from sim.loading.finding import Finding, Findings
from sim.loading.lines import Path
from sim.loading.rulechecks import ALL, each_form
from sim.scenario import Scenario
from sim.scenario.incentives import ANY, LIMITS, Form, Rule
from sim.units import format_fen

# What goes with which form; beside any other it does nothing.
BESIDE: dict[str, tuple[str, ...]] = {
    "of": ("times",),
    "each": ("add", "add_hours", "times"),
    "per": ("tiers", "add", "add_hours", "times", "cap", "fading_cap", "goal", "rank", "share"),
    "keeps": ("fading_cap",),
    "later": ("add", "add_hours", "times"),
}
MOST_BEANS = 60_000  # of one payment
MOST_CAP = 2**19 - 1  # of all that a cap counts of one user, in a day or for ever
MOST_FEN = 2**31 - 1
MOST_TIERS = 96  # tiers and steps of all rules stand in one table
MOST_BADGES = 8  # … of which so many may be badges': one gain of hours can pass them all
MOST_OF = {"match": 16, "cofund": 3}  # … and so do the promises of sponsors
MOST_MATCH_TIERS = 8
MOST_PRICE = 10_000  # a hundred beans are worth a fen at least


def modifiers_act(s: Scenario) -> Findings:
    """`each` counts what is added, `keeps` belongs to a fading cap: beside other forms they do nothing."""
    for path, rule in each_form(s):
        form = rule.form
        for key, kinds in BESIDE.items():
            if getattr(form, key) == Form.model_fields[key].default:
                continue
            here, reads = (*path, "form", key), ((*path, "form", form.kind),)
            if form.kind not in kinds:
                yield Finding(
                    here, f"does nothing beside {form.kind}: it goes with {', '.join(kinds)}", reads
                )
            elif key == "per" and form.kind in BESIDE["each"] and form.each is None:
                yield Finding(
                    here, f"does nothing: {form.kind} counts only with each; add it or drop this", reads
                )
            elif key == "per" and form.goal is not None and form.goal.beans is not None:
                yield Finding(here, "does nothing: a goal of beans is held at once; drop it", reads)
        if form.each == 1:
            yield Finding(
                (*path, "form", "each"), "does nothing: every one is every one; drop it or raise it"
            )


def steps_rise(s: Scenario) -> Findings:
    """Tiers and steps stand in their order and do not overlap."""
    for path, rule in each_form(s):
        form = rule.form
        rows: list[tuple[Path, str, tuple[object, ...]]] = [(("tiers",), "start", form.tiers)]
        rows += [(("streak", "steps"), "day", form.streak.steps)] if form.streak else []
        rows += [(("badges", "tiers"), "hours", form.badges.tiers)] if form.badges else []
        rows += [(("match", "tiers"), "above", form.match.tiers)] if form.match else []
        for where, key, entries in rows:
            here: Path = (*path, "form", *where)
            if not entries and where[0] == form.kind and where[0] != "match":
                yield Finding(here, f"has no {where[-1]}; write at least one")
            for i, (one, two) in enumerate(pairwise(entries)):
                if getattr(two, key) <= getattr(one, key):
                    problem = f"must be above that of the one before: {where[-1]} may not overlap; sort them"
                    yield Finding((*here, i + 1, key), problem, ((*here, i, key),))


def forms_do_something(s: Scenario) -> Findings:
    """What multiplies by one, keeps all or pays nobody is no incentive."""
    for path, rule in each_form(s):
        for where, problem in _does_nothing(rule.form):
            here: Path = (*path, "form", *where)
            yield Finding(here, problem, ((*here, "*"),))


def _does_nothing(form: Form) -> Iterator[tuple[Path, str]]:
    """Where a form does nothing, and what it should have. (0 switches a rule off, as everywhere.)"""
    if form.times == PPM:
        yield ("times",), "changes nothing: times 1 is what it was; use another factor or remove the rule"
    if form.fading_cap is not None and form.keeps == PPM:
        yield ("keeps",), "cuts nothing: all of it is kept; use a share below 1"
    if form.fading_cap is not None and form.keeps == 0:
        yield ("keeps",), "keeps nothing, which is a plain cap; write cap instead of fading_cap"
    if form.streak is not None and form.streak.steps and all(one.times == PPM for one in form.streak.steps):
        yield ("streak", "steps"), "change nothing: all are times 1; raise one of them"
    if form.refer is not None and not (form.refer.inviter or form.refer.invitee):
        yield ("refer",), "pays nobody; give beans to the inviter, the invitee or both"
    if form.match is not None and form.match.tiers and form.match.ratio != PPM:
        yield (
            ("match", "ratio"),
            "does nothing beside tiers, which have ratios of their own; drop one of them",
        )


def goals_can_be_reached(s: Scenario) -> Findings:
    """A goal counts deeds or beans, and is not reached before it begins."""
    for path, rule in each_form(s):
        goal, here = rule.form.goal, (*path, "form", "goal")
        if goal is None:
            continue
        reads: tuple[Path, ...] = ((*here, "deeds"), (*here, "beans"))
        if goal.deeds is None and goal.beans is None:
            yield Finding(here, "says not what to reach; give deeds or beans", reads)
        elif goal.deeds is not None and goal.beans is not None:
            yield Finding(
                (*here, "beans"), "stands beside deeds; a goal is one of them, make two rules of it", reads
            )
        elif goal.head_start >= (most := goal.deeds or goal.beans or 0):
            yield Finding((*here, "head_start"), f"must be below the goal ({most})", reads)
        if goal.beans is not None and rule.what != ALL:
            problem = "does nothing: a goal of beans counts all that is held; leave it out, or count deeds"
            yield Finding((*path, "what"), problem, reads)


def counts_can_be_reached(s: Scenario) -> Findings:
    """What counts to a number gets there within what other rules let be done."""
    for path, rule in each_form(s):
        form = rule.form
        wanted: list[tuple[Path, int]] = []
        wanted += [(("each",), form.each)] if form.each else []
        wanted += [(("tiers", i, "start"), tier.start) for i, tier in enumerate(form.tiers)]
        if form.goal is not None and form.goal.deeds:
            wanted.append((("goal", "deeds"), form.goal.deeds - form.goal.head_start))
        most, by = _most_often(s, rule)
        for where, count in wanted:
            if by and count > most:
                problem = (
                    f"is never reached: rules.{by} allows {most} times a {form.per}; lower it or raise that"
                )
                yield Finding(
                    (*path, "form", *where), problem, (("rules", by), (*path, "what"), (*path, "form", "per"))
                )


def _most_often(s: Scenario, rule: Rule) -> tuple[int, str]:
    """How often what a rule is about can be done over its `per`, and by which rule; no name where there is no limit."""
    days = {"day": 1, "week": 7}.get(rule.form.per, 0)
    most, by = 0, ""
    for thing in rule.what:
        limits = [
            (one.form.limit, name)
            for name, one in s.rules.items()
            if one.form.limit and _for_all(one) and {thing, ANY} & {*one.what}
        ]
        if not limits or not days or thing not in s.deeds:
            return 0, ""
        least, by = min(limits)
        most += least * days
    return most, by


def _for_all(rule: Rule) -> bool:
    """Whether a rule always holds for everybody."""
    return all(getattr(rule, key) == Rule.model_fields[key].default for key in ("who", "when"))


def lotteries_are_sound(s: Scenario) -> Findings:
    """A lottery draws in one way for one kind of prize, and its pot holds one prize at least."""
    for path, rule in each_form(s):
        lottery, here = rule.form.lottery, (*path, "form", "lottery")
        if lottery is None:
            continue
        for one, other, what in (("chance", "winners", "how to draw"), ("money", "beans", "what to win")):
            given = [key for key in (one, other) if getattr(lottery, key)]
            reads: tuple[Path, ...] = ((*here, one), (*here, other))
            if not given:
                yield Finding(here, f"says not {what}; give {one} or {other}", reads)
            elif len(given) == 2:
                yield Finding((*here, other), f"stands beside {one}; keep one of them", reads)
        prize = lottery.money or _worth(s, lottery.beans)
        if lottery.money and rule.budget is None:
            problem = 'has no pot; add budget = "10000 yuan" to the rule, at real size'
            yield Finding((*here, "money"), problem, ((*path, "budget"),))
        elif rule.budget is not None and prize * (lottery.winners or 1) > rule.budget:
            times = f" for {lottery.winners} winners" if lottery.winners else ""
            problem = f"is more than the pot{times} ({format_fen(rule.budget)}): it could not be paid; raise the budget"
            key = "money" if lottery.money else "beans"
            yield Finding(
                (*here, key), problem, ((*path, "budget"), (*here, "winners"), ("beans", "per_yuan"))
            )


def _worth(s: Scenario, beans: int) -> int:
    """Fen of so many beans at their sponsor's price."""
    return beans * 100 // s.beans.per_yuan


def budgets_are_spent(s: Scenario) -> Findings:
    """A budget belongs to what costs something, and pays for one prize at least."""
    for path, rule in each_form(s):
        if rule.budget is None:
            continue
        here, form = (*path, "budget"), rule.form
        reads: tuple[Path, ...] = ((*path, "form"),)
        if not _costs(form):
            yield Finding(here, f"is never spent: {form.kind} pays nobody beans or money; remove it", reads)
        elif rule.budget == 0:
            yield Finding(here, "is spent before the rule begins; raise it or remove the rule")
        elif form.rank is not None and form.rank.money > rule.budget:
            problem = f"is less than what the best share ({format_fen(form.rank.money)}); raise it"
            yield Finding(here, problem, ((*path, "form", "rank", "money"),))


def _costs(form: Form) -> bool:
    """Whether a form pays beans or money."""
    if form.goal is not None:
        return form.goal.prize > 0 or form.goal.head_start > 0
    if form.times is not None:
        return form.times > PPM and form.of != "hours"
    return form.kind not in (*LIMITS, "add_hours", "badges", "nudge", "price", "decay")


def rule_amounts_fit(s: Scenario) -> Findings:
    """Beans of one payment fit 16 bits, those that a cap counts 19, money of one payment 32."""
    for path, rule in each_form(s):
        for where, beans in _beans_of(rule.form):
            most = MOST_CAP if where[0] in ("cap", "fading_cap") else MOST_BEANS
            if beans > most:
                yield Finding((*path, "form", *where), f"is too large; use at most {most} beans")
        for where, fen in _fen_of(rule.form):
            if fen > MOST_FEN:
                yield Finding((*path, "form", *where), f"is too large; use at most {format_fen(MOST_FEN)}")
        if rule.form.price is not None and rule.form.price > MOST_PRICE:
            yield Finding(
                (*path, "form", "price"), f"is too large; use at most {MOST_PRICE} beans for a yuan"
            )


def _beans_of(form: Form) -> Iterator[tuple[Path, int]]:
    for key in ("add", "cap", "fading_cap"):
        yield (key,), getattr(form, key) or 0
    for i, tier in enumerate(form.tiers):
        yield ("tiers", i, "beans"), tier.beans
    for key, fields in (
        ("goal", ("beans", "prize", "head_start")), ("lottery", ("beans",)), ("share", ("beans",)),
        ("refer", ("inviter", "invitee")),
    ):  # fmt: skip
        inner = getattr(form, key)
        for field in fields if inner is not None else ():
            yield (key, field), getattr(inner, field) or 0


def _fen_of(form: Form) -> Iterator[tuple[Path, int]]:
    for key, fields in (
        ("lottery", ("money",)), ("match", ("most", "per_account")), ("cofund", ("above", "most", "per_account")),
    ):  # fmt: skip
        inner = getattr(form, key)
        for field in fields if inner is not None else ():
            yield (key, field), getattr(inner, field)


def tiers_have_room(s: Scenario) -> Findings:
    """Tiers and steps of all rules stand in one table, and so many tiers of badges can be earned at once."""
    upto = badges = 0
    told: set[str] = set()
    for path, rule in each_form(s):
        form = rule.form
        mine = len(form.badges.tiers if form.badges is not None else ())
        upto += len(form.tiers) + len(form.streak.steps if form.streak is not None else ()) + mine
        badges += mine
        for what, count, most in (
            ("tiers and steps of all rules", upto, MOST_TIERS),
            ("tiers of all badges", badges, MOST_BADGES),
        ):
            if count > most and what not in told:
                told.add(what)
                problem = f"makes {count} {what} together; keep at most {most}"
                yield Finding((*path, "form", form.kind), problem, (("rules", "*", "form", "*"),))


def promises_have_room(s: Scenario) -> Findings:
    """So many promises of sponsors, and so many tiers of one, are told apart."""
    counts = dict.fromkeys(MOST_OF, 0)
    for path, rule in each_form(s):
        kind, match = rule.form.kind, rule.form.match
        if kind in MOST_OF:
            counts[kind] += 1
            if counts[kind] == MOST_OF[kind] + 1:
                problem = f"is the {counts[kind]}th rule with {kind}; keep at most {MOST_OF[kind]}"
                yield Finding((*path, "form", kind), problem, (("rules", "*", "form", "*"),))
        if match is not None and len(match.tiers) > MOST_MATCH_TIERS:
            problem = f"are {len(match.tiers)}; keep at most {MOST_MATCH_TIERS}"
            yield Finding((*path, "form", "match", "tiers"), problem)


def badges_can_be_read(s: Scenario) -> Findings:
    """Badges have labels of their own."""
    for path, rule in each_form(s):
        labels = [one.label for one in rule.form.badges.tiers] if rule.form.badges is not None else []
        for i, label in enumerate(labels):
            here: Path = (*path, "form", "badges", "tiers", i, "label")
            if not label.strip():
                yield Finding(here, "is blank; write what people should read")
            elif label in labels[:i]:
                yield Finding(here, "is the label of another tier too; give each its own")
