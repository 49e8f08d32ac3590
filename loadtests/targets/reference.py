"""The reference ledger: a row of the trace is the request that `sim.wire` makes of it, signed by its role's key.

Options: `start_us` (the campaign's start, µs of the Unix epoch), `place` (a folder for tokens, read by nobody else)
and `namespace`, which stands before every id when the ledger is not ours alone. An administrator's token is taken
from the environment variable BEANPEAK_ADMIN_TOKEN, or from `operator.token` in that folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loadtests.adapters import HttpAdapter, Request, Target
from loadtests.auditing.export import Event, pages_of_http
from loadtests.prepare import make_keys, prepare, roles_of
from sim.errors import UsageError
from sim.trace import Trace
from sim.wire import Wire

TOKEN = "BEANPEAK_ADMIN_TOKEN"
OPERATOR_FILE, KEYS_FILE = "operator.token", "keys.json"


class Reference(HttpAdapter):
    """Posts every row by itself."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        options = target.options
        self.place = Path(options["place"])
        self.wire = Wire(target.run, int(options["start_us"]), namespace=options.get("namespace", ""))
        keys = self.place / KEYS_FILE
        self.tokens: dict[str, str] = json.loads(keys.read_text(encoding="utf-8")) if keys.exists() else {}
        self.signed = {role: f"Bearer {token}" for role, token in self.tokens.items()}

    def prepare(self, agents: Trace) -> None:
        """Make the keys of the run, open the balances and documents with which the slice begins."""
        roles = roles_of(agents, self.wire)
        self.tokens = make_keys(self.target, self._operator(), roles, self.wire, self.place / KEYS_FILE)
        if next(self.pages(), None):
            raise UsageError(
                f"{self.target.host}: this ledger has events already, and its books would not be this campaign's; "
                "give a fresh one"
            )
        prepare(self.target, agents, self.wire, self.tokens)

    def encode(self, ev: Any) -> Request:
        """Method, path, body and headers of one row."""
        wire = self.wire
        headers = {"Authorization": self.signed[wire.role(ev)], "Idempotency-Key": wire.key(ev.n)}
        return "POST", wire.path(ev), wire.body(ev), headers

    def pages(self) -> Iterator[list[Event]]:
        """The whole journal, from the ledger's export."""
        return pages_of_http(self.target.host, self.tokens["auditor"])

    def _operator(self) -> str:
        file = self.place / OPERATOR_FILE
        token = file.read_text(encoding="utf-8") if file.exists() else os.environ.get(TOKEN, "")
        if not token:
            raise UsageError(
                f"set {TOKEN} to an administrator's token of {self.target.host}: the run makes its own keys"
            )
        return token
