"""The life of a charity order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sim.domain.orders import (
    Refusal,
    State,
    Step,
    next_state,
)

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
    assert walk(Step.PAY) is State.PAID
    assert walk(Step.PAY, Step.CONFIRM) is State.CONFIRMED


def test_a_refund_before_confirmation_means_no_donation():
    """Refunded orders give nothing and cannot be confirmed any more."""
    assert walk(Step.PAY, Step.REFUND) is State.REFUNDED
    assert next_state(State.REFUNDED, Step.CONFIRM) is Refusal.INVALID_TRANSITION


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
