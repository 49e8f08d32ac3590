"""What an incentive rule can be about, and when: one form, deeds and pools that are there, a time that comes.

Whom a rule is for stands in `people`, what goes with a form in `ruleforms`, how two rules go together in `ruleclashes`.
"""

from __future__ import annotations

from collections.abc import Iterator

from sim.loading.calendar import CALENDAR
from sim.loading.finding import Finding, Findings
from sim.loading.lines import Path
from sim.loading.people import unknown
from sim.loading.stretches import run_us, stretches, window
from sim.scenario import Scenario, since_start
from sim.scenario.incentives import ANY, BESIDES, KINDS, PAYS, Form, Rule, When
from sim.suggestions import did_you_mean

DEED = "deeds"
PAID = (DEED, "order", "gift", "invite", "join", ANY)
ALL = (ANY,)
# What a form can be about, beside deeds of the catalogue (which stand for `gift` too, if they are gifts of money).
ABOUT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((*PAYS, "cap", "fading_cap", "lottery", "goal", "rank", "share"), PAID),
    "limit": (DEED, "gift", ANY), "badges": ALL, "nudge": ALL, "price": ALL, "decay": ALL,
    "refer": (DEED, "gift", "invite", ANY), "match": ("gift",), "cofund": ("order", "pledge"),
}  # fmt: skip
SPENDS = ("bean_gift", "redeem")  # effects that bring no beans
BRINGS_NO_HOURS = ("redeem", "account", "team")
POOLS = {"match": "gifts", "cofund": "orders"}


def each_form(s: Scenario) -> Iterator[tuple[Path, Rule]]:
    """The rules with one form, and where they stand."""
    for name, rule in s.rules.items():
        if len(rule.form.kinds) == 1:
            yield ("rules", name), rule


def one_form(s: Scenario) -> Findings:
    """A rule says one thing."""
    for name, rule in s.rules.items():
        path: Path = ("rules", name, "form")
        kinds = rule.form.kinds
        reads: tuple[Path, ...] = ((*path, "*"),)
        if not kinds:
            yield Finding(path, f"says nothing; write one of {', '.join(KINDS)}", reads)
        for kind in kinds[1:]:
            yield Finding(
                (*path, kind), f"stands beside {kinds[0]}; one rule has one form, make two of it", reads
            )


# --- what it is about ---------------------------------------------------------------------------------------


def things_are_known(s: Scenario) -> Findings:
    """A rule is about deeds of the catalogue, or what else can be done."""
    for name, rule in s.rules.items():
        path: Path = ("rules", name, "what")
        known = {**s.deeds, **dict.fromkeys(BESIDES)}
        yield from unknown(path, rule.what, known, "is no deed of this scenario", "deeds")
        if not rule.what:
            yield Finding(path, "names nothing; name a deed, or leave it out for any")
        if ANY in rule.what and len(rule.what) > 1:
            yield Finding(path, 'says "any" beside others, and it stands for all; keep one of them')
        for thing in rule.what:
            if thing in BESIDES and thing in s.deeds and s.deeds[thing].effect != thing:
                problem = f"names {thing}, which is a deed here and means something else too; rename the deed"
                yield Finding(path, problem, (("deeds", thing, "effect"),))


def forms_are_about_something(s: Scenario) -> Findings:
    """A match adds to gifts, a limit closes deeds, a price is one for all."""
    for path, rule in each_form(s):
        kind, doings = rule.form.kind, ABOUT[rule.form.kind]
        wrong = [thing for thing in rule.what if (thing if thing in BESIDES else DEED) not in doings]
        wrong = [thing for thing in wrong if not (thing in s.deeds and DEED in doings)]
        if wrong and all(thing in s.deeds or thing in BESIDES for thing in wrong):
            options = " or ".join(one if one == DEED else f'"{one}"' for one in doings)
            problem = f'cannot be "{wrong[0]}" for {kind}, which is about {options}'
            yield Finding((*path, "what"), problem, ((*path, "form"),))


