"""Sponsors' pools: money in, what was not spent out again, and teams' goals reached."""

from __future__ import annotations

from sim.bookkeeping import Kind, read_action
from sim.ledger.entries import Entry, Refusal, View
from sim.service.commands.gifts import pool_exhausted
from sim.service.commands.plan import Caller, Plan
from sim.service.messages import PoolMoney, Unlock


def deposit(ask: PoolMoney, caller: Caller) -> Plan:
    """A sponsor's money comes into custody for its pool."""
    lines = read_action(Kind.POOL_DEPOSIT, {"pool": ask.id, "fen": ask.fen})
    return Plan(lambda view: Entry("POOL_DEPOSIT", lines), ("1100", f"2600:{ask.id}"))


def _from_pool(kind: Kind, ask: PoolMoney | Unlock, project: str = "") -> Plan:
    pool = f"2600:{ask.id}"
    lines = read_action(kind, {"pool": ask.id, "fen": ask.fen, "project": project})

    def draft(view: View) -> Entry | Refusal:
        left = view.available(pool)
        return Entry(kind.name, lines) if left >= ask.fen else pool_exhausted(pool, left, ask.fen)

    return Plan(draft, (pool, lines[0].credit))


def withdraw(ask: PoolMoney, caller: Caller) -> Plan:
    """What a pool has not spent goes back to its sponsor."""
    return _from_pool(Kind.POOL_WITHDRAW, ask)


def unlock(ask: Unlock, caller: Caller) -> Plan:
    """A team's goal is reached: the pool pays the project."""
    return _from_pool(Kind.TEAM_UNLOCK, ask, ask.project)
