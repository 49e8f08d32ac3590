"""An adapter for a ledger of your own: how a row of the trace becomes your request, and what your answers mean.

`beanpeak load hello --host http://127.0.0.1:9000 --adapter mine:Ledger` uses it from a file mine.py beside you.
Try it first: `beanpeak load check-adapter mine:Ledger --host http://127.0.0.1:9000`.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from loadtests.adapters import Ending, Outcome, Request, Target
from sim.bookkeeping import Kind


class Ledger:
    """`ev` has the trace's columns: n, due_us, chain, kind, subject, object, ref, amount, amount2, minutes, …"""

    def __init__(self, target: Target) -> None:
        self.host, self.run, self.options = target.host, target.run, target.options

    def encode(self, ev: Any) -> Request:
        """Method, path, body, headers. The key names the event for ever: a retry sends the same one."""
        body = {
            "kind": Kind(ev.kind).name,
            "user": f"u{ev.subject}",
            "project": f"p{ev.object}",
            "amount": ev.amount,
            "opened_by": ev.ref,  # number of the row that opened this order or voucher
            "rule": ev.rule,  # index of the incentive rule that pays, 255 = none
        }
        headers = {"Idempotency-Key": f"{self.run}:{ev.n}", "Content-Type": "application/json"}
        return "POST", "/events", json.dumps(body).encode(), headers

    def classify(self, status: int, headers: Mapping[str, Any], body: bytes) -> Outcome:
        """ACCEPTED with its number, DUPLICATE, REJECTED with its reason, RETRYABLE (not applied) or UNKNOWN."""
        if status in (200, 201):
            replayed = headers.get("idempotency-replayed") == "true"
            return Outcome(Ending.DUPLICATE if replayed else Ending.ACCEPTED, json.loads(body)["seq"])
        if status in (429, 502, 503, 504):
            return Outcome(Ending.RETRYABLE, 0, str(status))
        return Outcome(Ending.REJECTED, 0, str(status))

    def prepare(self, trace: Any) -> None:
        """Before the first event, unmeasured: accounts, and the balances in trace.openings."""

    def audit(self) -> Iterable[tuple[Any, ...]] | None:
        """Everything in your ledger as (id, seq, posting, …), or None: then the verdict says "not audited"."""
        return None

    def cleanup(self) -> None:
        """After the audit."""
