"""What a visit is worth (behaviour §5): rewards bring people, wear off, are missed, tire and gather them.

Paired runs of the engine: the same users, the same luck, one rule changed. Expectations are the rules in words.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.bookkeeping import Kind
from tests.systems.runs import PLENTY, Run, run, week_beans, with_parameters

USERS = 8_000
CHINA = timezone(timedelta(hours=8))
START = datetime(2022, 9, 5, tzinfo=CHINA)
NO_POOLS = {"pools__daily__total": "0 yuan", "pools__flash__total": "0 yuan"}
NOTHING_TO_BUY = {
    "pools__beans__total": "0 yuan", "redemptions__voucher__stock": 0, "redemptions__badge__stock": 0,
}  # fmt: skip
EARNING = (
    "sign_in", "steps", "rope", "quiz", "report", "voice", "reading", "writing", "guess", "review", "blood",
    "volunteer", "clothes", "tree", "elder_meal", "gift", "join_team", "training",
)  # fmt: skip
NO_BEANS = {f"deeds__{name}__beans": 0 for name in EARNING} | {"orders__beans": 0}


def week(**changes: Any) -> Run:
    return run("week95_2022", USERS, **changes)


@pytest.fixture(scope="module")
def base() -> Run:
    return week()


def change(metric: str, lever: Run, base: Run) -> float:
    """How much a metric is moved, as a share of the base."""
    return measured(metric, lever) / measured(metric, base) - 1.0


def measured(metric: str, made: Run) -> float:
    """A metric, or the sum of a column of honest people's days or deeds."""
    if metric == "active_days":
        return float(made.tables["days"]["participants"].sum())
    if metric == "deeds":
        return float(made.tables["days"]["deeds"].sum())
    return made.metrics[metric]


# --- one value of a visit ------------------------------------------------------------------------------------


def test_without_beans_fewer_people_take_part_come_back_and_join(base: Run) -> None:
    """Rewards bring people, not only deeds within a visit: a week without beans loses participants and newcomers."""
    none = week(**NO_BEANS)
    assert change("participants", none, base) < -0.1
    assert change("active_days", none, base) < -0.2
    assert change("new_players", none, base) < -0.1
    assert change("d1", none, base) < 0


def test_more_beans_bring_more_people_with_falling_returns() -> None:
    """Twice and four times the beans: more come each time, and what is added brings fewer a bean."""
    plain, twice, four_times = (
        measured("active_days", week(**PLENTY, **week_beans(factor))) for factor in (1.0, 2.0, 4.0)
    )
    assert plain < twice < four_times
    assert four_times - twice < 2 * (twice - plain)  # twice as much more


def test_what_pays_nothing_drives_nobody_away(base: Run) -> None:
    """An easy training that brings no beans: nobody stays away for it, and as many join."""
    easy = week(deeds__training__beans=0, deeds__training__ease=2.0, deeds__training__needs_account=False)
    plain = week(deeds__training__beans=0)
    assert change("participants", easy, plain) == pytest.approx(0.0, abs=0.01)
    assert change("new_players", easy, plain) == pytest.approx(0.0, abs=0.01)


def test_a_cap_of_nothing_is_as_no_beans() -> None:
    """Where the day's cap is nothing there is nothing to come for; a smaller cap draws no more than a larger one."""
    people = [
        measured("active_days", week(**PLENTY, rules__daily_cap__form__cap=cap)) for cap in (0, 50, 200)
    ]
    assert people == sorted(people)
    none = measured("active_days", week(**PLENTY, **NO_BEANS))
    assert people[0] == pytest.approx(none, rel=0.04)


# --- people get used to it, and miss it ----------------------------------------------------------------------

DAYS = 70
OFFER = (20, 40)  # the days of the offer


def season(factor: float, offer: tuple[int, int] = OFFER) -> NDArray[np.float64]:
    """Active users by day of ten weeks in which beans, which never lack a use, are multiplied for some days."""
    start, end = (START + timedelta(days=day) for day in offer)
    told = run(
        "week95_2022", 4 * USERS, scenario__length=f"{DAYS} days", phases__week__start=start, phases__week__end=end,
        phases__week__lift_start=0.0, phases__week__lift_end=0.0, **week_beans(factor),
        beans__valid_after_end="300 days", play__players_at_start=0.5, play__entry_per_visit=0.0,
        pools__beans__total="8_000_000_000 yuan", redemptions__voucher__stock=900_000_000, farmers__share=0.0,
        farmers__entry=False, sharing__post_recruits=0.0, **NO_POOLS,
    )  # fmt: skip
    return np.asarray(told.tables["days"]["participants"].to_numpy(), float)


