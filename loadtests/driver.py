"""One worker's play of its chains: dispatch at the intended instant, hand to the senders, record, drain.

Knows gevent and no Locust. The instants of the schedule are met by `gevent.sleep`, which oversleeps by about half
a millisecond; that is part of the dispatch lag, which is reported and limits what a run may claim.
"""

from __future__ import annotations

import gc
import resource
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import numpy as np
from gevent.event import Event

from loadtests.adapters import Ending, Outcome, Target, load_adapter
from loadtests.job import Job
from loadtests.latency import Recorder, make_windows
from loadtests.schedule import Schedule
from loadtests.senders import ChainQueue, Connection, Delivery, wire_bytes
from loadtests.sendlog import SendLog
from loadtests.tally import Tally

AHEAD_US = 1_000_000  # requests are built so long before they are due
BUILD_SLICE_US, BUILD_PAUSE_S, IDLE_PAUSE_S = 500, 0.002, 0.020
HALT_GRACE_S = 1.0
LONGEST_SLEEP_S = 0.5  # a halt is noticed after so long
POLL_S = 0.01
KILLED = Outcome(Ending.UNKNOWN, 0, "cut_off")

Fire = Callable[[str, float, Outcome], None]


class Share:
    """What one worker sends: its rows in time order, in arrays whose items are plain numbers."""

    def __init__(self, schedule: Schedule, worker: int, workers: int) -> None:
        self.places = schedule.share(worker, workers)
        rows = schedule.rows
        self.due = array("q", schedule.due_us[self.places].astype("<i8").tobytes())
        self.numbers = array("Q", rows["n"][self.places].astype("<u8").tobytes())
        self.chains = array("Q", rows["chain"][self.places].astype("<u8").tobytes())
        self.kinds = rows["kind"][self.places].astype("u1").tobytes()

    def __len__(self) -> int:
        return len(self.due)


