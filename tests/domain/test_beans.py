"""Beans ripen, fade, expire, and are spent earliest first."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.domain.beans import (
    capped_beans,
    expiry_period,
    fen_of_beans,
    full_hundreds,
    gone_at_s,
    is_ripe,
    spend_earliest,
)
from sim.kernel.allotment import spend_earliest as kernel_spend
from sim.kernel.rows import PERIODS

seconds = st.integers(0, 400 * 86_400)
lengths = st.integers(1, 5 * 86_400)
beans = st.integers(0, 10**7)
buckets = st.lists(st.integers(0, 5_000), max_size=8)


@given(seconds, seconds, lengths, lengths, lengths)
def test_beans_can_be_harvested_between_ripe_and_faded(now, lot, length, ripen, fade):
    """Not before the first of a lot is ripe, not once the last that it may hold has had its time, always between."""
    first, last = lot, lot + length
    assert is_ripe(now, lot, length, ripen, fade) == (first + ripen <= now < last + ripen + fade)
    assert gone_at_s(lot, length, ripen, fade) == last + ripen + fade


@pytest.mark.parametrize("length", [3_600, 86_400])
def test_a_day_to_ripen_and_three_to_fade(length):
    """Ant Forest's rhythm, by lots of an hour or a day: ripe a day after the lot began, gone three days after."""
    day = 86_400
    ripe = [is_ripe(now, 0, length, day, 3 * day) for now in range(0, 7 * day, 3_600)]
    assert ripe.index(True) == 24
    assert sum(ripe) == 3 * 24 + length // 3_600


def test_harvested_beans_expire_by_month():
    """Beans of a month last so many months more."""
    assert [expiry_period(3, valid) for valid in (0, 1, 2)] == [3, 4, 5]


@given(beans, beans, st.integers(0, 1_000))
def test_the_daily_cap_holds(asked, today, cap):
    """What is issued never passes the cap and is never negative."""
    issued = capped_beans(asked, today, cap)
    assert 0 <= issued <= asked
    assert today + issued <= max(cap, today)
    assert issued == asked or today + issued == max(cap, today)


@given(beans)
def test_gifts_are_full_hundreds_worth_whole_yuan(held):
    """Giving all leaves less than a hundred, and no money is rounded."""
    given_away = full_hundreds(held)
    assert given_away % 100 == 0
    assert 0 <= held - given_away < 100
    assert fen_of_beans(given_away, 100) == given_away


@given(beans, st.integers(1, 1_000))
def test_a_sponsor_never_pays_more_than_beans_are_worth(count, per_yuan):
    """Money of beans is rounded down, by less than a fen."""
    assert 0 <= count * 100 - fen_of_beans(count, per_yuan) * per_yuan < per_yuan


@given(buckets, st.integers(0, 50_000))
def test_spending_takes_what_expires_first(held, amount):
    """Exactly the amount is taken, a later bucket only when earlier ones are empty; too much is refused."""
    taken = spend_earliest(held, amount)
    if amount > sum(held):
        assert taken is None
        return
    assert taken is not None
    assert sum(taken) == amount
    assert all(0 <= part <= own for part, own in zip(taken, held, strict=True))
    touched = [k for k, part in enumerate(taken) if part]
    if touched:
        assert all(taken[k] == held[k] for k in range(touched[-1]))


def test_a_negative_spending_is_refused():
    """Spending is not a way to earn."""
    assert spend_earliest([10], -1) is None


@given(buckets, st.lists(st.integers(0, 3_000), max_size=6))
def test_spending_step_by_step_equals_spending_at_once(held, amounts):
    """Many small spendings leave what one of their sum leaves."""
    left = list(held)
    spent = 0
    for amount in amounts:
        taken = spend_earliest(left, amount)
        if taken is not None:
            left = [own - part for own, part in zip(left, taken, strict=True)]
            spent += amount
    at_once = spend_earliest(held, spent)
    assert at_once is not None
    assert left == [own - part for own, part in zip(held, at_once, strict=True)]


@given(
    st.lists(st.integers(0, 5_000), min_size=PERIODS, max_size=PERIODS),
    st.integers(0, 15_000),
    st.integers(2, 9),
)
def test_a_users_row_is_spent_by_the_same_rule(held, amount, now):
    """What the kernel takes from a user's periods at a barrier is what the service takes from an account's."""
    taken = spend_earliest(held, amount)
    if taken is None:
        return
    user = SimpleNamespace(available=np.zeros(PERIODS, np.int64))
    periods = range(now - PERIODS + 1, now + 1)
    for period, beans in zip(periods, held, strict=True):
        user.available[period % PERIODS] = beans
    getattr(kernel_spend, "py_func", kernel_spend)(user, amount, now)
    left = [int(user.available[period % PERIODS]) for period in periods]
    assert left == [own - part for own, part in zip(held, taken, strict=True)]
