"""The ledger: one writer, group commit. What waits is decided together, made durable together, answered together.

`Ledger.submit` queues a group of commands from any thread; the writer's thread takes all that waits (at most
`BATCH` commands), decides in memory, writes journal, counters, answers and holds in one durable commit, and
only then answers. The commit before is the timer: while it runs the next batch gathers.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal

from sim.errors import BeanpeakError, InvariantError
from sim.ledger.accounts import Chart
from sim.ledger.answers import refused_body
from sim.ledger.audit import insist, quick
from sim.ledger.decide import Decision, Group, decide
from sim.ledger.entries import Answer, Command, Refusal
from sim.ledger.failpoints import failpoint
from sim.ledger.sql import SqlStore
from sim.ledger.state import State
from sim.ledger.stores import Disconnected, OutcomeUnknown, StoreError

BATCH = 1_024
QUEUE = 8_192

Done = Callable[[list[Answer]], None]
Deliver = Callable[[list[tuple[Done, list[Answer]]]], None]
Health = Literal["ready", "draining", "read-only"]


class Unavailable(BeanpeakError):
    """The ledger takes nothing now: `code` is queue_full, draining or storage_unavailable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(slots=True)
class Figures:
    """Counts since the start, for `/metrics`."""

    batches: int = 0
    events: int = 0
    refusals: int = 0
    replays: int = 0
    transfers: int = 0
    commit_s: float = 0.0
    last_batch: int = 0


def wall_us() -> int:
    """The wall clock, µs since the Unix epoch."""
    return time.time_ns() // 1_000


def deliver_here(finished: list[tuple[Done, list[Answer]]]) -> None:
    """Answer on the writer's own thread."""
    for done, answers in finished:
        done(answers)


