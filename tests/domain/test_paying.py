"""What a deed pays under incentive rules, by hand: which hold, in which order they act, what each adds, what cuts."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import datetime

import pytest

from sim.domain.holding import WHEN, WHO, Person, failing
from sim.domain.paying import Pay, past_of, pay
from sim.loading.reading import frozen
from sim.scenario import Scenario
from sim.scenario.incentives import When, Who

WORLD = """
scenario = { title = "Pay", start = 2022-09-05T00:00:00+08:00, length = "14 days", users = 10, real_users = 10 }
phases.week = { start = 2022-09-05T20:00:00+08:00, end = 2022-09-12T00:00:00+08:00 }
deeds.quiz = { label = "公益答题", beans = 20, hours = 0.1 }
deeds.steps = { label = "行走捐", beans = 7, hours = 0.1 }
deeds.donate = { label = "爱心捐赠", effect = "gift", beans = 100 }
segments.young = { label = "95后", share = 1.0 }
cities.hangzhou = { label = "杭州", share = 0.1 }
channels.taobao = { label = "淘宝", audience = 40 }
orders = { beans = 50, hours = 0.1 }
"""
WEDNESDAY = datetime.fromisoformat("2022-09-07T20:00:00+08:00")
SOMEBODY = Person()


def world(rules: str) -> Scenario:
    """A scenario with some rules, one a line."""
    return Scenario.model_validate(frozen(tomllib.loads(WORLD + rules)), strict=True)


def nth(
    rules: str, deed: str = "quiz", time: int = 1, person: Person = SOMEBODY, at: datetime = WEDNESDAY
) -> Pay:
    """The pay of a deed done the n-th time today."""
    scenario = world(rules)
    return pay(scenario, person, at, deed, past_of(scenario, person, at, {deed: time - 1}))


def parts(got: Pay) -> list[tuple[str, int]]:
    return [(part.rule, part.beans) for part in got.parts if part.beans]


# --- what pays --------------------------------------------------------------------------------------------------


def test_without_rules_a_deed_pays_what_its_table_says() -> None:
    """20 beans and a tenth of an hour; an order 50; an invitation nothing."""
    assert nth("").parts == (("", 20, 6),)
    assert nth("", "order").parts == (("", 50, 6),)
    assert nth("", "invite").parts == ()


def test_rules_act_in_the_order_of_the_file_each_on_what_stands_before_it() -> None:
    """(20 + 10) × 1.5 = 45, but 20 × 1.5 + 10 = 40."""
    add, times = "rules.more.form = { add = 10 }\n", "rules.half.form = { times = 1.5 }\n"
    assert parts(nth(add + times)) == [("", 20), ("more", 10), ("half", 15)]
    assert parts(nth(times + add)) == [("", 20), ("half", 10), ("more", 10)]


def test_a_multiple_is_rounded_once_halves_to_even() -> None:
    """7 × 1.5 = 10.5 → 10; 7 × 1.1 = 7.7 → 8."""
    assert parts(nth("rules.half.form = { times = 1.5 }", "steps")) == [("", 7), ("half", 3)]
    assert parts(nth("rules.tenth.form = { times = 1.1 }", "steps")) == [("", 7), ("tenth", 1)]


def test_a_decrease_cuts_what_came_last_first() -> None:
    """(20 + 10) × 0.5 = 15: the 10 go first, then 5 of the 20; and × 0.9 = 27 takes 3 of the 10."""
    add = "rules.more.form = { add = 10 }\n"
    assert parts(nth(add + "rules.half.form = { times = 0.5 }")) == [("", 15)]
    assert parts(nth(add + "rules.less.form = { times = 0.9 }")) == [("", 20), ("more", 7)]


def test_hours_are_added_and_multiplied_where_a_rule_says_so() -> None:
    """6 minutes + 6 = 12, × 2 = 24; the beans stay 20 with `of = "hours"` and double with "both"."""
    more = "rules.longer.form = { add_hours = 0.1 }\n"
    hours = nth(more + 'rules.twice.form = { times = 2.0, of = "hours" }')
    assert (hours.beans, hours.minutes) == (20, 24)
    both = nth('rules.twice.form = { times = 2.0, of = "both" }')
    assert (both.beans, both.minutes) == (40, 12)


def test_tiers_stand_in_the_place_of_all_before() -> None:
    """10 for the first three, 5 from the fourth on, whatever was added before; hours stay."""
    tiers = "rules.tiers.form = { tiers = [{ start = 1, beans = 10 }, { start = 4, beans = 5 }] }"
    rules = f"rules.more.form = {{ add = 10 }}\n{tiers}"
    assert [nth(rules, time=n).beans for n in (1, 3, 4, 9)] == [10, 10, 5, 5]
    assert parts(nth(rules)) == [("tiers", 10)]
    assert nth(rules).minutes == 6


def test_before_its_first_tier_a_rule_changes_nothing() -> None:
    """From the 3rd on 1 bean: the first pays 20."""
    rules = "rules.tiers.form = { tiers = [{ start = 3, beans = 1 }] }"
    assert [nth(rules, time=n).beans for n in (1, 2, 3)] == [20, 20, 1]
    assert nth(rules).idle == ("tiers",)


def test_every_third_pays_double() -> None:
    """20, 20, 40, 20, 20, 40; on the others the rule is said to change nothing."""
    rules = "rules.third.form = { each = 3, times = 2.0 }"
    assert [nth(rules, time=n).beans for n in range(1, 7)] == [20, 20, 40, 20, 20, 40]
    assert (nth(rules).idle, nth(rules, time=3).idle) == (("third",), ())


def test_a_rule_counts_all_the_deeds_it_is_about() -> None:
    """Of quiz, steps, quiz the third is the quiz: 40."""
    scenario = world('rules.third = { what = ["quiz", "steps"], form = { each = 3, times = 2.0 } }')
    past = past_of(scenario, SOMEBODY, WEDNESDAY, {"quiz": 1, "steps": 1})
    assert pay(scenario, SOMEBODY, WEDNESDAY, "quiz", past).beans == 40


@pytest.mark.parametrize(("days", "beans"), [(1, 20), (2, 20), (3, 24), (6, 24), (7, 30), (30, 30)])
def test_a_streak_pays_the_multiple_of_the_step_it_has_reached(days: int, beans: int) -> None:
    """20 × 1.2 = 24 from day 3, 20 × 1.5 = 30 from day 7 on."""
    rules = "rules.row.form.streak.steps = [{ day = 3, times = 1.2 }, { day = 7, times = 1.5 }]"
    assert nth(rules, person=Person(streak=days)).beans == beans


# --- what limits ------------------------------------------------------------------------------------------------


def test_a_cap_lets_through_what_is_left_of_it() -> None:
    """50 a day at 20 a deed: 20, 20, 10, 0; what is cut is cut from the last rule first, though it stands first."""
    assert [nth("rules.cap.form = { cap = 50 }", time=n).beans for n in range(1, 5)] == [20, 20, 10, 0]
    first = "rules.cap.form = { cap = 25 }\nrules.more.form = { add = 10 }"
    assert parts(nth(first)) == [("", 20), ("more", 5)]
    assert nth(first).steps[-1] == ("cap", -5, 0)


def test_a_cap_counts_only_what_it_is_about() -> None:
    """Three quizzes fill the cap of quizzes; steps pay 7 all the same."""
    scenario = world('rules.cap = { what = "quiz", form = { cap = 50 } }')
    past = past_of(scenario, SOMEBODY, WEDNESDAY, {"quiz": 3})
    assert pay(scenario, SOMEBODY, WEDNESDAY, "quiz", past).beans == 0
    assert pay(scenario, SOMEBODY, WEDNESDAY, "steps", past).beans == 7


def test_beyond_a_fading_cap_only_a_share_is_paid() -> None:
    """30 in full, then half: 20, then 10 + 10 × 0.5 = 15, then 10."""
    rules = "rules.fades.form = { fading_cap = 30, keeps = 0.5 }"
    assert [nth(rules, time=n).beans for n in (1, 2, 3)] == [20, 15, 10]


def test_a_limit_closes_a_deed_for_the_day_and_each_deed_by_itself() -> None:
    """Twice a day: the third quiz is closed, the first steps are not."""
    rules = 'rules.twice = { what = ["quiz", "steps"], form = { limit = 2 } }'
    assert [nth(rules, time=n).closed for n in (1, 2, 3)] == ["", "", "twice"]
    scenario = world(rules)
    past = past_of(scenario, SOMEBODY, WEDNESDAY, {"quiz": 9})
    assert past.done == {"quiz": 2}
    assert pay(scenario, SOMEBODY, WEDNESDAY, "steps", past).beans == 7


def test_a_rule_is_about_what_it_names() -> None:
    """A gift is every deed of that effect; any is also an order; a quiz is no order."""
    more = "form = { add = 1 }"
    assert nth(f'rules.a = {{ what = "gift", {more} }}', "donate").beans == 101
    assert nth(f"rules.a = {{ {more} }}", "order").beans == 51
    assert nth(f'rules.a = {{ what = "quiz", {more} }}', "order").beans == 50
    assert nth(f'rules.a = {{ what = "invite", {more} }}', "invite").beans == 1


def test_what_a_rule_adds_is_never_more_or_less_than_what_is_paid() -> None:
    """Steps add up to the parts, and no part is negative, however rules are mixed."""
    rules = """
