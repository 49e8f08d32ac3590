"""Where requests meet the ledger: who asks, what it becomes, who waits for which answer.

Everything here runs on the event loop's thread; only `deliver` is called by the writer.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from typing import Any, Protocol

from sim.ledger.decide import Group
from sim.ledger.entries import Answer, Command, Refusal, event_id
from sim.ledger.ledger import Done, Ledger
from sim.service.commands.plan import OUT_OF_WINDOW, Caller, in_window
from sim.service.keys import ALL, AccessKey, Keyring
from sim.service.metrics import Counts
from sim.service.operations import Operation
from sim.service.policy import Policy
from sim.service.problems import Problem

SWEEP_S = 0.5
Tell = Callable[[list[Answer] | Problem], None]


class Reading(Protocol):
    """What waits for the rest of a request, and can be told to give up."""

    def cancel(self) -> Any: ...


class Ticket:
    """Waits for one group's answers; called with them, on the loop's thread. `tell` is called once."""

    __slots__ = ("_desk", "eids", "principal", "tell")

    def __init__(self, desk: Desk, eids: set[bytes], principal: str, tell: Tell) -> None:
        self._desk, self.eids, self.principal, self.tell = desk, eids, principal, tell

    def __call__(self, answers: list[Answer]) -> None:
        self._desk.release(self)
        tell, self.tell = self.tell, _nobody
        tell(answers)

    def fail(self, code: str, detail: str) -> None:
        """Nothing was queued."""
        self._desk.release(self)
        self.tell(Problem(code, detail))

    def give_up(self) -> None:
        """The answer is late: its keys stay in flight until it comes, but nobody waits for it."""
        tell, self.tell = self.tell, _nobody
        tell(Problem("outcome_unknown", "no answer in time; ask again with the same key"))


class Desk:
    """One server's desk. `start` binds it to the running loop."""

    def __init__(self, policy: Policy, keys: Keyring) -> None:
        self.policy, self.keys = policy, keys
        self.counts = Counts()
        self.ledger: Ledger
        self._loop: asyncio.AbstractEventLoop
        self._outbox: list[tuple[Group, Done]] = []
        self._in_flight: set[bytes] = set()
        self._waiting: dict[Ticket, float] = {}  # until when, in that order
        self._reading: dict[Reading, float] = {}
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
        """A message as a command of its principal. Raises Problem: not its object, or the key is in flight."""
        owners, principal = key.owners, key.principal
        if ALL not in owners:
            owner = operation.owner_of(message)
            if owner and owner not in owners:
                raise Problem("foreign_object", f"this key is not bound to {owner}")
        eid = event_id(principal, idempotency_key)
        if eid in self._in_flight:
            raise Problem("idempotency_in_flight", "the first request with this key is still running")
        caller = Caller(principal, owners, now_us, self.policy)
        draft, touches, documents, families = operation.build(message, caller)
        if not in_window(message.effective_at, caller):
            draft = _out_of_window
        fingerprint = hashlib.sha256(operation.canonical(message)).digest()
        return Command(principal, eid, fingerprint, message.effective_at, draft, touches, families, documents)

    # --- waiting for answers ----------------------------------------------------------------------------

    def submit(self, group: Group, principal: str, tell: Tell) -> None:
        """Queue a group; `tell` gets its answers, or why there are none. Raises Problem."""
        eids = {command.eid for command in group.commands}
        waiting = self._by_key.get(principal, 0)
        if waiting and waiting + len(eids) > self.policy.per_key:
            raise Problem("too_many_requests", f"{waiting} requests of this key are waiting already")
        ticket = Ticket(self, eids, principal, tell)
        if not self._outbox:
            self._loop.call_soon(self._flush)
        self._outbox.append((group, ticket))
        self._in_flight |= eids
        self._by_key[principal] = waiting + len(eids)
        self._waiting[ticket] = time.monotonic() + self.policy.answer_s

    async def ask(self, group: Group, principal: str) -> list[Answer]:
        """Queue a group and wait for its answers. Raises Problem."""
        future: asyncio.Future[list[Answer] | Problem] = self._loop.create_future()
        self.submit(group, principal, lambda told: None if future.done() else future.set_result(told))
        told = await future
        if isinstance(told, Problem):
            raise told
        return told

    def _flush(self) -> None:
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

    def watch(self, reading: Reading) -> None:
        """Cancel whoever is still reading its request when its time is up."""
        self._reading.setdefault(reading, time.monotonic() + self.policy.body_s)

    def unwatch(self, reading: Reading) -> None:
        """The request is whole, or over."""
        self._reading.pop(reading, None)

    async def read(self, receive: Any) -> Any:
        """The next part of a body. Raises Problem if it comes too slowly."""
        task = asyncio.current_task()
        assert task is not None
        until = time.monotonic() + self.policy.body_s
        self.watch(task)
        try:
            return await receive()
        except asyncio.CancelledError:
            if time.monotonic() < until:
                raise
            task.uncancel()
            raise too_slow(self.policy.body_s) from None
        finally:
            self.unwatch(task)

    def _sweep(self) -> None:
        now = time.monotonic()
        for reading in _overdue(self._reading, now):
            reading.cancel()
        for ticket in _overdue(self._waiting, now):
            del self._waiting[ticket]
            ticket.give_up()
        self._loop.call_later(SWEEP_S, self._sweep)


def too_slow(body_s: float) -> Problem:
    """The body did not come in time."""
    return Problem("request_timeout", f"the body did not arrive in {body_s:g} s")


def _overdue(deadlines: dict[Any, float], now: float) -> list[Any]:
    """Whose time is up; deadlines are in order, so the first that is not ends the search."""
    late = []
    for who, until in deadlines.items():
        if until > now:
            break
        late.append(who)
    return late


def _nobody(told: list[Answer] | Problem) -> None:
    """Who asked was told already."""


def _out_of_window(view: Any) -> Refusal:
    return OUT_OF_WINDOW


def _hand_out(finished: list[tuple[Done, list[Answer]]]) -> None:
    for done, answers in finished:
        done(answers)
