"""The rulebook itself, by examples worked out by hand: it is what the kernel is compared with."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest

from sim.kernel.incentives import MOST_COUNTED
from sim.loading.reading import read
from sim.loading.ruleforms import MOST_CAP
from sim.spans import DAY_US
from tests.engine.rulebook import Counts, Part, Rulebook, Someone, city_of, percentile_of

HOUR_US = DAY_US // 24
SECOND_US = 1_000_000
SCENE = """
[scenario]
title = "t"
summary = "s"
start = 2022-09-01T00:00:00+08:00   # a Thursday
length = "14 days"
users = 10
real_users = 10

[phases.week]
start = 2022-09-03T00:00:00+08:00
end = 2022-09-10T12:00:00+08:00

[cities.hangzhou]
label = "杭州"
share = 0.25

[cities.ningbo]
label = "宁波"
share = 0.5

[segments.young]
label = "95后"
share = 0.5

[segments.old]
label = "70前"
share = 0.5

[channels.app]
label = "app"
audience = 50

[deeds.quiz]
label = "答题"
beans = 20

[deeds.steps]
label = "行走捐"
beans = 20
team = true

[deeds.present]
label = "捐赠"
effect = "gift"
beans = 100
"""
ONE = Someone(segment="young", city="hangzhou", channel="app", percentile=30, joined=0, streak=1)


def book(*rules: str) -> Rulebook:
    """The rulebook of rules written as the inside of one table each, named r0, r1 …"""
    document = tomllib.loads(SCENE + "\n".join(f"[rules.r{k}]\n{text}" for k, text in enumerate(rules)))
    scenario, mistakes = read(document)
    assert scenario is not None, mistakes
    return Rulebook(scenario)


def holds(rule: str, one: Someone = ONE, t_us: int = 0) -> bool:
    form = "" if "form" in rule else "\nform = { add = 1 }"
    return bool(book(rule + form).holding(one, t_us))


def paid(written: Rulebook, deed: str = "quiz", times: int = 1, streak: int = 1, day: int = 0) -> list[int]:
    """Beans of a deed done so many times on one day, one after the other, by who is under every rule."""
    counts, live = Counts(), range(len(written.rules))
    return [_do(written, deed, counts, live, streak, day) for _ in range(times)]


def _do(written: Rulebook, deed: str, counts: Counts, live: range, streak: int, day: int) -> int:
    base = written.scenario.deeds[deed].beans
    parts = written.pay(deed, Part(None, base, 6), live, streak, counts, day)
    total = sum(part.beans for part in parts)
    written.count(deed, live, total, counts, day)
    return total


@pytest.mark.parametrize(
    ("who", "yes", "no"),
    [
        ('segment = ["old", "young"]', {}, {"segment": "minors"}),
        ('city = "hangzhou"', {}, {"city": None}),
        ('channel = "app"', {}, {"channel": "web"}),
        ('cohort = "30-31 %"', {}, {"percentile": 31}),
        ("holder = true", {"holder": True}, {}),
        ("holder = false", {}, {"holder": True}),
        ("team = false", {}, {"team": True}),
        ('joined_within = "1 day"', {}, {"joined": -1}),
        ('joined_within = "1 day"', {}, {"joined": None}),
        ('away_for = "5 days"', {"away": 5}, {"away": 4}),
        ('streak = "3-7"', {"streak": 7}, {"streak": 2}),
        ('streak = "2"', {"streak": 2}, {"streak": 3}),
        ("minutes_from = 1", {"minutes": 60}, {"minutes": 59}),
        ("minutes_below = 1", {"minutes": 59}, {"minutes": 60}),
    ],
)
def test_a_rule_is_for_those_it_names(who, yes, no):
    """Everything named must hold."""
    rule = f"who = {{ {who} }}"
    assert holds(rule, replace(ONE, **yes))
    assert not holds(rule, replace(ONE, **no))


def test_a_newcomer_is_one_for_whole_days():
    """'2 days' are the day of joining and the next, whatever the hour."""
    rule = 'who = { joined_within = "2 days" }'
    one = replace(ONE, joined=3)
    assert holds(rule, one, 5 * DAY_US - SECOND_US)
    assert not holds(rule, one, 5 * DAY_US)


@pytest.mark.parametrize(
    ("when", "first", "last"),
    [  # the first and the last second at which it holds, seconds being whole
        ('phase = "week"', 2 * 24, 9 * 24 + 12),
        ("start = 2022-09-02T06:00:00+08:00, end = 2022-09-02T07:00:00+08:00", 30, 31),
        ('phase = "week", first = "3 h"', 48, 51),
        ('start = 2022-09-02T06:00:00+08:00, first = "3 h"', 30, 33),
        ('phase = "week", end = 2022-09-03T01:00:00+08:00', 48, 49),
    ],
)
def test_a_rule_holds_from_its_beginning_up_to_its_end(when, first, last):
    """The end is excluded."""
    rule = f"when = {{ {when} }}"
    hours = [
        (first * HOUR_US - SECOND_US, False), (first * HOUR_US, True),
        (last * HOUR_US - SECOND_US, True), (last * HOUR_US, False),
    ]  # fmt: skip
    assert [holds(rule, ONE, t) for t, _ in hours] == [expected for _, expected in hours]


def test_hours_go_by_the_clock_and_may_pass_midnight():
    """Of '22:00-2:00' on Saturdays the two hours after midnight are Saturday's own, those before its dawn."""
    evening = 'when = { hours = "18:00-22:00" }'
    assert [h for h in range(24) if holds(evening, ONE, h * HOUR_US)] == [18, 19, 20, 21]
    night = 'when = { hours = "22:00-2:00", weekdays = ["Sat"] }'
    assert [h for h in range(24 * 7) if holds(night, ONE, h * HOUR_US)] == [48, 49, 70, 71]


