"""A ledger in memory behind the service's own commands: rows go in as requests, an export comes out."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from sim.bookkeeping import CHART
from sim.ledger.accounts import Account
from sim.ledger.decide import Group, decide
from sim.ledger.entries import Answer, Command, Posted, event_id, printed_id
from sim.ledger.journal import Event
from sim.ledger.state import Nothing, State, family_of
from sim.service.commands.plan import Caller, Plan
from sim.service.operations import BY_OP
from sim.service.policy import Policy
from sim.wire import Row, Wire

FEE_CAP_PPM = 100_000


class Memory(Nothing):
    """A source that remembers what a store would: accounts, events for corrections, answers for repeats."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.events: dict[bytes, Posted] = {}
        self.answers: dict[bytes, Any] = {}

    def family(self, prefix: str) -> list[Account]:
        return [account for name, account in self.accounts.items() if family_of(name) == prefix]

    def event(self, eid: bytes) -> Posted | None:
        return self.events.get(eid)

    def answer(self, eid: bytes) -> Any:
        return self.answers.get(eid)


class Played:
    """A ledger that rows are played against, one by one."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.source = Memory()
        self.state = State(CHART, self.source)
        self.journal: list[Event] = []

    def ask(self, row: Row) -> Answer:
        """Play one row; its answer."""
        item = json.loads(self.wire.item(row))
        principal = self.wire.principal(self.wire.role(row))
        return self._ask(item["op"], item["body"], principal, item["idempotency_key"])

    def open(self, account: str, amount: int) -> Answer:
        """Open a balance."""
        key, request = self.wire.opening(account, amount, 0)
        return self._ask(request.op, request.body, self.wire.principal(request.role), key)

    def _ask(self, op: str, body: dict[str, Any], principal: str, key: str) -> Answer:
        operation = BY_OP[op]
        message = operation.decode(msgspec.json.encode(body))
        caller = Caller(principal, frozenset({"*"}), 0, Policy(campaign_clock=True, fee_cap_ppm=FEE_CAP_PPM))
        plan: Plan = operation.build(message, caller)
        eid = event_id(principal, key)
        command = Command(
            principal, eid, b"", message.effective_at, plan.draft, plan.touches, (), plan.documents
        )
        decision = decide(self.state, [Group([command])], 0)
        self.source.answers |= decision.overlay.answers
        self.source.accounts |= decision.overlay.accounts
        decision.overlay.merge()
        for event, _ in decision.events:
            self.journal.append(event)
            self.source.events[event.eid] = Posted(event.seq, event.kind, event.transfers)
            if event.reverses is not None:
                found = self.source.events[event.reverses]
                self.source.events[event.reverses] = found._replace(reversed=True)
        return decision.answers[0][0]

    def balances(self) -> dict[str, tuple[int, int, int, int]]:
        """The counters of every account."""
        return {name: a.counters for name, a in self.state.accounts.items() if a is not None}


def export_line(event: Event) -> bytes:
    """An event as the export has it."""
    line = {
        "seq": event.seq,
        "id": printed_id(event.eid),
        "kind": event.kind,
        "actor": event.actor,
        "ts_us": event.ts_us,
        "effective_at": event.effective_at,
        "document": event.document,
        "state": event.state,
        "facts": None if event.facts is None else msgspec.Raw(event.facts or b"{}"),
        "reverse_of": event.reverses and printed_id(event.reverses),
        "transfers": event.transfers,
        "jhash": event.jhash.hex(),
    }
    return msgspec.json.encode(line)
