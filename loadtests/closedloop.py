"""A CLOSED loop, for the freeze demonstration only: what Locust reports when every user waits for its answer.

Never a result: a frozen server stops the users too, so the requests that would have met the freeze are not sent
and not counted. `python -m loadtests.freeze` shows it beside the open loop.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from locust import User, constant_throughput, events, task

from loadtests.senders import Connection, Unanswered, Unsent, wire_bytes

OUT, PACE = "BEANPEAK_CLOSED_OUT", "BEANPEAK_CLOSED_PACE"  # file to write, requests a second of one user


class Paced(User):
    """Sends, waits for the answer, then waits for its next turn."""

    wait_time = constant_throughput(float(os.environ.get(PACE, "10")))

    def on_start(self) -> None:
        """One connection a user."""
        parts = urlsplit(self.host or "")
        self.where = f"{parts.hostname}:{parts.port}"
        self.connection = Connection(parts.hostname or "", parts.port or 80, 30.0)
        self.sent = 0

    @task
    def post(self) -> None:
        """One request, timed from when it was sent."""
        self.sent += 1
        headers = {"Idempotency-Key": f"closed:{id(self)}-{self.sent}"}
        request = wire_bytes(("POST", "/v1/0", b"{}", headers), self.where, "closed")
        begun, failure = time.perf_counter(), None
        try:
            self.connection.send(request)
        except (Unsent, Unanswered) as error:
            failure = error
        took = 1000 * (time.perf_counter() - begun)
        self.environment.events.request.fire(
            request_type="POST", name="closed", response_time=took, response_length=0, exception=failure,
            context={},
        )  # fmt: skip


@events.quitting.add_listener
def _quitting(environment: Any, **_: Any) -> None:
    total = environment.stats.total
    levels = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p98": 0.98, "p99": 0.99, "p999": 0.999}
    found = {name: total.get_response_time_percentile(level) for name, level in levels.items()}
    said = {"loop": "closed: demonstration only", "requests": total.num_requests, "reported_ms": found}
    Path(os.environ[OUT]).write_text(json.dumps(said), encoding="utf-8")
