"""A user's own numbers for orders and vouchers stay apart for as long as a scenario may last."""

from __future__ import annotations

import numpy as np
import pytest

from sim.agents.partner import WEEKS
from sim.bookkeeping import Kind
from sim.engine.actions import ACTION
from sim.kernel.rows import ERRAND, MOST_REFS
from sim.spans import DAY_S, DAY_US, MOST_DAYS, SECOND
from sim.tracing.links import MOST_USERS, document_keys
from tests.engine.twin import Arrays, play


@pytest.fixture(scope="module")
def long() -> Arrays:
    """400 days of few users."""
    return play("long,300,1,base")


def test_an_order_is_numbered_by_its_second_on_every_day(long: Arrays) -> None:
    """On day 390 as on day 0: the reference begins with the second, and every step of the order carries it."""
    rows = long["actions"]
    created = rows[rows["kind"] == Kind.ORDER_CREATE]
    late = created[created["t"] >= 389 * DAY_US]
    assert len(late) > 5
    np.testing.assert_array_equal(created["ref"] // MOST_REFS, created["t"] // SECOND)
    keys = set(zip(created["agent"].tolist(), created["ref"].tolist(), strict=True))
    assert len(keys) == len(created)
    confirmed = rows[rows["kind"] == Kind.ORDER_CONFIRM]
    assert set(zip(confirmed["agent"].tolist(), confirmed["ref"].tolist(), strict=True)) <= keys


def test_open_orders_of_the_last_days_keep_their_reference(long: Arrays) -> None:
    """What is still under way at the end was opened in this scenario, not 388 days ago."""
    seconds = long["errands"]["ref"] // MOST_REFS
    assert len(seconds) > 0
    assert (seconds > 300 * DAY_S).all()


def test_the_last_reference_of_the_longest_scenario_fits() -> None:
    """In the stream, in a user's list, and in the key of a document of the last user a trace can name."""
    last = MOST_DAYS * DAY_S * MOST_REFS - 1
    for dtype in (ACTION["ref"], ERRAND["ref"]):
        assert last <= np.iinfo(dtype).max
    users = np.array([0, 1, MOST_USERS - 2, MOST_USERS - 1])
    keys = document_keys(np.repeat(users, 2), np.tile([0, last], len(users)))
    assert len(np.unique(keys)) == len(keys)
    assert (np.diff(keys.astype(object)) > 0).all()


def test_a_partners_records_of_the_last_user_and_week_have_ids_of_their_own() -> None:
    """User x weeks + week: no week reaches into the next user, and the id fits the stream for any user there may be."""
    assert MOST_DAYS // 7 + 1 < WEEKS
    assert np.iinfo(ACTION["ref"]).max >= (2**32 - 1) * WEEKS + MOST_DAYS // 7
