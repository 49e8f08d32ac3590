"""Where requests meet the ledger: who asks, what it becomes, who waits for which answer.

Everything here runs on the event loop's thread; only `deliver` is called by the writer.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Any

from sim.ledger.decide import Group
from sim.ledger.entries import Answer, Command, Refusal, event_id
from sim.ledger.ledger import Done, Ledger, wall_us
from sim.service.commands.plan import OUT_OF_WINDOW, Caller, in_window
from sim.service.keys import ALL, AccessKey, Keyring
from sim.service.metrics import Counts
from sim.service.operations import Operation
from sim.service.policy import Policy
from sim.service.problems import Problem

SWEEP_S = 0.5


class Ticket:
    """Waits for one group's answers; called with them, on the loop's thread."""

    __slots__ = ("_desk", "eids", "future", "principal")

    def __init__(self, desk: Desk, future: asyncio.Future[Any], eids: set[bytes], principal: str) -> None:
        self._desk, self.future, self.eids, self.principal = desk, future, eids, principal

    def __call__(self, answers: list[Answer]) -> None:
        self._desk.release(self)
        if not self.future.done():
            self.future.set_result(answers)

    def fail(self, code: str, detail: str) -> None:
        """Nothing was queued."""
        self._desk.release(self)
        if not self.future.done():
            self.future.set_exception(Problem(code, detail))


class Desk:
    """One server's desk. `start` binds it to the running loop."""

    def __init__(self, policy: Policy, keys: Keyring) -> None:
        self.policy, self.keys = policy, keys
        self.counts = Counts()
        self.ledger: Ledger
        self._loop: asyncio.AbstractEventLoop
        self._outbox: list[tuple[Group, Done]] = []
        self._in_flight: set[bytes] = set()
        self._waiting: dict[Ticket, float] = {}  # in the order of their deadlines
        self._reading: dict[asyncio.Task[Any], float] = {}
        self._by_key: dict[str, int] = {}  # commands that wait, by principal

    def start(self, ledger: Ledger) -> None:
        """Take requests for a ledger on the running loop."""
        self.ledger = ledger
        self._loop = asyncio.get_running_loop()
        self._sweep()

    def deliver(self, finished: list[tuple[Done, list[Answer]]]) -> None:
        """Hand a whole batch of answers over to the loop, in one call from the writer's thread."""
        self._loop.call_soon_threadsafe(_hand_out, finished)

    # --- who asks, and what it becomes ------------------------------------------------------------------

    def caller(self, header: bytes | None, now_us: int) -> AccessKey:
        """The key behind an Authorization header. Raises Problem."""
        key = self.keys.verify(header, now_us) if header else None
        if key is None:
            raise Problem("unauthorized", "send Authorization: Bearer with a key that is valid")
        return key

    def command(
        self, key: AccessKey, operation: Operation, message: Any, idempotency_key: str, now_us: int
    ) -> Command:
        """A message as a command of its principal. Raises Problem if the key is not bound to its object."""
        owners = key.owners
        if ALL not in owners:
            owner = operation.owner_of(message)
            if owner and owner not in owners:
                raise Problem("foreign_object", f"this key is not bound to {owner}")
        principal = key.principal
        caller = Caller(principal, owners, now_us, self.policy)
        draft, touches, documents = operation.build(message, caller)
        if not in_window(message.effective_at, caller):
            draft = _out_of_window
        fingerprint = hashlib.sha256(operation.canonical(message, operation.path_of(message))).digest()
        eid = event_id(principal, idempotency_key)
        return Command(principal, eid, fingerprint, message.effective_at, draft, touches, (), documents)

    # --- waiting for answers ----------------------------------------------------------------------------

    def is_in_flight(self, eid: bytes) -> bool:
        """Whether the first request with this key is still running."""
        return eid in self._in_flight

    async def ask(self, group: Group, principal: str) -> list[Answer]:
        """Queue a group and wait for its answers. Raises Problem."""
        size = len(group.commands)
        waiting = self._by_key.get(principal, 0)
        if waiting and waiting + size > self.policy.per_key:
            raise Problem("too_many_requests", f"{waiting} requests of this key are waiting already")
        eids = {command.eid for command in group.commands}
        ticket = Ticket(self, self._loop.create_future(), eids, principal)
        if not self._outbox:
            self._loop.call_soon(self._submit)
        self._outbox.append((group, ticket))
        self._in_flight |= eids
        self._by_key[principal] = waiting + len(eids)
        self._waiting[ticket] = time.monotonic() + self.policy.answer_s
        answers: list[Answer] = await ticket.future
        return answers

    def _submit(self) -> None:
        """Queue what came in during one turn of the loop: the writer is woken once for all of it."""
        outbox, self._outbox = self._outbox, []
        for ticket, unavailable in self.ledger.submit_all(outbox):
            assert isinstance(ticket, Ticket)
            ticket.fail(unavailable.code, str(unavailable))

    def release(self, ticket: Ticket) -> None:
        """A group is answered: its keys may be asked again."""
        self._in_flight -= ticket.eids
        self._by_key[ticket.principal] -= len(ticket.eids)
        self._waiting.pop(ticket, None)

    # --- time limits: one timer for all -----------------------------------------------------------------

    async def read(self, receive: Any) -> Any:
        """The next part of a body. Raises Problem if it comes too slowly."""
        task = asyncio.current_task()
        assert task is not None
        until = self._reading[task] = time.monotonic() + self.policy.body_s
        try:
            return await receive()
        except asyncio.CancelledError:
            if time.monotonic() < until:
                raise
            task.uncancel()
            raise Problem("request_timeout", f"the body did not arrive in {self.policy.body_s:g} s") from None
        finally:
            del self._reading[task]

    def _sweep(self) -> None:
        now = time.monotonic()
        for task in _overdue(self._reading, now):
            task.cancel()
        for ticket in _overdue(self._waiting, now):
            del self._waiting[ticket]
            if not ticket.future.done():
                late = Problem("outcome_unknown", "no answer in time; ask again with the same key")
                ticket.future.set_exception(late)
        self._loop.call_later(SWEEP_S, self._sweep)


def _overdue(deadlines: dict[Any, float], now: float) -> list[Any]:
    """Whose time is up; deadlines are in order, so the first that is not ends the search."""
    late = []
    for who, until in deadlines.items():
        if until > now:
            break
        late.append(who)
    return late


def _out_of_window(view: Any) -> Refusal:
    return OUT_OF_WINDOW


def _hand_out(finished: list[tuple[Done, list[Answer]]]) -> None:
    for done, answers in finished:
        done(answers)


__all__ = ["Desk", "Ticket", "wall_us"]
