"""Rules that draw without paying, or before they pay: goals, badges, messages; and what beans lose or are worth.

Paired runs: two that differ by a rule meet the same luck, and whom the rule is not for does in both the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.behaviour.parameters import load_parameters
from sim.bookkeeping import Kind
from sim.domain.ratios import share_of
from sim.engine.incentives import set_at
from sim.engine.worth import Supply, days_to_gather, worth_of
from sim.kernel import tallies
from sim.spans import DAY_US, HOUR_US
from sim.streams import Purpose, draws
from tests.systems.runs import Changes, Run, run, scenario, with_parameters

USERS = 2_000
# Deeds that pay beans alone, and time; nothing that one person takes from another.
WORLD = """
[scenario]
title = "目标与徽章"
start = 2022-09-05T00:00:00+08:00
length = "6 days"
users = 2_000
real_users = 2_000_000

[clock]
barrier = "3 h"

[play]
players_at_start = 0.6

[beans]
ripen = "6 h"
fade = "42 h"

[deeds]
quiz = { label = "答题", beans = 40, ease = -1.0, kind = "general" }
walk = { label = "行走捐", hours = 0.2, ease = -1.5 }
give = { label = "捐豆", effect = "bean_gift", kind = "donated", ease = -1.0 }
redeem = { label = "兑换", effect = "redeem", kind = "general", ease = -1.5 }

[redemptions.voucher]
label = "礼券"
beans = 400
value = "4 yuan"
stock = 900_000_000

[pools.beans]
sponsor = "晴川慈善基金会"
total = "8_000_000_000 yuan"
serves = "beans"

