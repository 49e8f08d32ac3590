"""The scenario's incentive rules as the tables that the kernel reads (`sim.kernel.incentives`), and their calendar.

A set of rules is a number, one bit a rule in the order of the file.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.budgets import Budgets, running
from sim.behaviour.parameters import Parameters
from sim.behaviour.unsure import delay_weight
from sim.domain.ratios import PPM
from sim.kernel.incentives import MOST_BEANS
from sim.kernel.rows import (
    EVERY,
    F_ADD,
    F_BADGES,
    F_CAP,
    F_DECAY,
    F_FADING,
    F_GOAL,
    F_HOURS,
    F_LIMIT,
    F_NUDGE,
    F_PRICE,
    F_STREAK,
    F_TIERS,
    F_TIMES,
    INVITE,
    JOIN,
    MAX_AGE,
    MAX_DEEDS,
    MAX_RULES,
    MAX_TIERS,
    NOBODY,
    OF_BEANS,
    OF_TIME,
    ORDER,
    PLEDGE,
    RULE,
    STREAK_LEVELS,
    THINGS,
    TIER,
)
from sim.scenario import Rule, Scenario
from sim.scenario.incentives import ANY, Form, When
from sim.spans import DAY_S, DAY_US, MINUTE_S, SECOND
from sim.streams import salt_of

FORMS = {
    "add": F_ADD, "add_hours": F_HOURS, "times": F_TIMES, "tiers": F_TIERS, "limit": F_LIMIT, "cap": F_CAP,
    "fading_cap": F_FADING, "streak": F_STREAK, "goal": F_GOAL, "badges": F_BADGES, "nudge": F_NUDGE, "price": F_PRICE,
    "decay": F_DECAY,
}  # fmt: skip
PER = ("day", "week", "phase", "ever")
PAYING = ("add", "add_hours", "times", "tiers", "streak")
BESIDES = ("lottery", "rank", "share", "refer")  # what is given beside a deed's pay
CAPPING = ("cap", "fading_cap")
BESIDE = {"order": ORDER, "invite": INVITE, "join": JOIN, "pledge": PLEDGE}
WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
USING = ("bean_gift", "redeem")  # effects of deeds that use beans
ALL_BITS = -1
MOST_MINUTES = 2**40


def bits(places: list[int]) -> int:
    """A set of places as a number."""
    return sum(1 << place for place in set(places))


def things_of(scenario: Scenario, rule: Rule) -> list[int]:
    """What a rule is about: rows of the catalogue, and orders, invitations, joining and pledges behind them."""
    found: list[int] = []
    deeds = list(scenario.deeds)
    for what in rule.what:
        if what == ANY:
            found += [*range(len(deeds)), ORDER, INVITE, JOIN]
        elif what in deeds:
            found.append(deeds.index(what))
        elif what == "gift":
            found += [k for k, deed in enumerate(scenario.deeds.values()) if deed.effect == "gift"]
        else:
            found.append(BESIDE[what])
    return found


def orders_pay(scenario: Scenario) -> bool:
    """Whether charity orders let beans grow, by themselves or by a rule, or bring a chance of something."""
    rules = scenario.rules.values()
    besides = any(r.form.kind in BESIDES and ORDER in things_of(scenario, r) for r in rules)
    return (
        besides
        or scenario.orders.beans > 0
        or any(r.form.kind in PAYING and ORDER in things_of(scenario, r) for r in rules)
    )


def counts(form: Form) -> bool:
    """Whether a rule has to count what a user did or was paid."""
    return form.kind in (*CAPPING, "tiers", "nudge") or (form.each or 1) > 1 or counts_deeds(form)


def counts_deeds(form: Form) -> bool:
    """Whether a rule is a goal of deeds."""
    return form.goal is not None and form.goal.deeds is not None


def is_joint(form: Form) -> bool:
    """Whether a rule counts what many do: for a ranking, a shared goal, or a drawing among all."""
    return form.rank is not None or form.share is not None or is_drawing(form)


def is_drawing(form: Form) -> bool:
    """Whether a rule draws its winners from all who took part in a day."""
    return form.lottery is not None and form.lottery.winners is not None


def is_for_teams(form: Form) -> bool:
    """Whether a rule is about what teams do, which is for their members only."""
    return "team" in (getattr(form.rank, "of", ""), getattr(form.share, "of", ""))


def marks_of(form: Form) -> int:
    """How many things a rule keeps of every user: a goal of deeds its count, and the day its slump ends."""
    return 2 if counts_deeds(form) else int(counts(form) or is_joint(form) or form.refer is not None)


def rule_columns(scenario: Scenario) -> list[int]:
    """Of every rule its first column of marks, NOBODY where it keeps none; behind them how many there are."""
    column, columns = 0, []
    for rule in scenario.rules.values():
        mine = marks_of(rule.form)
        columns.append(column if mine else NOBODY)
        column += mine
    return [*columns, column]


def joint_rows(scenario: Scenario) -> list[int]:
    """Of every rule its row of `points`, behind the teams' own; 0 where it counts nothing of many."""
    joint = [is_joint(rule.form) and not is_drawing(rule.form) for rule in scenario.rules.values()]
    return [int(row) * mine for row, mine in zip(np.cumsum(joint), joint, strict=True)]