class Play:
    """One worker's share of a schedule. `run` returns when everything is answered, shed or cut off."""

    def __init__(self, job: Job, schedule: Schedule, worker: int, workers: int, fire: Fire) -> None:
        self.job, self.fire, self.worker = job, fire, worker
        self.share = share = Share(schedule, worker, workers)
        self.names = schedule.kind_names()
        self.read = schedule.reader()
        self.adapter = load_adapter(job.adapter, Target(job.host, job.run, job.options))
        windows = make_windows(
            schedule.last_due_us, job.warmup_s, job.cooldown_s, schedule.facts.get("phases")
        )
        self.recorder = Recorder(windows, self.names)
        self.tally = Tally(windows, np.array(share.due), np.frombuffer(share.kinds, "u1"), self.names)
        self.log = SendLog(Path(job.out), worker, len(share))
        self.delivery = Delivery(self.adapter, job.retry_budget_s, seed=worker)
        self.queue = ChainQueue(share.chains, self._handle, self.now)
        self.dispatched = array("q", bytes(8 * len(share)))
        self.requests: dict[int, Any] = {}
        self.taken = 0  # rows below this have been dispatched: too late to build ahead
        self.halted = self.shedding = False
        self.dropped = 0
        self.failure = ""
        self.over = Event()  # set when the last word has been said
        self.origin_ns = 0

    def now(self) -> int:
        """µs since the run's t0."""
        return (time.monotonic_ns() - self.origin_ns) // 1000

    # --- the life of a play --------------------------------------------------------------------------

    def run(self, t0: float) -> dict[str, Any]:
        """Play from t0 (seconds of the Unix epoch); the final counts and histograms."""
        self.origin_ns = time.monotonic_ns() + round((t0 - time.time()) * 1e9)
        gc.collect()
        gc.freeze()
        began = resource.getrusage(resource.RUSAGE_SELF)
        senders = [gevent.spawn(self._sender) for _ in range(self.job.senders)]
        builder = gevent.spawn(self._build_ahead)
        try:
            self._dispatch()
            self._drain()
        finally:
            self.halted = True
            builder.kill()
            self._end(senders)
            self.log.finish()
            gc.unfreeze()
        return self._report(began)

    def halt(self) -> None:
        """Dispatch nothing more; what is in flight has a second to end."""
        self.halted = self.delivery.closing = True

    def _sender(self) -> None:
        host, port = self.job.address
        connection = Connection(host, port, self.job.timeout_s, self.job.host.startswith("https:"))
        if not self.delivery.own:
            connection.warm()
        self.queue.work(connection)

    def _dispatch(self) -> None:
        """Hand every row to the senders when it is due and this process has nothing else to do.

        Answers that wait to be read come first. So a generator that cannot keep up shows as dispatch lag, which
        invalidates the run, and never as a backlog, which would be held against the server.
        """
        due, put, now, stamp = self.share.due, self.queue.put, self.now, self.dispatched
        count = len(due)
        place = 0
        while place < count and not self.halted:
            wait = due[place] - now()
            if wait > 0:
                gevent.sleep(min(wait / 1e6, LONGEST_SLEEP_S))
                if due[place] > now():
                    continue
            gevent.idle()
            instant = now()
            while place < count and due[place] <= instant:
                stamp[place] = instant
                place += 1
                self.taken = place
                put(place - 1)

    def _drain(self) -> None:
        last = self.share.due[-1] if len(self.share) else 0
        limit = last + round(self.job.drain_s * 1e6)
        while not self.halted and self._open() and self.now() < limit:
            gevent.sleep(POLL_S)
        self.shedding = self.delivery.closing = True
        until = time.monotonic() + HALT_GRACE_S
        while self._open() and time.monotonic() < until:
            gevent.sleep(POLL_S)

    def _open(self) -> int:
        return self.taken - self.tally.sent - self.tally.shed - self.dropped

    def _end(self, senders: list[Any]) -> None:
        for _ in senders:
            self.queue.put(None)
        gevent.joinall(senders, timeout=POLL_S)
        gevent.killall(senders)

    def _report(self, began: Any) -> dict[str, Any]:
        spent = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "worker": self.worker,
            "counts": self.tally.counts(),
            "scopes": self.tally.scopes,
            "failure": self.failure,
            "hdr": self.recorder.final(),
            "last_ended_us": self.tally.last_ended,
            "clock": time.time(),
            "cpu_s": [spent.ru_utime - began.ru_utime, spent.ru_stime - began.ru_stime],
        }

    # --- building requests ---------------------------------------------------------------------------

    def _build_ahead(self) -> None:
        place, count, due = 0, len(self.share), self.share.due
        while place < count and not self.halted:
            place = max(place, self.taken)
            begun = self.now()
            horizon, late = begun + AHEAD_US, begun + BUILD_SLICE_US
            while place < count and due[place] <= horizon and self.now() < late:
                request = self._build(place)
                if request is None:
                    return
                self.requests[place] = request
                place += 1
            behind = place < count and due[place] <= horizon
            gevent.sleep(BUILD_PAUSE_S if behind else IDLE_PAUSE_S)

    def _build(self, place: int) -> Any:
        """The bytes of a row's request, or the row for an adapter that sends by itself; None ends the play."""
        row = self.read(int(self.share.places[place]))
        if self.delivery.own:
            return row
        host, port = self.job.address
        try:
            return wire_bytes(self.adapter.encode(row), f"{host}:{port}", self.job.run)
        except Exception as error:
            self._fail(error)
            return None

    def _fail(self, error: Exception) -> None:
        """The adapter or we made a mistake: nothing more is sent, and the run says so."""
        self.failure = self.failure or f"{type(error).__name__}: {error}"
        self.halt()

    # --- one event -----------------------------------------------------------------------------------

    def _handle(self, place: int, connection: Connection, waited: int) -> None:
        due, dispatched, kind = self.share.due[place], self.dispatched[place], self.share.kinds[place]
        request = self.requests.pop(place, None) or self._build(place)
        started = self.now()
        if self.halted:
            self.dropped += 1  # of a run that was cut off: never sent, and nobody's fault
            return
        if self.shedding or started - due > self.job.shed_after_s * 1e6:
            self.tally.shed += 1
            return
        slot = self.log.open(self.share.numbers[place], kind, due, dispatched, started, waited)
        outcome, attempts = KILLED, 1
        try:
            outcome, attempts = self.delivery.deliver(connection, request)
        except Exception as error:  # GreenletExit is none and passes
            self._fail(error)
        finally:
            ended = self.now()
            self.log.close(slot, ended, outcome, attempts, waited)
            self.recorder.record(kind, due, dispatched, started, ended, waited)
            self.tally.count(kind, due, ended, outcome, attempts)
            self.fire(self.names[kind], (ended - due) / 1000.0, outcome)