class Ledger:
    """One journal and its writer. Used without a thread (`commit`) or with one (`start`, `submit`, `stop`).

    Raises InvariantError if what is in the store is not sound as far as a quick look tells.
    """

    def __init__(
        self,
        store: SqlStore,
        chart: Chart,
        *,
        clock: Callable[[], int] = wall_us,
        deliver: Deliver = deliver_here,
        queue: int = QUEUE,
    ) -> None:
        insist(quick(store))
        self.store = store
        self.state = State(chart, store, store.head())
        self.figures = Figures()
        self.health: Health = "ready"
        self.trouble = ""
        self._clock, self._deliver, self._most = clock, deliver, queue
        self._waiting: deque[tuple[Group, Done]] = deque()
        self._queued = 0
        self._wake = threading.Condition()
        self._writing = threading.Lock()  # who has it may use the store
        self._thread: threading.Thread | None = None
        self._closed = False

    # --- deciding and writing -------------------------------------------------------------------------

    def commit(self, groups: Sequence[Group]) -> list[list[Answer]]:
        """Decide groups and make them durable. Whatever goes wrong, nothing is written afterwards.

        Raises Disconnected: nothing of them is in the store, which may be asked again; StoreError: nothing of
        them is in the store; OutcomeUnknown: they are there whole or not at all.
        """
        if self.health == "read-only":
            raise StoreError(self.trouble)
        try:
            with self._writing:
                decision = self._decide_and_write(groups)
        except Disconnected as error:
            self.trouble = str(error)
            raise
        except Exception as error:
            self._halt(error)
            raise
        self.trouble = ""
        self._count(decision)
        return decision.answers

    def _decide_and_write(self, groups: Sequence[Group]) -> Decision:
        commands = [command for group in groups for command in group.commands]
        self.store.preload(self.state, commands, [group.eid for group in groups if group.atomic])
        decision = decide(self.state, groups, self._clock())
        if decision.events or decision.refused:
            began = time.perf_counter()
            self.store.write(self.state, decision)
            failpoint("after-commit")
            self.figures.commit_s += time.perf_counter() - began
            decision.overlay.merge()
        self.state.trim()
        return decision

    def _halt(self, error: Exception) -> None:
        """Go read-only: a failed write, a broken invariant or a defect must not be built upon."""
        with self._wake:
            self.health = "read-only"
            kind = "a broken invariant" if isinstance(error, InvariantError) else type(error).__name__
            self.trouble = f"read-only after {kind}: {error}"

    def _count(self, decision: Decision) -> None:
        figures = self.figures
        answers = [answer for group in decision.answers for answer in group]
        figures.batches += 1
        figures.last_batch = len(answers)
        figures.events += len(decision.events)
        figures.refusals += len(decision.refused)
        figures.replays += sum(answer.replayed for answer in answers)
        figures.transfers += sum(len(event.transfers) for event, _ in decision.events)

    def ask(self, *commands: Command) -> list[Answer]:
        """Decide a few commands at once, without a thread."""
        return self.commit([Group(commands)])[0]

    def exclusively(self, job: Callable[[SqlStore], None]) -> None:
        """Use the store from another thread, between two batches. Raises Unavailable."""
        with self._writing:
            if self.health == "read-only":
                raise Unavailable("storage_unavailable", self.trouble)
            try:
                job(self.store)
            except Disconnected as error:
                raise Unavailable("storage_unavailable", str(error)) from error
            except StoreError as error:
                self._halt(error)
                raise Unavailable("storage_unavailable", self.trouble) from error

    # --- the writer's thread --------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to take from the queue."""
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    def submit(self, group: Group, done: Done) -> None:
        """Queue a group; `done` gets its answers after the commit. Raises Unavailable."""
        for _, unavailable in self.submit_all([(group, done)]):
            raise unavailable

    def submit_all(self, asked: Sequence[tuple[Group, Done]]) -> list[tuple[Done, Unavailable]]:
        """Queue groups and wake the writer once; returns those that were not taken, and why."""
        with self._wake:
            if self.health != "ready":
                code = "draining" if self.health == "draining" else "storage_unavailable"
                unavailable = Unavailable(code, self.trouble or "the server is stopping")
                return [(done, unavailable) for _, done in asked]
            refused = []
            for group, done in asked:
                size = len(group.commands)
                if self._queued + size > self._most and self._queued:
                    full = Unavailable("queue_full", f"{self._queued} requests are waiting already")
                    refused.append((done, full))
                    continue
                self._waiting.append((group, done))
                self._queued += size
            self._wake.notify()
            return refused

    def future(self, group: Group) -> Future[list[Answer]]:
        """Queue a group and get its answers as a future."""
        promise: Future[list[Answer]] = Future()
        promise.set_running_or_notify_cancel()  # it is under way: it cannot be cancelled any more
        self.submit(group, promise.set_result)
        return promise

    @property
    def waiting(self) -> int:
        """Commands in the queue."""
        return self._queued

    def _take(self) -> list[tuple[Group, Done]]:
        with self._wake:
            while not self._waiting and self.health == "ready":
                self._wake.wait()
            taken: list[tuple[Group, Done]] = []
            size = 0
            while self._waiting and (not taken or size + len(self._waiting[0][0].commands) <= BATCH):
                taken.append(self._waiting.popleft())
                size += len(taken[-1][0].commands)
            self._queued -= size
            return taken

    def _run(self) -> None:
        while taken := self._take():
            groups = [group for group, _ in taken]
            try:
                answers = self.commit(groups)
            except Exception as error:  # whatever it was: everybody gets an answer
                answers = self._failed(groups, error)
            failpoint("before-answer")
            try:
                self._deliver([(done, mine) for (_, done), mine in zip(taken, answers, strict=True)])
                if self.health != "read-only":
                    with self._writing:
                        self.store.checkpoint()
            except Exception as error:
                self._halt(error)

    def _failed(self, groups: list[Group], error: Exception) -> list[list[Answer]]:
        """Unavailable if nothing was written, unknown if nobody can tell."""
        code = "outcome_unknown" if isinstance(error, OutcomeUnknown) else "storage_unavailable"
        body = refused_body(Refusal(code, self.trouble))
        return [[Answer(code, body, 0) for _ in group.commands] for group in groups]

    def stop(self) -> None:
        """Take nothing more, finish what waits, close the store."""
        with self._wake:
            if self.health == "ready":
                self.health = "draining"
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()
        if not self._closed:
            self._closed = True
            self.store.close()


__all__ = ["Figures", "Group", "Ledger", "StoreError", "Unavailable"]