def test_city_and_cohort_come_from_a_word_each():
    """A quarter lives in the first city, a half in the second, the rest nowhere named."""
    shares = {"a": 0.25, "b": 0.5}
    words = (0, 2**30 - 1, 2**30, 3 * 2**30 - 1, 3 * 2**30)
    assert [city_of(word, shares) for word in words] == ["a", "a", "b", "b", None]
    assert [percentile_of(word) for word in (0, 2**31, 2**32 - 1)] == [0, 50, 99]


def test_what_names_deeds_and_a_gift_whatever_it_is_called():
    written = book(
        'what = "quiz"\nform = { add = 1 }',
        'what = "gift"\nform = { add = 1 }',
        'what = ["order", "steps"]\nform = { add = 1 }',
        "form = { add = 1 }",
    )
    concerned = {
        deed: [k for k in range(4) if written.concerns(k, deed)]
        for deed in ("quiz", "present", "steps", "order", "join")
    }
    assert concerned == {"quiz": [0, 3], "present": [1, 3], "steps": [2, 3], "order": [2, 3], "join": [3]}


@pytest.mark.parametrize(
    ("rules", "pays"),
    [
        (["form = { add = 5 }"], [25, 25]),
        (["form = { times = 1.5 }", "form = { add = 5 }"], [35, 35]),  # 20 × 1.5 + 5
        (["form = { add = 5 }", "form = { times = 1.5 }"], [38, 38]),  # 37.5: halves to even
        (["form = { add = 3 }", "form = { times = 0.5 }"], [12, 12]),  # 11.5
        (["form = { times = 1.5, of = 'hours' }"], [20, 20]),
        (["form = { each = 3, times = 2.0 }"], [20, 20, 40, 20, 20, 40]),
        (["form = { each = 2, add = 7 }"], [20, 27, 20, 27]),
        (
            ["form = { tiers = [{ start = 2, beans = 10 }, { start = 4, beans = 0 }] }", "form = { add = 1 }"],
            [21, 11, 11, 1, 1],
        ),
        (["form = { add = 1 }", "form = { tiers = [{ start = 2, beans = 10 }] }"], [21, 10, 10]),
        (["form = { cap = 50 }"], [20, 20, 10, 0]),
        (["form = { fading_cap = 50, keeps = 0.25 }"], [20, 20, 12, 5, 5]),  # 10 + ¼ of 10 is 12.5
        (["form = { cap = 50 }", "form = { times = 2.0 }"], [40, 10, 0]),  # limits come after what pays
        (["form = { cap = 30 }", "what = 'steps'\nform = { cap = 5 }"], [20, 10, 0]),
        (["form = { fading_cap = 20, keeps = 0.5 }", "form = { cap = 35 }"], [20, 10, 5, 0]),
        (["form = { goal = { deeds = 3, prize = 30 } }"], [20, 20, 50, 20]),
        (["form = { goal = { deeds = 3, prize = 30, head_start = 1 } }", "form = { times = 2.0 }"], [40, 100, 40]),
        (["form = { times = 2.0 }", "form = { goal = { deeds = 2, prize = 30 } }"], [40, 70, 40]),
        (["form = { goal = { deeds = 2, prize = 30 } }", "form = { cap = 50 }"], [20, 30, 0]),
    ],
)  # fmt: skip
def test_rules_act_in_the_order_of_the_file_first_those_that_pay(rules, pays):
    assert paid(book(*rules), times=len(pays)) == pays