[rules]
"""
INSIDE = {"cohort": "0-50 %"}


def played(**rules: dict[str, Any]) -> Run:
    """Six days of the small world under these rules."""
    return run(WORLD, USERS, **{f"rules__{name}": rule for name, rule in rules.items()})


def changed(parameters: dict[str, float], **rules: dict[str, Any]) -> Run:
    """The same where some numbers of the behaviour rules are others."""
    return with_parameters(
        WORLD, USERS, parameters, **{f"rules__{name}": rule for name, rule in rules.items()}
    )


def inside(r: Run) -> NDArray[np.bool_]:
    """Who belongs to the first half of all."""
    world = r.campaign.scenario.scenario
    return draws(world.seed, r.campaign.replication, Purpose.CITY, np.arange(world.users))[0] < 0.5


def who_care(r: Run) -> NDArray[np.bool_]:
    """Who responds to badges."""
    world = r.campaign.scenario.scenario
    lots = draws(world.seed, r.campaign.replication, Purpose.BADGE, np.arange(world.users))[0]
    return lots < load_parameters()["goal_badge_share"]


def done(r: Run, deed: str) -> NDArray[np.int64]:
    """How often each user did a deed."""
    rows = r.rows(Kind.DEED, Kind.GENERAL)
    return np.bincount(rows["agent"][rows["deed"] == r.deed(deed)], minlength=USERS)


def told(r: Run, who: NDArray[np.bool_]) -> NDArray[np.void]:
    """All that some users did."""
    users = r.stream[r.stream["agent"] < USERS]
    kinds = {int(kind) for kind in Kind if kind < Kind.POOL_DEPOSIT or 100 <= kind < 130}
    users = users[np.isin(users["kind"], list(kinds))]
    return users[who[users["agent"]]]


def assert_leaves_others(one: Run, two: Run, who: NDArray[np.bool_]) -> None:
    """Whom a rule is not for draws the same numbers and does the same; who it is for does not."""
    assert len(told(one, ~who)) > 1_000
    np.testing.assert_array_equal(told(one, ~who), told(two, ~who))
    assert not np.array_equal(told(one, who), told(two, who))


@pytest.fixture(scope="module")
def bare() -> Run:
    return played()


# --- goals of deeds -----------------------------------------------------------------------------------------


def goal(**terms: Any) -> dict[str, Any]:
    return {"what": "quiz", "form": {"goal": {"deeds": 3, "prize": 20} | terms, "per": "day"}}


def days_of_three(r: Run) -> int:
    """On how many days somebody in the first half did three quizzes or more."""
    quiz = r.rows(Kind.DEED, Kind.GENERAL)
    quiz = quiz[(quiz["deed"] == r.deed("quiz")) & inside(r)[quiz["agent"]]]
    _, times = np.unique(np.stack([quiz["agent"], r.day_of(quiz)]), axis=1, return_counts=True)
    return int(np.count_nonzero(times >= 3))


def test_a_goal_of_deeds_draws_and_costs_a_prize_for_each_time_it_is_reached(bare: Run) -> None:
    """The third of a day brings the prize, once; more are done than without; whom it is not for is left alone."""
    r = changed({"goal_slump": 0.0}, goal=goal() | {"who": INSIDE})
    prizes = r.rows(Kind.GRANT)
    assert len(prizes) == days_of_three(r) > 1.05 * days_of_three(bare) > 50
    assert set(prizes["beans"]) == {20}
    assert r.campaign.books.balance(3110, 1) == 20 * len(prizes)
    assert_leaves_others(bare, r, inside(r))


def test_a_head_start_counts_as_done() -> None:
    """With one of three given the second deed brings the prize, and the commitment lets more be reached."""
    plain, given = played(goal=goal()), played(goal=goal(head_start=1))
    assert done(given, "quiz").sum() > done(plain, "quiz").sum()
    first = given.rows(Kind.GRANT)[0]
    quiz = given.rows(Kind.DEED)
    mine = quiz[
        (quiz["agent"] == first["agent"]) & (quiz["deed"] == given.deed("quiz")) & (quiz["t"] < first["t"])
    ]
    assert np.count_nonzero(given.day_of(mine) == given.day_of(first)) == 2


@pytest.mark.parametrize(("per", "most"), [("day", 6), ("week", 1), ("ever", 1)])
def test_a_goal_begins_anew_with_every_stretch(per: str, most: int) -> None:
    """Six days of one week: as many prizes for one person as there are stretches."""
    rule = goal()
    rule["form"]["per"] = per
    prizes = np.bincount(played(goal=rule).rows(Kind.GRANT)["agent"])
    assert 1 <= prizes.max() <= most
    assert per != "day" or prizes.max() > 1


def test_a_goal_without_a_prize_draws_only_who_care_for_badges(bare: Run) -> None:
    """For the others nothing is different."""
    r = played(goal=goal(prize=0))
    assert len(r.rows(Kind.GRANT)) == 0
    assert_leaves_others(bare, r, who_care(r))
    assert done(r, "quiz")[who_care(r)].sum() > done(bare, "quiz")[who_care(r)].sum()


def test_after_a_goal_comes_a_slump_of_its_own_deeds_alone() -> None:
    """On the days after the prize fewer of them are done; where the slump is nothing they are not."""
    rule = goal() | {"form": {"goal": {"deeds": 2, "prize": 1}, "per": "ever"}}
    even, slump = (changed({"goal_slump": size, "goal_slump_days": 9}, goal=rule) for size in (0.0, 3.0))

    def after(r: Run, deed: str) -> float:
        """How often a deed was done on the days after the prize, by a person."""
        prizes, rows = r.rows(Kind.GRANT), r.rows(Kind.DEED)
        when = np.full(USERS, 99)
        when[prizes["agent"]] = r.day_of(prizes)
        rows = rows[rows["deed"] == r.deed(deed)]
        return float(np.count_nonzero(r.day_of(rows) > when[rows["agent"]]) / len(prizes))

    assert after(slump, "quiz") < 0.3 * after(even, "quiz")
    assert after(slump, "walk") > 0.95 * after(even, "walk"), "of other deeds no fewer are done"


# --- badges -------------------------------------------------------------------------------------------------

TIERS = [{"label": "铜", "hours": 0.4}, {"label": "银", "hours": 1.0}]


def test_a_badge_is_earned_by_passing_a_tier_and_booked_nowhere(bare: Run) -> None:
    """The record says the tier and the rule, once in a life; books and beans are as they were."""
    r = played(medals={"form": {"badges": {"tiers": TIERS}}})
    badges, time = r.rows(Kind.BADGE), r.stream[r.stream["outcome"] == 0]
    minutes = np.bincount(time["agent"][time["minutes"] > 0], time["minutes"][time["minutes"] > 0], USERS)
    for number, needs in enumerate((24, 60)):
        mine = badges[badges["deed"] == number]
        np.testing.assert_array_equal(np.sort(mine["agent"]), np.flatnonzero(minutes >= needs))
    assert set(badges["rule"]) == {1}
    assert r.campaign.population.tally()[tallies.BADGES] == len(badges) > 100
    assert_leaves_others(bare, r, who_care(r) | np.isin(np.arange(USERS), badges["agent"]))
    assert r.campaign.books.balance(3110, 1) == 0


def test_badges_draw_who_care_to_charity_time_and_others_only_in_public(bare: Run) -> None:
    """A quiet one is nothing to the others; a public one draws who values recognition, and puts off some."""
    valued = {"badge_recognition": 0.5, "badge_recognition_sd": 1.0}
    quiet, public = (
        changed(valued, medals={"form": {"badges": {"tiers": TIERS, "public": shown}}})
        for shown in (False, True)
    )
    care = who_care(bare)
    for_them = [done(r, "walk")[care].sum() for r in (bare, quiet, public)]
    assert for_them[0] < for_them[1] < for_them[2]
    others = [done(r, "walk")[~care] for r in (bare, quiet, public)]
    np.testing.assert_array_equal(others[0], others[1])
    assert others[2].sum() > 1.1 * others[0].sum()
    assert (others[2] < others[0]).any()


def test_once_all_tiers_are_passed_nothing_is_ahead() -> None:
    """A tier that one walk passes draws to one; one that no week passes draws on."""
    near, far = (
        changed(
            {"badge_recognition": 2.0},
            medals={"form": {"badges": {"tiers": [{"label": "鞋", "hours": hours}], "public": True}}},
        )
        for hours in (0.2, 90.0)
    )
    assert len(near.rows(Kind.BADGE)) > 100
    assert len(far.rows(Kind.BADGE)) == 0
    assert done(near, "walk").sum() < 0.5 * done(far, "walk").sum()


# --- messages -----------------------------------------------------------------------------------------------


def nudge(**terms: Any) -> dict[str, Any]:
    return {"form": {"nudge": {"at": "20:00"} | terms}}


def messages(r: Run) -> int:
    return int(r.campaign.population.tally()[tallies.MESSAGES])


def days_played(r: Run) -> NDArray[np.int64]:
    sessions = r.rows(Kind.SESSION)
    return np.bincount(sessions["agent"][sessions["deed"] == 0], minlength=USERS)


def test_messages_bring_people_and_soon_after_they_come(bare: Run) -> None:
    """More days are played, first visits gather behind the hour, and who gets none is left alone."""
    strong = {"habit_reminder": 0.4}
    r = changed(strong, nudge=nudge() | {"who": INSIDE})
    assert days_played(r).sum() > 1.03 * days_played(bare).sum()
    assert_leaves_others(bare, r, inside(r))

    def at_eight(run_: Run) -> float:
        first = run_.rows(Kind.SESSION)
        first = first[(first["deed"] == 0) & inside(bare)[first["agent"]]]
        hour = first["t"] % DAY_US // HOUR_US
        return float(np.mean(hour == 20))

    assert at_eight(r) > 2 * at_eight(bare)


def test_not_more_messages_come_than_a_rule_allows() -> None:
    """A message a day to every player, or one or two in seven days; one where the first is the last."""
    daily, two, one = (messages(played(nudge=nudge(weekly=n))) for n in (7, 2, 1))
    players = 0.55 * USERS
    assert 4 * players < daily < 6 * USERS
    assert one <= two / 1.5 < daily / 2
    assert one <= USERS
    assert messages(changed({"nudge_switch_off": 1.0}, nudge=nudge())) == one


def test_a_message_to_keep_a_streak_goes_to_who_has_one() -> None:
    """Two days in a row at least; on the first two days of the run nobody has."""
    kept = messages(played(nudge=nudge(streak_breaks=True)))
    assert 0 < kept < messages(played(nudge=nudge())) / 2
    early = nudge(streak_breaks=True) | {
        "when": {"end": scenario(WORLD, USERS).scenario.start.replace(day=7)}
    }
    assert messages(played(nudge=early)) == 0


def test_people_tire_of_messages() -> None:
    """Each of the six days before, by whatever rule, leaves less of the next one's effect."""
    rules = {"one": nudge(), "two": nudge(at="12:00")}
    tired, fresh = (changed({"habit_reminder": 0.3, "nudge_fatigue": left}, **rules) for left in (0.0, 1.0))
    assert days_played(fresh).sum() > 1.05 * days_played(tired).sum()


