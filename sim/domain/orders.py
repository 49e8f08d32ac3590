"""The life of a charity order: pledged at creation, donated when the buyer confirms receipt.

A refund before confirmation means no donation; after it the donation stands (seller's agreement, F). A step that
is not allowed is answered, not raised.
"""

from __future__ import annotations

from enum import Enum


class State(Enum):
    CREATED = "created"
    PAID = "paid"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class Step(Enum):
    PAY = "pay"
    CANCEL = "cancel"
    CONFIRM = "confirm"
    REFUND = "refund"


class Refusal(Enum):
    """Why an order does not move."""

    INVALID_TRANSITION = "invalid_transition"
    DONATION_STANDS = "donation_stands"  # a late refund is between merchant and buyer


NEXT = {
    (State.CREATED, Step.PAY): State.PAID,
    (State.CREATED, Step.CANCEL): State.CANCELLED,
    (State.PAID, Step.CONFIRM): State.CONFIRMED,
    (State.PAID, Step.REFUND): State.REFUNDED,
}


def next_state(state: State, step: Step) -> State | Refusal:
    """The state after a step, or why there is none."""
    if state is State.CONFIRMED and step is Step.REFUND:
        return Refusal.DONATION_STANDS
    return NEXT.get((state, step), Refusal.INVALID_TRANSITION)
