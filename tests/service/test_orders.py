"""The life of an order over HTTP: every step from every state."""

from __future__ import annotations

import pytest

from sim.domain.orders import NEXT, State, Step
from tests.service.serving import Client, fresh

WAY = {
    State.CREATED: (),
    State.PAID: (Step.PAY,),
    State.CONFIRMED: (Step.PAY, Step.CONFIRM),
    State.CANCELLED: (Step.CANCEL,),
    State.REFUNDED: (Step.PAY, Step.REFUND),
}


def ordered(client: Client, state: State) -> str:
    """A new order, led to a state."""
    id = fresh("order")
    assert (
        client.post("/orders", id=id, user="u1", merchant="m1", project="p1", price=100, fen=20).status == 201
    )
    for step in WAY[state]:
        assert client.post(f"/orders/{id}/{step.value}").status == 200
    return id


@pytest.mark.parametrize("state", State, ids=lambda state: state.value)
@pytest.mark.parametrize("step", Step, ids=lambda step: step.value)
def test_every_step_from_every_state(client: Client, state: State, step: Step) -> None:
    """Allowed steps lead where the domain says; all others are 409 with the state, and leave it as it is."""
    id = ordered(client, state)
    reply = client.post(f"/orders/{id}/{step.value}")
    expected = NEXT.get((state, step))
    if expected is None:
        assert (reply.status, reply.code, reply.said["state"]) == (409, "invalid_transition", state.value)
    else:
        assert (reply.status, reply.said["state"]) == (200, expected.value)
    assert client.get(f"/v1/orders/{id}").said["state"] == (expected or state).value


def test_an_unknown_order_is_not_found(client: Client) -> None:
    """404 for every step, and for reading it."""
    for step in Step:
        assert client.post(f"/orders/nobody/{step.value}").status == 404
    assert client.get("/v1/orders/nobody").status == 404


def test_a_donation_is_given_only_by_confirmation(client: Client) -> None:
    """Paying promises it, refunding takes the promise back, confirming gives it."""

    def raised_and_promised() -> tuple[int, int]:
        said = client.get("/v1/projects/p1").said
        return said["raised"], said["promised"]

    ordered(client, State.CONFIRMED)  # now there is a project
    before = raised_and_promised()
    refunded = ordered(client, State.PAID)
    assert raised_and_promised() == (before[0], before[1] + 20)
    client.post(f"/orders/{refunded}/refund")
    assert raised_and_promised() == before
    ordered(client, State.CONFIRMED)
    assert raised_and_promised() == (before[0] + 20, before[1])


def test_what_an_order_froze_can_be_read(client: Client) -> None:
    """Facts are those of its creation; holds are there while it is paid."""
    id = ordered(client, State.PAID)
    said = client.get(f"/v1/orders/{id}").said
    assert said["facts"] == {"user": "u1", "merchant": "m1", "project": "p1", "price": 100, "fen": 20}
    assert [hold["amount"] for hold in said["holds"]] == [20, 80]
    client.post(f"/orders/{id}/refund")
    assert client.get(f"/v1/orders/{id}").said["holds"] == []