# --- beans that go, and what they are worth ------------------------------------------------------------------


def test_a_share_of_harvested_beans_goes_at_every_midnight(bare: Run) -> None:
    """As much as the rule says of what is left, rounded once; only at midnights, only of whom the rule is for."""
    r = played(melts={"who": INSIDE, "form": {"decay": 0.1}})
    available = np.zeros(USERS, np.int64)
    signs = {
        Kind.HARVEST: 1,
        Kind.BEAN_GIFT: -1,
        Kind.REDEEM_HOLD: -1,
        Kind.REDEEM_CANCEL: 1,
        Kind.EXPIRE: -1,
    }
    count = 0
    for row in r.stream[(r.stream["outcome"] == 0) & (r.stream["agent"] < USERS)]:
        who, kind = row["agent"], Kind(int(row["kind"]))
        if kind is Kind.DECAY:
            assert row["t"] % DAY_US == 0
            assert row["rule"] == 1
            assert inside(bare)[who]
            assert row["beans"] == share_of(int(available[who]), 100_000) > 0
            available[who] -= row["beans"]
            count += 1
        elif kind in signs:
            available[who] += signs[kind] * int(row["beans"])
    assert count > 200
    gone = int(r.rows(Kind.DECAY)["beans"].sum())
    assert r.campaign.books.balance(3170) - int(r.rows(Kind.FADE, Kind.EXPIRE)["beans"].sum()) == gone
    assert r.campaign.population.totals().available == available.sum()
    assert_leaves_others(bare, r, inside(r))


