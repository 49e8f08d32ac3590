"""Orders with a pledge: facts frozen at creation, money held when paid, given when confirmed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import asdict, replace

from sim.bookkeeping import Asset, Kind, read_action
from sim.domain.orders import Refusal as Standstill
from sim.domain.orders import State, Step, next_state
from sim.ledger.entries import Entry, Hold, Move, Refusal, Transfer, View
from sim.service.commands.gifts import matched, minutes_of_gift
from sim.service.commands.plan import Caller, Plan, incomplete, invalid, missing, refuse
from sim.service.commands.rules import Payment, document_of, named
from sim.service.messages import Confirmation, Named, Order


class OrderFacts(msgspec.Struct, gc=False, omit_defaults=True):
    """What an order froze when it was created."""

    user: str
    merchant: str
    project: str
    price: int
    fen: int
    rule: str | UnsetType = UNSET  # that cofunded it


Holds = tuple[Hold, ...]
Booked = tuple[list[Transfer], dict[str, int | str]]  # lines, and what the answer says beside them
Booking = Callable[[View, OrderFacts, Holds], Booked | Refusal]

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


def _step(
    ask: Named,
    step: Step,
    kind: Kind,
    book: Booking,
    touches: tuple[str, ...] = (),
    rule: str | UnsetType = UNSET,
) -> Plan:
    """One step of an order's life, if it is allowed from where the order is; the facts keep the rule that paid."""
    id = f"order:{ask.id}"

    def draft(view: View) -> Entry | Refusal:
        known = view.document(id)
        if known is None:
            return missing("order", str(ask.id))
        state = next_state(State(known.state), step)
        if isinstance(state, Standstill):
            return invalid("order", known.state)
        order = _decode(known.facts)
        booked = book(view, order, view.holds(known.held))
        if isinstance(booked, Refusal):
            return booked
        lines, notes = booked
        facts = None if rule is UNSET else _encode(replace(order, rule=rule))
        return Entry(kind.name, lines, Move(id, state.value, facts), notes=notes)

    return Plan(draft, touches, (id, *map(document_of, named(rule))))


def pay(ask: Named, caller: Caller) -> Plan:
    """The price goes to escrow; donation and the merchant's rest are held there."""

    def book(view: View, order: OrderFacts, holds: Holds) -> Booked:
        return read_action(Kind.ORDER_PAY, asdict(order)), {}

    return _step(ask, Step.PAY, Kind.ORDER_PAY, book, ("1110",))


def confirm(ask: Confirmation, caller: Caller) -> Plan:
    """The donation reaches its project, the rest the merchant; a pool may match."""
    if ask.match and ask.pool is UNSET:
        return incomplete("a match needs its pool")

    def book(view: View, order: OrderFacts, holds: Holds) -> Booked | Refusal:
        action = minutes_of_gift(order.user, ask.minutes, ask.effective_at)
        action |= {"project": order.project, "pool": ask.pool}
        bounded = matched(view, action, ask.match, payment._replace(user=order.user))
        if isinstance(bounded, Refusal):
            return bounded
        lines, notes = bounded
        return read_action(Kind.ORDER_CONFIRM, action, holds=holds) + lines, notes

    payment = Payment(named(ask.rule), "", ask.effective_at, Asset.CNY, ask.pool)
    pools = (f"2600:{ask.pool}",) if ask.match else ()
    return _step(ask, Step.CONFIRM, Kind.ORDER_CONFIRM, book, ("3300", *pools, *payment.touches), ask.rule)


def refund(ask: Named, caller: Caller) -> Plan:
    """Before confirmation the whole price goes back and nothing is given."""

    def book(view: View, order: OrderFacts, holds: Holds) -> Booked:
        action = {"merchant": order.merchant, "price": order.price}
        return read_action(Kind.ORDER_REFUND, action, holds=holds), {}

    return _step(ask, Step.REFUND, Kind.ORDER_REFUND, book, ("1110",))


def cancel(ask: Named, caller: Caller) -> Plan:
    """An order that was not paid is given up."""
    return _step(ask, Step.CANCEL, Kind.ORDER_CANCEL, lambda view, order, holds: ([], {}))