def test_a_reward_that_stays_loses_its_pull_and_one_that_ends_is_missed() -> None:
    """Four times the beans: most in the first days, less later; below the control after it, and that heals."""
    gain = season(4.0) / season(1.0) - 1.0
    before, early, late = gain[: OFFER[0]], gain[20:25].mean(), gain[35:40].mean()
    after, healed = gain[41:48].mean(), gain[62:].mean()
    assert (before == 0).all()
    assert early > late > 0.0
    assert after < -0.02
    assert after < healed


def test_the_dip_is_in_proportion_to_what_was_taken() -> None:
    """What is taken away is missed by its size: half as much again less than eight times as much."""
    control = season(1.0)
    dips = [season(factor)[41:48].sum() / control[41:48].sum() - 1.0 for factor in (1.5, 8.0)]
    assert dips[1] < 1.5 * dips[0] < 0


def test_a_week_that_pays_nothing_leaves_nothing_behind() -> None:
    """A phase that neither lifts nor multiplies is no phase: every day is as without it, bit for bit."""
    np.testing.assert_array_equal(season(1.0), season(1.0, (20, 21)))


# --- beans are worth what they buy ---------------------------------------------------------------------------


def test_beans_that_buy_nothing_are_no_reward(base: Run) -> None:
    """With every use of beans gone the week is nearly as without beans: people, deeds and gifts are lost."""
    idle, none = week(**NOTHING_TO_BUY), week(**NO_BEANS)
    for metric in ("participants", "active_days", "deeds", "gifts"):
        assert change(metric, idle, base) < -0.1, metric
    assert change("active_days", idle, base) == pytest.approx(change("active_days", none, base), abs=0.04)


def test_the_better_use_counts(base: Run) -> None:
    """Without vouchers beans are still given, which weighs 0.7: something is lost, less than by losing all uses."""
    given_only = week(redemptions__voucher__stock=0, redemptions__badge__stock=0)
    assert change("deeds", week(**NOTHING_TO_BUY), base) < change("deeds", given_only, base) < 0
    dearer = week(redemptions__voucher__value="10 yuan")
    assert change("deeds", dearer, base) > 0.02


def test_a_shorter_life_lowers_what_beans_are_worth_and_hurries_who_holds_them(base: Run) -> None:
    """Beans that fade after a day: fewer deeds for them; who has some comes back sooner to pick them."""
    short = week(beans__fade="24 h")
    assert change("deeds", short, base) < -0.03
    plain = {"visit_come": 0.0}
    hurried = with_parameters("week95_2022", USERS, plain, beans__fade="24 h")
    calm = with_parameters("week95_2022", USERS, plain)
    assert returned_next_day(hurried) > returned_next_day(calm)


def returned_next_day(made: Run) -> float:
    """Of people's active days but the last, the share that was followed by another."""
    rows = made.rows(Kind.SESSION)
    rows = rows[rows["agent"] < USERS]
    days = set(zip(rows["agent"].tolist(), made.day_of(rows).tolist(), strict=True))
    followed = [(user, day + 1) in days for user, day in days if day < 9]
    return float(np.mean(followed))


# --- goals -----------------------------------------------------------------------------------------------------


def test_a_head_start_acts_by_its_share_of_the_goal_on_those_who_got_it() -> None:
    """One bean towards five hundred moves nothing; a fifth of the goal moves newcomers' deeds, and nobody else's."""
    base = week(**PLENTY)
    one, fifth = (
        week(**PLENTY, rules__goal__form__goal__head_start=1),
        week(**PLENTY, rules__goal__form__goal__head_start=100),
    )
    assert abs(change("deeds", one, base)) < 0.005
    assert abs(change("gifts", one, base)) < 0.05
    assert change("deeds", fifth, base) > 0.01
    old = [first_deeds(made) for made in (fifth, base)]
    assert old[0] == old[1]


def first_deeds(made: Run) -> list[tuple[int, int]]:
    """Deeds of the first day by those who played from the start: they were given nothing to begin with."""
    entered = set(made.rows(Kind.ENTER)["agent"].tolist())
    rows = made.rows(Kind.DEED, Kind.GENERAL)
    rows = rows[(made.day_of(rows) == 0) & (rows["agent"] < USERS)]
    return [(int(r["agent"]), int(r["deed"])) for r in rows if int(r["agent"]) not in entered]


