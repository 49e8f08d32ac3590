"""Sponsors' pools: money in, what was not spent out again, and teams' goals reached."""

from __future__ import annotations

import msgspec

from sim.bookkeeping import Asset, Kind, read_action
from sim.ledger.entries import Entry, Refusal, View
from sim.service.commands.gifts import by_rule, pool_exhausted
from sim.service.commands.plan import Caller, Plan
from sim.service.commands.rules import Payment, named, paid
from sim.service.messages import PoolMoney, Prize, Unlock

_encode = msgspec.json.Encoder().encode


def deposit(ask: PoolMoney, caller: Caller) -> Plan:
    """A sponsor's money comes into custody for its pool."""
    lines = read_action(Kind.POOL_DEPOSIT, {"pool": ask.id, "fen": ask.fen})
    return Plan(lambda view: Entry("POOL_DEPOSIT", lines), ("1100", f"2600:{ask.id}"))


def _from_pool(
    kind: Kind, id: str, fen: int, payment: Payment, facts: bytes | None, project: str = ""
) -> Plan:
    pool = f"2600:{id}"
    lines = read_action(kind, {"pool": id, "fen": fen, "project": project})

    def draft(view: View) -> Entry | Refusal:
        left = view.available(pool)
        if left < fen:
            return pool_exhausted(pool, left, fen)
        bounded = paid(view, payment, fen)
        return bounded if isinstance(bounded, Refusal) else Entry(kind.name, lines + bounded, facts=facts)

    return Plan(draft, (pool, lines[0].credit, *payment.touches), payment.documents)


def withdraw(ask: PoolMoney, caller: Caller) -> Plan:
    """What a pool has not spent goes back to its sponsor."""
    nobody = Payment((), "", ask.effective_at, Asset.CNY)
    return _from_pool(Kind.POOL_WITHDRAW, str(ask.id), ask.fen, nobody, None)


def unlock(ask: Unlock, caller: Caller) -> Plan:
    """A team's goal is reached: the pool pays the project."""
    payment = Payment(named(ask.rule), "", ask.effective_at, Asset.CNY, ask.id)
    return _from_pool(Kind.TEAM_UNLOCK, str(ask.id), ask.fen, payment, by_rule(ask.rule), ask.project)


def prize(ask: Prize, caller: Caller) -> Plan:
    """Money that a rule pays to a person: out of its pool and of custody; the facts keep to whom."""
    payment = Payment((ask.rule,), ask.user, ask.effective_at, Asset.CNY, ask.pool)
    facts = _encode({"user": ask.user, "rule": ask.rule})
    return _from_pool(Kind.PRIZE, ask.pool, ask.fen, payment, facts)