def rule_rows(scenario: Scenario) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """The rules as rows of RULE, and of TIER what has steps, shapes (MAX_RULES,) and (MAX_TIERS,)."""
    rows, tiers = np.zeros(MAX_RULES, RULE), np.zeros(MAX_TIERS, TIER)
    rows["each"] = 1
    used = 0
    for k, (rule, column) in enumerate(
        zip(scenario.rules.values(), rule_columns(scenario)[:-1], strict=True)
    ):
        row, form = rows[k], rule.form
        _ask_who(row, scenario, rule)
        row["form"] = FORMS.get(form.kind, NOBODY)
        amounts = (form.add, form.limit, form.cap, form.fading_cap, form.price)
        row["beans"] = next((amount for amount in amounts if amount is not None), 0)
        row["time"] = form.add_hours or 0
        row["ppm"] = form.keeps if form.kind == "fading_cap" else form.times or form.decay or 0
        row["of"] = {"beans": OF_BEANS, "hours": OF_TIME, "both": OF_BEANS | OF_TIME}[form.of]
        row["each"], row["per"], row["column"] = form.each or 1, PER.index(form.per), column
        if form.goal is not None:
            row["beans"], row["head"] = form.goal.beans or form.goal.prize, form.goal.head_start
            row["goal"] = form.goal.deeds or 0
        if form.nudge is not None:
            row["goal"], row["minute"], row["flag"] = (
                form.nudge.weekly,
                form.nudge.at,
                form.nudge.streak_breaks,
            )
        if is_for_teams(form):
            row["team"] = 1
        row["repairs"] = form.streak.repairs if form.streak is not None else 0
        steps = [(t.start, t.beans) for t in form.tiers]
        steps += [(s.day, s.times) for s in form.streak.steps] if form.streak is not None else []
        if form.badges is not None:
            steps, row["flag"] = [(t.hours, 0) for t in form.badges.tiers], form.badges.public
        tiers[used : used + len(steps)] = steps
        row["tier"], row["tiers"] = used, used + len(steps)
        used += len(steps)
    return rows, tiers