def test_a_goal_pulls_what_counts_for_it_while_it_can_be_reached(base: Run) -> None:
    """With a goal more is done than without; one that the cap leaves no time for is as none."""
    none, far = week(rules__goal=False), week(rules__goal__form__goal__beans=60_000)
    assert measured("deeds", none) < measured("deeds", base)
    assert measured("deeds", far) == measured("deeds", none)


# --- attention ---------------------------------------------------------------------------------------------------


def others(made: Run) -> int:
    """Deeds of the catalogue but the quiz, and but those that its beans are for."""
    beside = ("quiz", "bean_gift", "redeem")
    return int(made.tables["deeds"]["times"].sum() - sum(made.deeds(name)["times"] for name in beside))


def test_deeds_displace_deeds_and_can_be_told_not_to() -> None:
    """A quiz that pays twice is done more, partly instead of other deeds, where it brings nobody; each deed tires."""
    alike = {"visit_come": 0.0, "visit_join": 0.0}
    rules = {**PLENTY, "rules__daily_cap__form__cap": 1_000, "rules__goal": False}
    base = with_parameters("week95_2022", USERS, alike, **rules)
    dear = with_parameters("week95_2022", USERS, alike, **rules, deeds__quiz__beans=40)
    gained = dear.deeds("quiz")["times"] - base.deeds("quiz")["times"]
    lost = others(base) - others(dear)
    assert gained > 0
    assert 0 < lost < gained
    tireless = with_parameters("week95_2022", USERS, alike, **rules, play__attention=False)
    assert change("deeds", tireless, base) > 0.05


def test_today_displaces_tomorrow() -> None:
    """Willingness that is spent comes back in days: where it takes longer, fewer come."""
    quick = with_parameters("week95_2022", USERS, {"attention_half_life_days": 0.5})
    slow = with_parameters("week95_2022", USERS, {"attention_half_life_days": 10.0})
    assert measured("active_days", slow) < 0.99 * measured("active_days", quick)


# --- anticipation --------------------------------------------------------------------------------------------------


def per_minute(made: Run, start_h: float, end_h: float) -> float:
    """Sessions per minute between two hours of the days on which the pool opens, from the second day on."""
    rows = made.rows(Kind.SESSION)
    rows = rows[(rows["agent"] < USERS) & (made.day_of(rows) >= 1) & (made.day_of(rows) < 7)]
    hour = rows["t"] / 3.6e9 % 24
    return float(((hour >= start_h) & (hour < end_h)).sum() / (end_h - start_h))


def test_an_announced_opening_has_a_queue_and_thin_hours_before_it() -> None:
    """The pool opens at nine: the first ten minutes are crowded, the hours before are thinner than without waiting."""
    daily = {"pools__flash__total": "0 yuan"}
    waiting, calm = week(**daily), week(**daily, play__anticipation=False)
    assert per_minute(waiting, 9, 9 + 1 / 6) > 3 * per_minute(calm, 9, 9 + 1 / 6)
    assert per_minute(waiting, 6, 9) < 0.85 * per_minute(calm, 6, 9)
    assert per_minute(waiting, 16, 24) == pytest.approx(per_minute(calm, 16, 24), rel=0.1)


def test_a_hairs_breadth_of_beans_moves_nobody() -> None:
    """A phase of a minute that brings a millionth more is nothing to wait for."""
    at = datetime(2022, 9, 7, 20, tzinfo=CHINA)
    quiet = {"phases__week__lift_start": 0.0, "phases__week__lift_end": 0.0, "phases__week__start": at}
    end = at + timedelta(minutes=1)
    plain, hair = (week(**quiet, phases__week__end=end, **week_beans(f)) for f in (1.0, 1.000001))
    assert change("deeds", hair, plain) == pytest.approx(0.0, abs=0.003)
    assert change("participants", hair, plain) == pytest.approx(0.0, abs=0.003)


def test_being_early_pays_first_come_and_not_by_lot() -> None:
    """Who knows that a first-come pool is finite brings the visit forward; a lot gives no reason to."""
    daily = {"pools__flash__total": "0 yuan"}
    race, lot = week(**daily), week(**daily, rules__daily_match__form__match__lot=True)
    assert per_minute(race, 9.5, 15) < 0.9 * per_minute(lot, 9.5, 15)
    assert per_minute(race, 9, 9.25) > per_minute(lot, 9, 9.25)
