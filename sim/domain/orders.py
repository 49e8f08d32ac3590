"""The life of a charity order: pledged at creation, donated when the buyer confirms receipt.

A refund before confirmation means no donation; after it the donation stands. Timers run from shipping and
a refund request pauses them (seller's agreement, F). A step that is not allowed is answered, not raised.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from sim.spans import DAY_US


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


class Delivery(Enum):
    EXPRESS = "express"
    MAIL = "mail"
    VIRTUAL = "virtual"
    AUTOMATIC = "automatic"  # delivered by the platform itself


NEXT = {
    (State.CREATED, Step.PAY): State.PAID,
    (State.CREATED, Step.CANCEL): State.CANCELLED,
    (State.PAID, Step.CONFIRM): State.CONFIRMED,
    (State.PAID, Step.REFUND): State.REFUNDED,
}

# Time from shipping after which an order counts as received, microseconds.
TIMER_US = {
    Delivery.EXPRESS: 10 * DAY_US,
    Delivery.MAIL: 30 * DAY_US,
    Delivery.VIRTUAL: 3 * DAY_US,
    Delivery.AUTOMATIC: DAY_US,
}


def next_state(state: State, step: Step) -> State | Refusal:
    """The state after a step, or why there is none."""
    if state is State.CONFIRMED and step is Step.REFUND:
        return Refusal.DONATION_STANDS
    return NEXT.get((state, step), Refusal.INVALID_TRANSITION)


def moves_donation(state: State) -> bool:
    """Whether the donation of an order in this state has reached its project."""
    return state is State.CONFIRMED


def confirmation_due_us(
    shipped_us: int, delivery: Delivery, pauses: Iterable[tuple[int, int | None]] = ()
) -> int | None:
    """When an order confirms itself. `pauses` are refund requests (from, until) in time order, disjoint.

    None while a request is open: the timer stands still.
    """
    due = shipped_us + TIMER_US[delivery]
    for begun, ended in pauses:
        if begun >= due:
            break
        if ended is None:
            return None
        due += max(0, ended - max(begun, shipped_us))
    return due
