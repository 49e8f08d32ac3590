"""Orders with a pledge: facts frozen at creation, money held when paid, given when confirmed."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from sim.bookkeeping import Kind, read_action
from sim.domain.orders import Refusal as Standstill
from sim.domain.orders import State, Step, next_state
from sim.ledger.entries import Document, Entry, Move, Refusal, View
from sim.service.commands.gifts import matched, minutes_of_gift
from sim.service.commands.plan import Caller, Plan, incomplete, invalid, missing, refuse
from sim.service.messages import Confirmation, Named, Order


class OrderFacts(msgspec.Struct, gc=False):
    """What an order froze when it was created."""

    user: str
    merchant: str
    project: str
    price: int
    fen: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(OrderFacts).decode


def create(ask: Order, caller: Caller) -> Plan:
    """A document and nothing else: no money moves before the order is paid."""
    if ask.fen > ask.price:
        return refuse(
            "exceeds_price", "the donation is more than the price", price=ask.price, required=ask.fen
        )
    id = f"order:{ask.id}"
    facts = _encode(OrderFacts(ask.user, ask.merchant, ask.project, ask.price, ask.fen))

    def draft(view: View) -> Entry | Refusal:
        if view.document(id) is not None:
            return Refusal("already_done", "this order was created before", {"document": id})
        return Entry("ORDER_CREATE", [], Move(id, State.CREATED.value, facts))

    return Plan(draft, (), (id,))


def _stepped(view: View, id: str, step: Step) -> tuple[Document, str] | Refusal:
    """The order as it is and the state after a step, or why there is none."""
    known = view.document(id)
    if known is None:
        return missing("order", id.partition(":")[2])
    state = next_state(State(known.state), step)
    if isinstance(state, Standstill):
        return invalid("order", known.state)
    return known, state.value


def pay(ask: Named, caller: Caller) -> Plan:
    """The price goes to escrow; donation and the merchant's rest are held there."""
    id = f"order:{ask.id}"

    def draft(view: View) -> Entry | Refusal:
        stepped = _stepped(view, id, Step.PAY)
        if isinstance(stepped, Refusal):
            return stepped
        order = _decode(stepped[0].facts)
        action = {
            "merchant": order.merchant,
            "project": order.project,
            "price": order.price,
            "fen": order.fen,
        }
        return Entry("ORDER_PAY", read_action(Kind.ORDER_PAY, action), Move(id, stepped[1]))

    return Plan(draft, ("1110",), (id,))


def confirm(ask: Confirmation, caller: Caller) -> Plan:
    """The donation reaches its project, the rest the merchant; a pool may match."""
    if ask.match and ask.pool is UNSET:
        return incomplete("a match needs its pool")
    id = f"order:{ask.id}"

    def draft(view: View) -> Entry | Refusal:
        stepped = _stepped(view, id, Step.CONFIRM)
        if isinstance(stepped, Refusal):
            return stepped
        order = _decode(stepped[0].facts)
        action: dict[str, Any] = minutes_of_gift(order.user, ask.minutes, ask.effective_at)
        action |= {"project": order.project, "pool": ask.pool}
        notes = matched(view, action, ask.match)
        lines = read_action(Kind.ORDER_CONFIRM, action, holds=view.holds(stepped[0].held))
        return Entry("ORDER_CONFIRM", lines, Move(id, stepped[1]), notes=notes)

    return Plan(draft, ("3300", f"2600:{ask.pool}") if ask.match else ("3300",), (id,))


def refund(ask: Named, caller: Caller) -> Plan:
    """Before confirmation the whole price goes back and nothing is given."""
    id = f"order:{ask.id}"

    def draft(view: View) -> Entry | Refusal:
        stepped = _stepped(view, id, Step.REFUND)
        if isinstance(stepped, Refusal):
            return stepped
        order = _decode(stepped[0].facts)
        action = {"merchant": order.merchant, "price": order.price}
        lines = read_action(Kind.ORDER_REFUND, action, holds=view.holds(stepped[0].held))
        return Entry("ORDER_REFUND", lines, Move(id, stepped[1]))

    return Plan(draft, ("1110",), (id,))


def cancel(ask: Named, caller: Caller) -> Plan:
    """An order that was not paid is given up."""
    id = f"order:{ask.id}"

    def draft(view: View) -> Entry | Refusal:
        stepped = _stepped(view, id, Step.CANCEL)
        if isinstance(stepped, Refusal):
            return stepped
        return Entry("ORDER_CANCEL", [], Move(id, stepped[1]))

    return Plan(draft, (), (id,))