def deeds_can_be_paid(s: Scenario) -> Findings:
    """Spending beans brings none, and general participation is worth no hours: people would act on the promise."""
    for path, rule in each_form(s):
        for deed in (one for one in rule.what if one in s.deeds):
            effect, kind = s.deeds[deed].effect, s.deeds[deed].kind
            reads: tuple[Path, ...] = (("deeds", deed, "effect"), ("deeds", deed, "kind"), (*path, "form"))
            if _pays_beans(rule.form) and effect in SPENDS:
                problem = f'names {deed}, whose effect = "{effect}" spends beans and brings none; take it out'
                yield Finding((*path, "what"), problem, reads)
            elif _only_hours(rule.form) and (kind == "general" or effect in BRINGS_NO_HOURS):
                problem = f"names {deed}, which is worth no hours whatever a rule says; take it out"
                yield Finding((*path, "what"), problem, reads)


def _only_hours(form: Form) -> bool:
    return form.kind == "add_hours" or (form.kind == "times" and form.of == "hours")


def _pays_beans(form: Form) -> bool:
    return form.kind in PAYS and not _only_hours(form)


def pools_are_there(s: Scenario) -> Findings:
    """Matches come from a pool for gifts, cofunding from one for orders."""
    for path, rule in each_form(s):
        kind = rule.form.kind
        if kind in POOLS:
            here: Path = (*path, "form", kind, "pool")
            name = getattr(rule.form, kind).pool
            serves = [one for one, pool in s.pools.items() if pool.serves == POOLS[kind]]
            if name not in s.pools:
                hint = did_you_mean(name, serves) or f"; add a table [pools.{name}]"
                yield Finding(here, f"is no pool of this scenario{hint}", (("pools", name),))
            elif name not in serves:
                problem = f'is a pool for {s.pools[name].serves}; name one with serves = "{POOLS[kind]}"'
                yield Finding(here, problem, (("pools", name, "serves"),))


def causes_have_projects(s: Scenario) -> Findings:
    """A match for one cause finds projects of it."""
    for path, rule in each_form(s):
        match = rule.form.match
        if match is not None and match.cause is not None and not s.projects.causes.get(match.cause):
            problem = f"has no projects; give {match.cause} a share in [projects.causes]"
            reads: tuple[Path, ...] = (("projects", "causes", match.cause),)
            yield Finding((*path, "form", "match", "cause"), problem, reads)


# --- when ---------------------------------------------------------------------------------------------------


def times_come(s: Scenario) -> Findings:
    """There is an instant of the run at which the rule holds."""
    for name, rule in s.rules.items():
        path: Path = ("rules", name, "when")
        told = next(_never(s, rule.when), None)
        if told is not None:
            key, problem = told
            own = tuple((*path, other) for other in When.model_fields)
            yield Finding((*path, key), problem, (*own, *CALENDAR, ("phases", str(rule.when.phase))))


def _never(s: Scenario, when: When) -> Iterator[tuple[str, str]]:
    """Why a rule never holds, beginning with what explains the rest."""
    if when.phase is not None and when.phase not in s.phases:
        hint = did_you_mean(when.phase, list(s.phases)) or f"; add a table [phases.{when.phase}]"
        yield "phase", f"is no phase of this scenario{hint}"
    if when.start is not None and when.end is not None and when.start >= when.end:
        yield "end", "is not after the rule's start; give a later end"
    if when.start is not None and since_start(s, when.start) >= run_us(s):
        yield "start", "is after the scenario ends; use an earlier instant"
    if when.end is not None and since_start(s, when.end) <= 0:
        yield "end", "is before the scenario starts; use a later instant"
    if when.first is not None and when.phase is None and when.start is None:
        yield "first", "counts from nothing; name a phase or a start beside it"
    if when.first == 0:
        yield "first", 'leaves no time at all; write it like "30 s"'
    begin, end = window(s, when)
    if begin >= end:
        yield _which(when), "leaves no time together with the other times of the rule; make them overlap"
    if not stretches(s, when.model_copy(update={"hours": None})):
        yield "weekdays", "do not come while the rule could hold; name other days, or give it more time"
    if not stretches(s, when):
        yield "hours", "do not come while the rule could hold; name other hours, or give it more time"


def _which(when: When) -> str:
    return next(key for key in ("first", "end", "start", "phase") if getattr(when, key) is not None)
