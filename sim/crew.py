"""Replications side by side: a crew of processes, each of which simulates one replication after the other.

A process is started once and is told what to do line by line (`hand.py`); what it has finished it keeps in the run's
folder itself, so that here only its progress is heard. How many pay is reckoned by `jobs_for`; one needs no crew.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock, Thread
from typing import Any

from sim.bounds import fitting_at_once
from sim.children.starting import OURS, PIPE, Child, python
from sim.engine.outcome import Progress
from sim.errors import BeanpeakError, Interrupted, InvariantError, UsageError
from sim.reporting.unfinished import Unfinished
from sim.runs import NOTHING_KEPT, Watch, perform, replication_s
from sim.stopping import asked_to_stop

START_S = 2.0  # what a process takes before it simulates: imports, and loading what is compiled
PATIENCE_S = 20.0
LOOK_S = 0.05
ERRORS = {kind.exit_code: kind for kind in (UsageError, InvariantError, Interrupted)}

Replication = tuple[Unfinished, int]
WatchAny = Callable[[Unfinished, int], Watch | None]
Perform = Callable[[Unfinished], None]


def jobs_for(runs: Sequence[Unfinished]) -> int:
    """How many replications are simulated side by side: one a core, as many as fit in memory, if that saves time.

    Two processes with half of a machine each leave less of it idle than one with all of it, whatever their size: what
    stays in one thread between barriers does so in each. What is saved has to be more than a process takes to start.
    """
    times = [replication_s(run.plan) for run in runs for _ in run.missing()]
    if not times:
        return 1
    largest = max(run.plan.scenario.scenario.users for run in runs)
    most = min(_cores(), len(times), fitting_at_once(largest))
    saved = sum(times) - max(sum(times) / most, *times)
    return most if saved > START_S else 1


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def performing(runs: Sequence[Unfinished], workers: int, jobs: int, watch: WatchAny) -> Iterator[Perform]:
    """What finishes one of the runs when it is called with it, in their order; others go on meanwhile.

    Raises Interrupted when it was asked to stop, and what a replication raises; nobody simulates then any more.
    """
    if jobs == 1:
        yield lambda run: perform(run, workers, lambda number: watch(run, number))
        return
    crew = Crew(runs, workers, jobs, watch)
    try:
        yield crew.perform
    finally:
        crew.end()


class Crew:
    """Processes that take replications from one list until it is empty."""

    def __init__(self, runs: Sequence[Unfinished], workers: int, jobs: int, watch: WatchAny) -> None:
        self.all_workers, self.workers, self.watch = workers, max(1, workers // jobs), watch
        self.todo: deque[Replication] = deque((run, number) for run in runs for number in run.missing())
        self.missing = Counter(run.folder for run, _ in self.todo)
        self.rest_s = sum(replication_s(run.plan) for run, _ in self.todo)  # of what is not kept
        self.hands: list[Child] = []
        self.error: BaseException | None = None
        self._one = Lock()
        self.followers = [Thread(target=self._follow, daemon=True) for _ in range(jobs)]
        for follower in self.followers:
            follower.start()

    def perform(self, run: Unfinished) -> None:
        """Wait until all of a run is kept. Asked to stop, every process keeps what it has up to its next barrier."""
        try:
            with asked_to_stop() as stop:
                while self.error is None and self.missing[run.folder]:
                    time.sleep(LOOK_S)
                    if stop():
                        self._stop(Interrupted())
        except KeyboardInterrupt:
            self._kill()
            raise Interrupted(run.leave() or NOTHING_KEPT) from None
        if self.error is None:
            return
        self.end()
        if isinstance(self.error, Interrupted):
            raise Interrupted(run.leave() or NOTHING_KEPT)
        raise self.error

    def end(self) -> None:
        """Nobody simulates any more: what is under way is kept up to its next barrier, within some seconds."""
        if any(follower.is_alive() for follower in self.followers):
            self._stop(Interrupted())
        try:
            until = time.monotonic() + PATIENCE_S
            for follower in self.followers:
                follower.join(max(0.0, until - time.monotonic()))
        finally:
            self._kill()

    def _stop(self, error: BaseException) -> None:
        """Begin nothing more, and ask everybody to end. The first reason is the one that is told."""
        with self._one:
            if self.error is not None:
                return
            self.error = error
            self.todo.clear()
            hands = list(self.hands)
        for hand in hands:
            hand.terminate()

    def _kill(self) -> None:
        for hand in self.hands:
            if hand.poll() is None:
                hand.kill_all()
        for follower in self.followers:
            follower.join()

    def _follow(self) -> None:
        """One process from its start to its end."""
        try:
            reads, writes = os.pipe()
            with os.fdopen(writes, "wb", buffering=0) as orders:
                try:
                    hand = self._hire(reads)
                finally:
                    os.close(reads)
                if hand is not None:
                    self._lead(hand, orders)
        except Exception as error:
            self._stop(error)

    def _hire(self, reads: int) -> Child | None:
        """A new process, unless it is to end already."""
        with self._one:
            if self.error is not None:
                return None
            hand = Child(python("sim.hand", str(reads)), out=PIPE, errors=OURS, given=[reads])
            self.hands.append(hand)
            return hand

    def _lead(self, hand: Child, orders: Any) -> None:
        """Tell a process what to do, and hear how far it is, until there is nothing more to do."""
        with hand, orders:  # at the end no more orders come, and it is waited for
            while replication := self._next():
                run, number = replication
                order = {"folder": str(run.folder), "number": number, "workers": self._threads(run)}
                with suppress(BrokenPipeError):  # it has ended; what it said last is heard below
                    orders.write(json.dumps(order).encode() + b"\n")
                if not self._heard(hand.stdout, self.watch(run, number)):
                    raise _ended(run, hand.wait())
                self._note_kept(run)

    def _next(self) -> Replication | None:
        with self._one:
            return self.todo.popleft() if self.todo else None

    def _threads(self, run: Unfinished) -> int:
        """A share of the threads; all of them for a replication that outlasts whatever else there is."""
        own_s = replication_s(run.plan)
        return self.all_workers if own_s > self.rest_s - own_s else self.workers

    def _note_kept(self, run: Unfinished) -> None:
        with self._one:
            self.rest_s -= replication_s(run.plan)
            self.missing[run.folder] -= 1

    def _heard(self, lines: Any, watch: Watch | None) -> bool:
        """Hand on the progress of one replication; whether it was kept. Raises what it raised."""
        for line in lines:
            said = json.loads(line)
            if "error" in said:
                raise ERRORS.get(said["exit"], BeanpeakError)(said["error"])
            if "kept" in said:
                return True
            if watch is not None:
                watch(Progress(*said["progress"]))
        return False


def _ended(run: Unfinished, code: int) -> BeanpeakError:
    """A process that ended without a word."""
    how = f"with signal {-code}, often for want of memory" if code < 0 else f"with code {code}"
    return BeanpeakError(
        f"{run.plan.name}: a process that simulated ended {how}; finished replications are kept: "
        f"`{run.resuming} --jobs 1` goes on in one process"
    )
