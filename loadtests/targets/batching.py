"""The reference ledger through /v1/batch: what comes within two milliseconds travels together.

An example of an adapter that sends for itself: `send` waits through gevent, so other events go on. Throughput
rises, and every event waits for its batch: the intended latency shows that.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from urllib.parse import urlsplit

import gevent
import msgspec
from gevent.event import AsyncResult

from loadtests.adapters import Ending, Outcome, Target
from loadtests.senders import Connection, Unanswered, Unsent, wire_bytes
from loadtests.targets.reference import Reference

GATHER_S = 0.002
MOST = 500  # items of one batch
TIMEOUT_S = 10.0


class Result(msgspec.Struct):
    """One item's result."""

    status: int
    replayed: bool
    body: msgspec.Raw


class Results(msgspec.Struct):
    """The answer to a batch."""

    results: list[Result]


_decode = msgspec.json.Decoder(Results).decode
Waiting = list[tuple[bytes, "AsyncResult[Outcome]"]]


class Batching(Reference):
    """One batch a role and two milliseconds."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.waiting: dict[str, Waiting] = defaultdict(list)
        self.sent = 0

    def send(self, ev: Any) -> Outcome:
        """Wait for the batch that this event travels with."""
        role = self.wire.role(ev)
        result: AsyncResult[Outcome] = AsyncResult()
        gathering = self.waiting[role]
        gathering.append((self.wire.item(ev), result))
        if len(gathering) == 1:
            gevent.spawn_later(GATHER_S, self._flush, role)
        outcome: Outcome = result.get()
        return outcome

    def _flush(self, role: str) -> None:
        gathered = self.waiting.pop(role)
        for first in range(0, len(gathered), MOST):
            part = gathered[first : first + MOST]
            for (_, result), outcome in zip(part, self._post(role, [item for item, _ in part]), strict=True):
                result.set(outcome)

    def _post(self, role: str, items: list[bytes]) -> list[Outcome]:
        """The outcomes of one batch; without an answer the same for all."""
        self.sent += 1
        key = f"{self.target.run}:batch:{role}:{self.sent}:{id(self)}"
        headers = {"Authorization": self.signed[role], "Idempotency-Key": key}
        body = b'{"atomic":false,"items":[%b]}' % b",".join(items)
        parts = urlsplit(self.target.host)
        connection = Connection(parts.hostname or "", parts.port or 80, TIMEOUT_S, parts.scheme == "https")
        request = wire_bytes(("POST", "/v1/batch", body, headers), parts.netloc, self.target.run)
        try:
            reply = connection.send(request)
        except Unsent:
            return [Outcome(Ending.RETRYABLE, 0, "no_connection")] * len(items)
        except Unanswered:
            return [Outcome(Ending.UNKNOWN, 0, "no_reply")] * len(items)
        finally:
            connection.close()
        if reply.status != 200:
            return [self.classify(reply.status, reply.headers, reply.body)] * len(items)
        return [self._outcome(result) for result in _decode(reply.body).results]

    def _outcome(self, result: Result) -> Outcome:
        headers = {"idempotency-replayed": "true"} if result.replayed else {}
        return self.classify(result.status, headers, bytes(result.body))