def test_beans_that_go_are_worth_less_to_everybody() -> None:
    """By what is left of them when enough are gathered; a rule for some changes nobody's reckoning."""
    parameters = load_parameters()
    melting = Changes.of({"rules__melts": {"form": {"decay": 0.1}}})
    plain, all_ = scenario(WORLD, USERS), scenario(WORLD, USERS, changes=melting)
    some = scenario(
        WORLD, USERS, changes=Changes.of({"rules__melts": {"form": {"decay": 0.1}, "who": INSIDE}})
    )
    assert set_at(all_, 0) == 1
    assert set_at(some, 0) == 0
    worth = [worth_of(s, parameters, Supply.announced(s), 10.0, mask) for s, mask in ((plain, 0), (all_, 1))]
    for own, beans in (("self_yuan", 400), ("charity_yuan", 100)):
        left = 0.9 ** days_to_gather(beans, plain, parameters)
        assert getattr(worth[1], own) == pytest.approx(left * getattr(worth[0], own))


def test_under_a_price_beans_give_more_and_more_are_given(bare: Run) -> None:
    """Fifty make a yuan: twice the money for a hundred; to the others a hundred are what they were."""
    r = played(generous={"who": INSIDE, "form": {"price": 50}})
    gifts = r.rows(Kind.BEAN_GIFT)
    of_them = inside(r)[gifts["agent"]]
    assert (gifts["fen"][of_them] == 2 * gifts["beans"][of_them]).all()
    assert (gifts["fen"][~of_them] == gifts["beans"][~of_them]).all()
    before = bare.rows(Kind.BEAN_GIFT)
    assert of_them.sum() > 1.05 * inside(bare)[before["agent"]].sum()
    assert_leaves_others(bare, r, inside(r))


def test_a_price_for_everybody_is_what_beans_are_worth() -> None:
    """Given ones; those spent on oneself are worth what they buy."""
    parameters = load_parameters()
    plain = scenario(WORLD, USERS)
    dear = scenario(WORLD, USERS, changes=Changes.of({"rules__dear": {"form": {"price": 200}}}))
    usual = worth_of(plain, parameters, Supply.announced(plain), 10.0)
    half = worth_of(dear, parameters, Supply.announced(dear), 10.0, 1)
    assert half.charity_yuan == pytest.approx(usual.charity_yuan / 2)
    assert half.self_yuan == usual.self_yuan
