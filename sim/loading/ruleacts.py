"""What an incentive rule is about and whether it can act there: what the other checks of rules ask."""

from __future__ import annotations

from sim.scenario import Scenario
from sim.scenario.incentives import ANY, LIMITS, Form, Rule


def things(s: Scenario, rule: Rule) -> frozenset[str]:
    """All that a rule is about: deeds by name, and what else can be done."""
    gifts = [name for name, deed in s.deeds.items() if deed.effect == "gift"]
    found: set[str] = set()
    for thing in rule.what:
        if thing == ANY:
            found |= {*s.deeds, "order", "gift", "invite", "join", "pledge"}
        elif thing == "gift":
            found |= {"gift", *gifts}
        else:
            found |= {thing, "gift"} if thing in gifts else {thing}
    return frozenset(found)


def brings_beans(rule: Rule) -> bool:
    """Whether a rule brings beans where a deed brings none."""
    form = rule.form
    inner = (form.goal and (form.goal.prize or form.goal.head_start), form.lottery and form.lottery.beans,
             form.share and form.share.beans, form.refer and (form.refer.inviter or form.refer.invitee))  # fmt: skip
    return bool(form.add or form.tiers or any(inner))


def opens(rule: Rule) -> bool:
    """Whether people wait for what a rule brings: a match, or what it pays at some times only."""
    sometimes = rule.when != Rule.model_fields["when"].default
    return rule.form.match is not None or (sometimes and not {*rule.form.kinds} & {*LIMITS, "decay"})


def happens(s: Scenario, thing: str) -> bool:
    """Whether anybody ever does what a rule is about."""
    gifts = any(deed.effect == "gift" for deed in s.deeds.values())
    needs = {
        "gift": thing in s.deeds or gifts or s.ngos.recycling_share > 0,
        "invite": gifts and s.sharing.invite > 0,
        "pledge": s.merchants.charity_share > 0,
    }
    return needs.get(thing, True)


def worth_something(s: Scenario, name: str, before: bool) -> bool:
    """Whether what a rule is about is worth something by itself, or by other rules: by those before it, or by any."""
    rule, names = s.rules[name], list(s.rules)
    about = things(s, rule)
    others = [s.rules[one] for one in (names[: names.index(name)] if before else names)]
    deeds = [deed for name, deed in s.deeds.items() if name in about]
    beans = any(deed.beans for deed in deeds) or ("order" in about and s.orders.beans > 0)
    hours = any(deed.hours for deed in deeds) or ("order" in about and s.orders.hours > 0)
    beans = beans or any(bool(one.form.add or one.form.tiers) and about & things(s, one) for one in others)
    hours = hours or any(bool(one.form.add_hours) and about & things(s, one) for one in others)
    wanted = {"beans": (beans,), "hours": (hours,), "both": (beans, hours)}
    return any(wanted[rule.form.of])


def for_teams(form: Form) -> bool:
    """Whether teams are what wins, or what gets there together."""
    return any(inner is not None and inner.of == "team" for inner in (form.rank, form.share))
