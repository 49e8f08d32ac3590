"""The hot path: long-lived senders fed from one queue, each with one keep-alive connection.

A greenlet per request collapses at a third of the rate, so there is none. A chain (one user's rows) is never
in flight twice: a row whose predecessor is out waits in its chain's list.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import gevent
from gevent import socket
from gevent.queue import SimpleQueue
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError, HTTPSocketResponse

from loadtests.adapters import Ending, LedgerAdapter, Outcome, Request

BLOCK = 16_384
IDLE_S = 0.5  # a connection unused for so long is looked at before it is used
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.020, 0.500
NO_CONNECTION = Outcome(Ending.RETRYABLE, 0, "no_connection")
NO_REPLY = Outcome(Ending.UNKNOWN, 0, "no_reply")


class Reply(NamedTuple):
    """One HTTP answer; header names in any case."""

    status: int
    headers: Mapping[str, Any]
    body: bytes


class Unsent(Exception):
    """There is no connection, so the ledger cannot have the event."""


class Unanswered(Exception):
    """It was sent, at least in part, and no answer came."""


def wire_bytes(request: Request, host: str, run: str) -> bytes:
    """A whole HTTP/1.1 request. Every one is dyed with the run's id, so that a target can tell it apart."""
    method, path, body, headers = request
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"X-Load-Test: {run}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if "Content-Type" not in headers:
        lines.append("Content-Type: application/json")
    lines.append(f"Content-Length: {len(body)}\r\n\r\n")
    return "\r\n".join(lines).encode("latin-1") + body


class Connection:
    """One keep-alive connection, opened when first needed and again after it broke."""

    def __init__(self, host: str, port: int, timeout_s: float, tls: bool = False) -> None:
        self.host, self.port, self.timeout_s, self.tls = host, port, timeout_s, tls
        self._socket: Any = None
        self._used = 0.0

    def send(self, request: bytes) -> Reply:
        """Send bytes and wait for the answer. Raises Unsent or Unanswered."""
        now = time.monotonic()
        if self._socket is not None and now - self._used > IDLE_S and self._gone():
            self.close()
        self._used = now
        sock = self._socket or self._open()
        try:
            sock.sendall(request)
            response = HTTPSocketResponse(sock, block_size=BLOCK, method="POST")
            body = response.read()
        except (OSError, HTTPParseError, HTTPConnectionClosed, gevent.Timeout) as error:
            self.close()
            raise Unanswered(type(error).__name__) from None
        except BaseException:  # killed half-way: the next answer on this connection would be another's
            self.close()
            raise
        if response.should_close():
            self.close()
        return Reply(response.get_code(), response.info(), body)

    def warm(self) -> None:
        """Open it ahead of the first event, if the target is there."""
        with suppress(Unsent):
            self._open()

    def _gone(self) -> bool:
        """Whether the server closed the connection while it was idle, as servers do: no event is in doubt then."""
        self._socket.settimeout(0.0)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self._socket.settimeout(self.timeout_s)
        return True  # closed, or something that nobody asked for

    def _open(self) -> Any:
        try:
            made = socket.create_connection((self.host, self.port), timeout=self.timeout_s)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                from gevent import ssl

                made = ssl.create_default_context().wrap_socket(made, server_hostname=self.host)
        except OSError as error:
            raise Unsent(type(error).__name__) from None
        made.settimeout(self.timeout_s)
        self._socket = made
        return made

    def close(self) -> None:
        """Close it, if it is open."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Delivery:
    """One event delivered to its end: the same bytes, hence the same key, until an answer or out of time.

    Full jitter (Brooker 2015): pauses drawn from 0 to 20 ms × 2^n, at most 500 ms.
    """

    def __init__(self, adapter: LedgerAdapter, budget_s: float, seed: int) -> None:
        self.classify, self.budget_s = adapter.classify, budget_s
        self.own = getattr(adapter, "send", None)  # of an adapter that speaks no HTTP
        self.draw = random.Random(seed)
        self.closing = False  # nobody waits any more: no further attempt

    def deliver(self, connection: Connection, request: Any) -> tuple[Outcome, int]:
        """The outcome and how many attempts it took. `request`: its bytes, or the row for `adapter.send`."""
        attempts, doubt = 0, False
        until = time.monotonic() + self.budget_s
        while True:
            attempts += 1
            outcome = self._attempt(connection, request)
            if outcome.ending < Ending.RETRYABLE:
                return outcome, attempts
            doubt = doubt or outcome.ending is Ending.UNKNOWN
            pause = self.draw.uniform(0, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(attempts - 1, 10)))
            if self.closing or time.monotonic() + pause > until:
                return (Outcome(Ending.UNKNOWN, 0, outcome.code) if doubt else outcome), attempts
            gevent.sleep(pause)

    def _attempt(self, connection: Connection, request: Any) -> Outcome:
        if self.own is not None:
            answered: Outcome = self.own(request)
            return answered
        try:
            status, headers, body = connection.send(request)
        except Unsent:
            return NO_CONNECTION
        except Unanswered:
            return NO_REPLY
        return self.classify(status, headers, body)


class ChainQueue:
    """One queue for all senders; a chain is out at most once, and its rows keep their order."""

    def __init__(
        self, chains: Any, handle: Callable[[int, Any, int], None], clock: Callable[[], int]
    ) -> None:
        self.chains, self.handle, self.clock = chains, handle, clock
        self.waiting: SimpleQueue[int | None] = SimpleQueue()
        self.busy: dict[int, deque[tuple[int, int]] | None] = {}

    def put(self, place: int | None) -> None:
        """Let a row be sent; None ends one sender."""
        self.waiting.put(place)

    def work(self, connection: Any) -> None:
        """The life of one sender."""
        chains, busy, clock, get = self.chains, self.busy, self.clock, self.waiting.get
        while True:
            place = get()
            if place is None:
                connection.close()
                return
            chain = chains[place]
            if chain in busy:
                parked = busy[chain]
                if parked is None:
                    parked = busy[chain] = deque()
                parked.append((place, clock()))
                continue
            busy[chain] = None
            self.handle(place, connection, 0)
            while parked := busy[chain]:
                place, since = parked.popleft()
                self.handle(place, connection, clock() - since)
            del busy[chain]