def prize_rows(scenario: Scenario, p: Parameters, rows: NDArray[np.void]) -> None:
    """Fill in what rules give beside a deed's pay, and when."""
    pools, joint = Budgets.draw(scenario).pool, joint_rows(scenario)
    for k, (name, rule) in enumerate(scenario.rules.items()):
        row, form = rows[k], rule.form
        row["salt"], row["pool"], row["row"] = salt_of(name), pools[k], joint[k]
        row["kept"] = 1.0
        if form.later is not None:
            row["later_s"] = max(form.later // SECOND, 1)
            row["kept"] = delay_weight(
                form.later / DAY_US, p["choice_weight_two_weeks"], p["choice_weight_four_weeks"]
            )
        if form.lottery is not None:
            row["beans"], row["fen"] = form.lottery.beans, form.lottery.money
            row["chance"], row["per"] = (form.lottery.chance or 0) / PPM, PER.index("day")
        if form.share is not None:
            row["beans"] = form.share.beans
        if form.refer is not None:
            row["beans"], row["friend"] = form.refer.inviter, form.refer.invitee


def _ask_who(row: Any, scenario: Scenario, rule: Rule) -> None:
    who = rule.who
    for name, there in (("segment", scenario.segments), ("channel", scenario.channels)):
        row[name + "s"] = bits([list(there).index(x) for x in getattr(who, name)]) or ALL_BITS
    row["cities"] = bits([list(scenario.cities).index(x) for x in who.city]) or ALL_BITS
    row["cohort"] = who.cohort or (0, 100)
    row["holder"], row["team"] = (NOBODY if x is None else int(x) for x in (who.holder, who.team))
    row["minutes"] = who.minutes_from or 0, MOST_MINUTES if who.minutes_below is None else who.minutes_below


def rule_sets(scenario: Scenario) -> dict[str, int]:
    """Which rules do what, each set as a number."""
    rules = list(scenario.rules.values())

    def where(holds: Any) -> int:
        return bits([k for k, rule in enumerate(rules) if holds(rule)])

    return {
        "for_all": where(lambda r: not _asks_of_people(r)),
        "paying": where(lambda r: r.form.kind in PAYING or counts_deeds(r.form)),
        "capping": where(lambda r: r.form.kind in CAPPING),
        "daily_caps": where(lambda r: r.form.kind in CAPPING and r.form.per == "day" and ANY in r.what),
        "limiting": where(lambda r: r.form.kind == "limit"),
        "counting": where(lambda r: counts(r.form) and r.form.kind != "nudge"),
        "counting_pay": where(
            lambda r: (
                counts_deeds(r.form) or is_drawing(r.form) or (r.form.kind in PAYING[:-1] and counts(r.form))
            )
        ),
        "milestones": where(lambda r: counts_deeds(r.form)),
        "repairing": where(lambda r: r.form.streak is not None and r.form.streak.repairs > 0),
        "badging": where(lambda r: r.form.badges is not None),
        "decaying": where(lambda r: r.form.decay is not None),
        "pricing": where(lambda r: r.form.price is not None),
        "saving": where(lambda r: r.form.goal is not None and r.form.goal.beans is not None),
        "heads": where(
            lambda r: r.form.goal is not None and r.form.goal.beans is not None and r.form.goal.head_start
        ),
        "nudging": where(lambda r: r.form.nudge is not None),
        "matching": where(lambda r: r.form.match is not None),
        "firsts": where(lambda r: r.form.match is not None and r.form.match.first),
        "chancy": where(lambda r: r.form.lottery is not None and not is_drawing(r.form)),
        "drawing": where(lambda r: is_drawing(r.form)),
        "joint": where(lambda r: is_joint(r.form)),
        "refers": where(lambda r: r.form.refer is not None),
        "limited": bits(np.flatnonzero(Budgets.draw(scenario).limited).tolist()),
        "delayed": where(lambda r: r.form.later is not None),
        "open": ALL_BITS & ~Budgets.draw(scenario).ended_mask(),
    }


def _asks_of_people(rule: Rule) -> bool:
    """Whether a rule asks who somebody is, not only since when or how long in a row."""
    days = {"streak", "joined_within", "away_for"}
    return is_for_teams(rule.form) or any(
        getattr(rule.who, name) not in (None, ()) for name in type(rule.who).model_fields if name not in days
    )


def by_days(scenario: Scenario) -> dict[str, NDArray[np.int64]]:
    """The sets that hold by days in a row, (STREAK_LEVELS,), and by days of absence and since joining, (MAX_AGE,)."""
    streak, away, age = (
        np.zeros(STREAK_LEVELS, np.int64),
        np.zeros(MAX_AGE, np.int64),
        np.zeros(MAX_AGE, np.int64),
    )
    for k, rule in enumerate(scenario.rules.values()):
        who = rule.who
        low, high = who.streak or (0, STREAK_LEVELS)
        streak[[low <= level <= high for level in range(STREAK_LEVELS)]] |= 1 << k
        days = np.arange(MAX_AGE)
        away[days * DAY_US >= (who.away_for or 0)] |= 1 << k
        age[days * DAY_US < (MAX_AGE * DAY_US if who.joined_within is None else who.joined_within)] |= 1 << k
    return {"by_streak": streak, "by_away": away, "by_age": age}


def by_thing(scenario: Scenario) -> NDArray[np.int64]:
    """The rules that are about each thing, shape (THINGS,). What uses beans brings none: no rule pays for it."""
    sets = np.zeros(THINGS, np.int64)
    using = [k for k, deed in enumerate(scenario.deeds.values()) if deed.effect in USING]
    for k, rule in enumerate(scenario.rules.values()):
        things = things_of(scenario, rule)
        if rule.form.kind in PAYING or counts_deeds(rule.form):
            things = [thing for thing in things if thing not in using]
        sets[things] |= 1 << k
    return sets


def rule_tables(scenario: Scenario, p: Parameters) -> dict[str, Any]:
    """Everything about rules that stands in the kernel's record but their calendar."""
    rows, tiers = rule_rows(scenario)
    prize_rows(scenario, p, rows)
    cities = np.cumsum([city.share for city in scenario.cities.values()])
    upto = np.ones(MAX_DEEDS)
    upto[: len(cities)] = cities
    asks = any(rule.who.cohort or rule.who.city for rule in scenario.rules.values())
    things = by_thing(scenario)
    return {
        "n_rules": len(scenario.rules), "rules": rows, "tiers": tiers, "by_thing": things, "by_lot": int(asks),
        "n_cities": len(scenario.cities), "city_upto": upto, "start_weekday": scenario.scenario.start.weekday(),
    } | rule_sets(scenario) | by_days(scenario)  # fmt: skip


def made_of(form: Form, beans: float) -> float:
    """What a form makes of so many beans, for a first deed on a first day."""
    if form.tiers:
        return next((float(tier.beans) for tier in reversed(form.tiers) if tier.start <= 1), beans)
    if form.streak is not None:
        return next(
            (beans * step.times / PPM for step in reversed(form.streak.steps) if step.day <= 1), beans
        )
    if form.times is not None and form.of != "hours":
        return beans * form.times / PPM
    if form.goal is not None and form.goal.deeds == 1 + form.goal.head_start:
        return beans + form.goal.prize
    return beans + (form.add or 0)


# --- the calendar ---------------------------------------------------------------------------------------------


def spans_of(scenario: Scenario, rule: Rule, day: int) -> list[tuple[int, int]]:
    """The stretches of a day, seconds of it, in which a rule's calendar lets it hold."""
    when, start = rule.when, scenario.scenario.start
    if when.weekdays and WEEK[(start + timedelta(days=day)).weekday()] not in when.weekdays:
        return []
    low, high = window_of(scenario, rule)
    low, high = max(low - day * DAY_S, 0), min(high - day * DAY_S, DAY_S)
    hours = [(0, DAY_S)]
    if when.hours is not None:
        first, last = (minute * MINUTE_S for minute in when.hours)
        hours = [(first, last)] if first < last else [(0, last), (first, DAY_S)]
    return [(max(a, low), min(b, high)) for a, b in hours if max(a, low) < min(b, high)]


def window_of(scenario: Scenario, rule: Rule) -> tuple[int, int]:
    """From when until when a rule may hold at all, seconds since the start, the second one excluded."""
    begin, end = running(scenario, rule)
    return begin // SECOND, end // SECOND


def day_parts(scenario: Scenario, day: int) -> list[tuple[int, int]]:
    """A day cut where rules begin or end to hold: (its second, the set that holds from then on)."""
    spans = [
        (k, span) for k, rule in enumerate(scenario.rules.values()) for span in spans_of(scenario, rule, day)
    ]
    cuts = sorted({0} | {edge for _, span in spans for edge in span if edge < DAY_S})
    parts: list[tuple[int, int]] = []
    for cut in cuts:
        mask = bits([k for k, (a, b) in spans if a <= cut < b])
        if not parts or parts[-1][1] != mask:
            parts.append((cut, mask))
    return parts


def set_at(scenario: Scenario, now: int) -> int:
    """The rules that hold for everybody at an instant, µs since the start."""
    day, second = now // DAY_US, now % DAY_US // SECOND
    parts = day_parts(scenario, min(day, scenario.scenario.length // DAY_US - 1))
    return [mask for at, mask in parts if at <= second][-1] & everybodys(scenario)


def order_beans(scenario: Scenario, mask: int) -> float:
    """What a charity order brings under a set of rules, in the mean over every so many-th."""
    beans = float(scenario.orders.beans)
    for k, rule in enumerate(scenario.rules.values()):
        if mask >> k & 1 and ORDER in things_of(scenario, rule):
            beans += (made_of(rule.form, beans) - beans) / (rule.form.each or 1)
    return beans


def bean_terms(scenario: Scenario, mask: int) -> tuple[int, float]:
    """Under a set of rules: how many beans make a yuan when they are given, and what is left of one after a day."""
    per_yuan, kept = scenario.beans.per_yuan, 1.0
    for k, rule in enumerate(scenario.rules.values()):
        if mask >> k & 1 and rule.form.price is not None and per_yuan == scenario.beans.per_yuan:
            per_yuan = rule.form.price
        if mask >> k & 1 and rule.form.decay is not None:
            kept *= 1.0 - rule.form.decay / PPM
    return per_yuan, kept


def everybodys(scenario: Scenario) -> int:
    """The rules that are meant for everybody, whatever they did, and that can pay anything at all."""
    rules = scenario.rules.values()
    asked = [any(v not in (None, ()) for v in rule.who.__dict__.values()) for rule in rules]
    return (
        bits([k for k, asks in enumerate(asked) if not asks]) & EVERY & ~Budgets.draw(scenario).ended_mask()
    )


def day_cap(scenario: Scenario) -> int:
    """The beans that everybody can be paid in full on any day, as many as a row holds where no cap says so."""
    rules = enumerate(scenario.rules.values())
    capping = rule_sets(scenario)["daily_caps"] & everybodys(scenario)
    caps = [rule_rows(scenario)[0]["beans"][k] for k, r in rules if capping >> k & 1 and r.when == When()]
    return int(min(caps, default=MOST_BEANS))