rules.a.form = { add = 13 }
rules.b.form = { times = 0.3 }
rules.c.form = { times = 3.7, of = "both" }
rules.d.form = { fading_cap = 21, keeps = 0.33 }
rules.e.form = { cap = 60 }
"""
    for time in range(1, 9):
        got = nth(rules, time=time)
        assert sum(step.beans for step in got.steps) == got.beans
        assert sum(step.minutes for step in got.steps) == got.minutes
        assert all(part.beans >= 0 and part.minutes >= 0 for part in got.parts)


# --- which hold -------------------------------------------------------------------------------------------------

DAY = 86_400_000_000
ALMOST = Person("young", "hangzhou", "taobao", 49, True, True, 7 * DAY - 1, 5 * DAY, 3, 180)
# A condition, somebody for whom it just holds, and what makes it just fail.
EDGES = [
    ('who.segment = "young"', {"segment": "old"}),
    ('who.city = ["hangzhou"]', {"city": None}),
    ('who.channel = "taobao"', {"channel": "alipay"}),
    ('who.cohort = "0-50 %"', {"cohort": 50}),
    ('who.cohort = "49-100 %"', {"cohort": 48}),
    ("who.holder = true", {"holder": False}),
    ("who.team = true", {"team": False}),
    ('who.joined_within = "7 days"', {"joined_us": 7 * DAY}),
    ('who.joined_within = "7 days"', {"joined_us": None}),
    ('who.away_for = "5 days"', {"away_us": 5 * DAY - 1}),
    ('who.streak = "3-7"', {"streak": 2}),
    ('who.streak = "2-3"', {"streak": 4}),
    ("who.minutes_from = 3", {"minutes": 179}),
    ("who.minutes_below = 3.1", {"minutes": 186}),
]


@pytest.mark.parametrize(("condition", "change"), EDGES)
def test_a_condition_on_people_holds_up_to_its_edge(condition: str, change: dict[str, object]) -> None:
    """Somebody at the edge is meant; a step further and it is that condition that fails."""
    scenario = world(f"[rules.a]\nform.add = 1\n{condition}")
    rule, name = scenario.rules["a"], condition.split(" ")[0]
    assert failing(rule, ALMOST, WEDNESDAY, scenario.phases) == ()
    assert failing(rule, replace(ALMOST, **change), WEDNESDAY, scenario.phases) == (name,)  # type: ignore[arg-type]


def test_a_streak_beyond_seven_days_counts_as_seven() -> None:
    """Thirty days in a row are among "3-7"."""
    scenario = world('rules.a = { form.add = 1, who.streak = "3-7" }')
    assert failing(scenario.rules["a"], Person(streak=30), WEDNESDAY, scenario.phases) == ()


TIMES = [
    ('when.phase = "week"', "2022-09-05T20:00:00", "2022-09-05T19:59:59"),
    ('when.phase = "week"', "2022-09-11T23:59:59", "2022-09-12T00:00:00"),
    ("when.start = 2022-09-06T00:00:00+08:00", "2022-09-06T00:00:00", "2022-09-05T23:59:59"),
    ("when.end = 2022-09-06T00:00:00+08:00", "2022-09-05T23:59:59", "2022-09-06T00:00:00"),
    ('when.weekdays = ["Sat", "Sun"]', "2022-09-10T00:00:00", "2022-09-09T23:59:59"),
    ('when.hours = "18:00-22:00"', "2022-09-07T18:00:00", "2022-09-07T22:00:00"),
    ('when.hours = "22:00-2:00"', "2022-09-07T01:59:59", "2022-09-07T02:00:00"),
    ('when.hours = "22:00-24:00"', "2022-09-07T23:59:59", "2022-09-07T00:00:00"),
    ('when = { phase = "week", first = "30 s" }', "2022-09-05T20:00:29", "2022-09-05T20:00:30"),
    (
        'when = { start = 2022-09-06T00:00:00+08:00, first = "1 h" }',
        "2022-09-06T00:59:59", "2022-09-06T01:00:00",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "inside", "outside"), TIMES)
def test_a_condition_on_time_holds_up_to_its_edge(condition: str, inside: str, outside: str) -> None:
    """By the clock of Shanghai, the beginning included and the end not."""
    scenario = world(f"[rules.a]\nform.add = 1\n{condition}")
    rule = scenario.rules["a"]
    assert failing(rule, SOMEBODY, datetime.fromisoformat(inside + "+08:00"), scenario.phases) == ()
    assert failing(rule, SOMEBODY, datetime.fromisoformat(outside + "+08:00"), scenario.phases)


def test_every_condition_of_the_noun_is_looked_at() -> None:
    """A condition that nobody checks would hold for everybody, and each is in the tables above."""
    assert list(WHO) == list(Who.model_fields)
    assert list(WHEN) == list(When.model_fields)
    assert {condition.split(" ")[0].partition(".")[2] for condition, _ in EDGES} == set(WHO)
    assert all(any(name in condition for condition, _, _ in TIMES) for name in WHEN)
