"""Gifts of beans and money, and their correction."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from sim.bookkeeping import Asset, Kind, code_of, read_action
from sim.domain.matching import granted_fen
from sim.ledger.accounts import MOST
from sim.ledger.entries import Entry, Mode, Posted, Refusal, Transfer, View
from sim.service.commands.plan import Caller, Plan, day_of, held, incomplete, refuse, take, year_of
from sim.service.commands.rules import Payment, left, named, paid, used
from sim.service.messages import BeanDonation, Correction, Donation

_encode = msgspec.json.Encoder().encode
GIFTS = (Kind.GIFT.name, Kind.ORDER_CONFIRM.name, Kind.BEAN_GIFT.name)


def give_beans(ask: BeanDonation, caller: Caller) -> Plan:
    """Full hundreds of beans, for which a pool pays; refused whole if it cannot."""
    fen = ask.beans * ask.rate // 100  # exact: beans are full hundreds
    if fen > MOST:
        return refuse("overflow", "an amount is 1 to 10^12", most=MOST)
    action = minutes_of_gift(ask.user, ask.minutes, ask.effective_at)
    action |= {"beans": ask.beans, "fen": fen, "project": ask.project, "pool": ask.pool}
    family, pool, today = f"2110:{ask.user}", f"2600:{ask.pool}", day_of(ask.effective_at)
    payment = Payment(named(ask.rule), ask.user, ask.effective_at, Asset.CNY, ask.pool)

    def draft(view: View) -> Entry | Refusal:
        parts = take(held(view, family, today), family, ask.beans)
        if isinstance(parts, Refusal):
            return parts
        if view.available(pool) < fen:
            return pool_exhausted(pool, view.available(pool), fen)
        bounded = paid(view, payment, fen)
        if isinstance(bounded, Refusal):
            return bounded
        lines = read_action(Kind.BEAN_GIFT, action, taken={2110: parts})
        return Entry("BEAN_GIFT", lines + bounded, facts=by_rule(ask.rule))

    touches = ("3190", pool, f"2400:{ask.project}", *time_accounts(action), *payment.touches)
    return Plan(draft, touches, payment.documents, (family,))


def give_money(ask: Donation, caller: Caller) -> Plan:
    """Money, and of a pool what it has left of the match asked for."""
    if ask.match and ask.pool is UNSET:
        return incomplete("a match needs its pool")
    action = minutes_of_gift(ask.user, ask.minutes, ask.effective_at)
    action |= {"fen": ask.fen, "project": ask.project, "pool": ask.pool}

    payment = Payment(named(ask.rule), ask.user, ask.effective_at, Asset.CNY, ask.pool)

    def draft(view: View) -> Entry | Refusal:
        bounded = matched(view, action, ask.match, payment)
        if isinstance(bounded, Refusal):
            return bounded
        lines, notes = bounded
        return Entry("GIFT", read_action(Kind.GIFT, action) + lines, notes=notes, facts=by_rule(ask.rule))

    pools = (f"2600:{ask.pool}",) if ask.match else ()
    touches = ("1110", f"2400:{ask.project}", *pools, *time_accounts(action), *payment.touches)
    return Plan(draft, touches, payment.documents)


def minutes_of_gift(user: str, minutes: int, effective_at: int) -> dict[str, Any]:
    """The charity time that a gift earns, as words of an action: donated minutes of the gift's year."""
    return {"user": user, "minutes": minutes, "klass": "donated", "year": year_of(effective_at)}


def time_accounts(action: dict[str, Any]) -> tuple[str, ...]:
    """The accounts that the minutes of a gift touch."""
    if not action["minutes"]:
        return ()
    return "3300", f"2800:{action['user']}:{action['klass']}:{action['year']}"


def by_rule(rule: str | UnsetType) -> bytes | None:
    """The rule of a payment, as facts of the journal."""
    return None if isinstance(rule, UnsetType) else _encode({"rule": rule})


def matched(
    view: View, action: dict[str, Any], asked: int, payment: Payment
) -> tuple[list[Transfer], dict[str, int | str]] | Refusal:
    """Set the action's match to what its pool and its rule have left of it; the rule's lines, what the answer says."""
    bounds = payment.open(view)
    if isinstance(bounds, Refusal):
        return bounds
    if not asked:
        action["match"] = 0
        return [], {}
    granted = granted_fen(asked, max(0, view.available(f"2600:{action['pool']}")))
    action["match"] = left(bounds, granted)
    return used(bounds, action["match"]), {"matched": action["match"]}


def pool_exhausted(pool: str, available: int, required: int) -> Refusal:
    """The pool has less than was asked for."""
    numbers: dict[str, int | str] = {"account": pool, "available": available, "required": required}
    return Refusal("pool_exhausted", f"{pool} has too little left", numbers)


def correct(ask: Correction, caller: Caller) -> Plan:
    """Give back money of one wrong donation, once, as far as the project still has it."""
    eid = bytes.fromhex(ask.donation)

    def draft(view: View) -> Entry | Refusal:
        posted = view.event(eid)
        if posted is None:
            return Refusal("not_found", f"there is no event {ask.donation}")
        money = _money(posted)
        if posted.kind not in GIFTS or len(money) != 1:
            return Refusal("not_a_donation", "only a donation to one project can be corrected")
        account, brought = next(iter(money.items()))
        if ask.fen > brought:
            numbers: dict[str, int | str] = {"donated": brought, "required": ask.fen}
            return Refusal("exceeds_donation", "more than the donation brought", numbers)
        action = {"fen": ask.fen, "project": account.partition(":")[2]}
        return Entry("CORRECTION", read_action(Kind.CORRECTION, action), reverses=eid)

    return Plan(draft, ("1110",))


def _money(posted: Posted) -> dict[str, int]:
    """What an event brought to projects, by account."""
    money: dict[str, int] = {}
    for line in posted.transfers:
        if code_of(line.credit) == 2400 and line.mode in (Mode.POSTED, Mode.POST):
            money[line.credit] = money.get(line.credit, 0) + line.amount
    return money