def test_a_streak_pays_by_the_last_step_reached():
    written = book("form = { streak = { steps = [{ day = 2, times = 1.2 }, { day = 7, times = 2.0 }] } }")
    assert [paid(written, streak=s)[0] for s in (1, 2, 6, 7)] == [20, 24, 24, 40]


def test_parts_are_kept_apart_and_what_cuts_takes_the_last_first():
    """The deed's 20, then +10, ×1.5 of 30, and a cap of 32 that leaves 2 of the last 25."""
    written = book("form = { add = 10 }", "form = { times = 1.5 }", "form = { cap = 32 }")
    live = range(3)
    parts = written.pay("quiz", Part(None, 20, 6), live, 1, Counts(), 0)
    assert [(part.rule, part.beans) for part in parts] == [(None, 20), (0, 10), (1, 2)]
    counts = Counts(number={2: 15}, since={2: 0})
    parts = written.pay("quiz", Part(None, 20, 6), live, 1, counts, 0)
    assert [(part.rule, part.beans) for part in parts] == [(None, 17), (0, 0), (1, 0)]


def test_hours_are_added_and_multiplied_beside_beans():
    """6 minutes + 12, × 1.5 of both: 27 minutes, of which 9 are the second rule's; its beans 10 of 20."""
    written = book("form = { add_hours = 0.2 }", "form = { times = 1.5, of = 'both' }")
    parts = written.pay("quiz", Part(None, 20, 6), (0, 1), 1, Counts(), 0)
    assert [(part.beans, part.minutes) for part in parts] == [(20, 6), (0, 12), (10, 9)]


def test_beans_are_given_at_the_price_of_the_first_rule_that_holds():
    """At the scenario's where none does."""
    written = book(
        "form = { add = 1 }",
        "who.team = true\nform = { price = 50 }",
        "who.team = false\nform = { price = 40 }",
    )
    assert [written.price_under(live) for live in ((0,), (0, 2), (1, 2))] == [100, 40, 50]


def test_a_rule_that_does_not_hold_neither_pays_nor_counts():
    written = book("form = { each = 2, times = 2.0 }")
    counts = Counts()
    for live in ((0,), (), (0,)):
        parts = written.pay("quiz", Part(None, 20, 0), live, 1, counts, 0)
        written.count("quiz", live, 0, counts, 0)
    assert sum(part.beans for part in parts) == 40  # the third deed is the second done while it holds


@pytest.mark.parametrize(
    ("per", "days"),
    [("day", [0, 1, 2, 3, 4, 11]), ("week", [0, 4, 11]), ("phase", [0]), ("ever", [0])],
)  # fmt: skip
def test_a_count_begins_anew_with_its_day_its_monday_or_never(per, days):
    """The scenario begins on a Thursday: its Mondays are days 4 and 11."""
    written, counts = book(f"form = {{ cap = 20, per = '{per}' }}"), Counts()
    fresh = []
    for day in (0, 1, 2, 3, 4, 11):
        if _do(written, "quiz", counts, range(1), 1, day):
            fresh.append(day)
    assert fresh == days


def test_one_count_serves_all_deeds_of_a_rule():
    written, counts = book("what = ['quiz', 'steps']\nform = { each = 2, times = 2.0 }"), Counts()
    done = [_do(written, deed, counts, range(1), 1, 0) for deed in ("quiz", "present", "steps", "quiz")]
    assert done == [20, 100, 40, 20]


def test_the_lowest_limit_of_those_that_hold_closes_a_deed():
    written = book("form = { limit = 3 }", "what = 'quiz'\nform = { limit = 1 }")
    assert written.most_a_day("quiz", (0, 1)) == 1
    assert written.most_a_day("quiz", (0,)) == 3
    assert written.most_a_day("steps", (1,)) is None


def test_no_cap_is_larger_than_what_the_kernel_counts():
    """What is written may be reached: beyond it a cap would never close."""
    assert MOST_CAP == MOST_COUNTED
