"""The life of a charity order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.domain.orders import (
    TIMER_US,
    Delivery,
    Refusal,
    State,
    Step,
    confirmation_due_us,
    moves_donation,
    next_state,
)
from sim.spans import DAY_US

ENDS = {State.CONFIRMED, State.CANCELLED, State.REFUNDED}


def walk(*steps: Step) -> State:
    """The state after steps, refused ones skipped."""
    state = State.CREATED
    for step in steps:
        after = next_state(state, step)
        if isinstance(after, State):
            state = after
    return state


def test_a_bought_and_completed_order_gives():
    """Paid and confirmed: the donation moves at confirmation, not before."""
    assert not moves_donation(walk(Step.PAY))
    assert moves_donation(walk(Step.PAY, Step.CONFIRM))


def test_a_refund_before_confirmation_means_no_donation():
    """Refunded orders give nothing and cannot be confirmed any more."""
    assert walk(Step.PAY, Step.REFUND) is State.REFUNDED
    assert next_state(State.REFUNDED, Step.CONFIRM) is Refusal.INVALID_TRANSITION
    assert not moves_donation(State.REFUNDED)


def test_after_confirmation_the_donation_stands():
    """A late refund is answered with its reason and changes nothing."""
    assert next_state(State.CONFIRMED, Step.REFUND) is Refusal.DONATION_STANDS


def test_an_unpaid_order_is_cancelled_not_confirmed():
    """Only what is paid can be confirmed or refunded; only what is not can be cancelled."""
    assert walk(Step.CANCEL) is State.CANCELLED
    assert next_state(State.CREATED, Step.CONFIRM) is Refusal.INVALID_TRANSITION
    assert next_state(State.CREATED, Step.REFUND) is Refusal.INVALID_TRANSITION
    assert next_state(State.PAID, Step.CANCEL) is Refusal.INVALID_TRANSITION


@given(st.lists(st.sampled_from(list(Step)), max_size=12))
def test_an_order_ends_once(steps):
    """Whatever is tried in whatever order, an ended order stays as it ended."""
    state, ended = State.CREATED, None
    for step in steps:
        after = next_state(state, step)
        if isinstance(after, State):
            assert ended is None
            state = after
        if state in ENDS:
            ended = state
    assert ended is None or state is ended


@pytest.mark.parametrize(
    ("delivery", "days"),
    [(Delivery.EXPRESS, 10), (Delivery.MAIL, 30), (Delivery.VIRTUAL, 3), (Delivery.AUTOMATIC, 1)],
)
def test_timers_run_from_shipping(delivery, days):
    """Express 10 days, mail 30, virtual goods 3, delivered by the platform 24 hours."""
    assert confirmation_due_us(5, delivery) == 5 + days * DAY_US


def test_a_refund_request_pauses_the_timer():
    """The pause is added whole; while it is open there is no due time; one after the due time is too late."""
    shipped, due = 7, 7 + 10 * DAY_US
    assert confirmation_due_us(shipped, Delivery.EXPRESS, [(DAY_US, 3 * DAY_US)]) == due + 2 * DAY_US
    assert confirmation_due_us(shipped, Delivery.EXPRESS, [(DAY_US, None)]) is None
    assert confirmation_due_us(shipped, Delivery.EXPRESS, [(due, None)]) == due
    assert confirmation_due_us(5 * DAY_US, Delivery.VIRTUAL, [(0, 6 * DAY_US)]) == 9 * DAY_US


@given(
    st.integers(0, 10**12),
    st.sampled_from(list(Delivery)),
    st.lists(st.integers(1, 5 * DAY_US), max_size=8),
)
def test_the_timer_runs_for_its_whole_time(shipped, delivery, gaps):
    """Unpaused time between shipping and confirmation is exactly the timer, for any pauses."""
    instants = [shipped]
    for gap in gaps[: len(gaps) // 2 * 2]:
        instants.append(instants[-1] + gap)
    pauses = list(zip(instants[1::2], instants[2::2], strict=True))
    due = confirmation_due_us(shipped, delivery, pauses)
    assert due is not None
    paused = sum(end - begin for begin, end in pauses if begin < due)
    assert due - shipped - paused == TIMER_US[delivery]
