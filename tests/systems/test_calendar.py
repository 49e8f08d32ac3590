"""What happens on its day and in its hour: streaks, first days, validity, phases, ripening."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from sim.bookkeeping import Kind
from tests.systems.runs import DAY_US, Run, run

USERS = 5_000


@pytest.fixture(scope="module")
def week() -> Run:
    return run("week95_2022", USERS)


def played_days(r: Run) -> dict[int, set[int]]:
    """The days on which each honest user played."""
    days: dict[int, set[int]] = defaultdict(set)
    for row in r.rows(Kind.SESSION):
        if row["agent"] < USERS:
            days[int(row["agent"])].add(int(row["t"] // DAY_US))
    return days


def test_the_kth_day_in_a_row_brings_the_bonus_of_k_days() -> None:
    """A sign-in of ten beans brings half as much again by the seventh day in a row, evenly, from the first day on."""
    week = run("week95_2022", USERS, rules__daily_cap__form__cap=5_000)  # no cap cuts what is paid
    days = played_days(week)
    seen = set()
    for row, beans in zip(*week.paid("sign_in"), strict=True):
        if row["agent"] >= USERS:
            continue
        day, k = int(row["t"] // DAY_US), 0
        while day - k in days[int(row["agent"])]:
            k += 1
        expected = round(10 * (1 + 0.5 * min(k, 7) / 7))
        assert beans == expected, (day, k)
        seen.add(k)
    assert {1, 2, 7} <= seen


def test_a_new_player_begins_on_the_day_of_the_first_session() -> None:
    """Who is reached at the barrier of midnight plays from then on: the first session is no return."""
    r = run("week95_2022", USERS, sharing__post=1.0, sharing__post_recruits=1.0, gifts__intercept=1.0)
    enters = r.rows(Kind.ENTER)
    late = enters["t"] % DAY_US >= DAY_US - 1_000_000
    assert late.sum() > 5
    days = played_days(r)
    new = [days[int(agent)] for agent in enters["agent"] if days[int(agent)]]
    table = r.tables["retention"]
    active = [sum(min(d) + age in d for d in new) for age in range(len(table))]
    cohort = [sum(min(d) + age < len(table) for d in new) for age in range(len(table))]
    assert table["active"].to_list() == active
    assert table["cohort"].to_list() == cohort


def test_long_beans_never_expire_before_the_year_ends() -> None:
    """The shipped design: with months beans expire, with it none does, and harvests of winter are worth giving."""
    from sim.loading import load_scenario

    design = load_scenario("year_fy2022", "long_beans").beans
    months = run("year_fy2022", 8_000)
    long = run("year_fy2022", 8_000, beans__valid_months=0, beans__valid_after_end="140 days")
    assert (design.valid_months, design.valid_after_end) == (0, 140 * DAY_US)
    year = 365 * DAY_US
    expired = [r.rows(Kind.EXPIRE) for r in (months, long)]
    assert (expired[0]["t"] < year).sum() > 20
    assert (expired[1]["t"] < year).sum() == 0


def test_a_harvest_when_validity_is_over_is_not_lost_the_same_night() -> None:
    """Valid a day after the week: what is harvested from then on stays to the end."""
    brief = run("week95_2022", USERS, beans__valid_after_end="1 day")
    expired, picked = brief.rows(Kind.EXPIRE), brief.rows(Kind.HARVEST)
    assert set(brief.day_of(expired[expired["t"] % DAY_US == 0])) == {8}
    assert (brief.day_of(picked) >= 8).sum() > 20


def test_harvests_of_the_year_go_on_being_kept() -> None:
    """A year without months and with a week's validity: beans expire once, after November."""
    r = run("year_fy2022", 8_000, beans__valid_months=0, beans__valid_after_end="7 days")
    assert set(r.day_of(r.rows(Kind.EXPIRE))) == {232}
    later = r.rows(Kind.HARVEST)
    assert np.count_nonzero(r.day_of(later) >= 232) > 20


def test_beans_that_ripen_in_half_a_day_are_picked_the_same_day(week: Run) -> None:
    """With 12 h many a bean is harvested on the day it was earned; with 24 h none is; the rest fades at midnight."""
    fast = run("week95_2022", USERS, beans__ripen="12 h")
    for r, some in ((week, False), (fast, True)):
        picked = r.rows(Kind.HARVEST)
        first = picked[r.day_of(picked) == 0]
        assert (len(first) > 30) == some
        assert (first["t"] % DAY_US >= DAY_US // 2).all()  # what was earned before noon, after noon
        assert (r.rows(Kind.FADE)["t"] % DAY_US == 0).all()
    assert fast.metrics["beans_harvested"] > week.metrics["beans_harvested"]


def test_beans_are_never_picked_before_they_ripen_nor_fade_early() -> None:
    """By steps of 6 h: nobody holds more than the beans earned before the present step; faded ones had their time."""
    r = run("week95_2022", USERS, beans__ripen="6 h", beans__fade="31 h")
    step = DAY_US // 4
    earned, picked = r.rows(Kind.DEED, Kind.GRANT), r.rows(Kind.HARVEST)
    for user in np.unique(picked["agent"])[:300]:
        mine, his = earned[earned["agent"] == user], picked[picked["agent"] == user]
        for row in his:
            before = mine["beans"][mine["t"] < row["t"] // step * step].sum()
            assert his["beans"][his["t"] <= row["t"]].sum() <= before
    faded = r.rows(Kind.FADE)
    assert len(faded) > 20
    for row in faded[:100]:  # of the day that ended 37 hours or more ago: at the second midnight after it
        mine = earned[(earned["agent"] == row["agent"]) & (earned["t"] < row["t"] - 2 * DAY_US)]
        assert mine["beans"].sum() >= row["beans"]


def test_who_comes_because_of_an_evenings_phase_plays_in_its_hours() -> None:
    """A phase from 20:00 to 22:00 brings sessions in these two hours and hardly any in the others of that day."""
    day, china = 2, timezone(timedelta(hours=8))
    span = {
        "phases__week__start": datetime(2022, 9, 7, 20, tzinfo=china),
        "phases__week__end": datetime(2022, 9, 7, 22, tzinfo=china),
        "play__sessions_extra": 0.0,
    }
    by_hour = []
    for lift in (0.0, 8.0):
        r = run("week95_2022", 8_000, **span, phases__week__lift_start=lift, phases__week__lift_end=0.0)
        rows = r.rows(Kind.SESSION)
        first = rows[(r.day_of(rows) == day) & (rows["deed"] == 0) & (rows["agent"] < 8_000)]
        by_hour.append(np.bincount(first["t"] % DAY_US // (DAY_US // 24), minlength=24))
    flat, lifted = by_hour
    inside = slice(20, 22)
    assert lifted[inside].sum() > 3 * flat[inside].sum()
    more = (lifted - flat).sum()
    assert (lifted - flat)[inside].sum() > 0.9 * more > 0
