"""Before the first event, unmeasured: the keys that sign, the balances a slice begins with, its open documents.

Everything goes through the ledger's own interface, in batches; whatever it refuses ends the run before it begins.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np

from loadtests.adapters import Target
from sim.bookkeeping import Kind
from sim.errors import UsageError
from sim.trace import Trace, structured
from sim.wire import Wire

ITEMS = 1_000  # of one batch
TIMEOUT_S = 60.0
# What a role's key may do; a sponsor's is bound to its pool, an NGO's to a project.
SCOPES = {
    "admin": ("admin",),
    "platform": ("deeds:write", "orders:write"),
    "system": ("system",),
    "checker": ("disbursements:approve",),
    "sponsor": ("pools:write",),
    "ngo": ("disbursements:create",),
    "auditor": ("audit:read", "ledger:read"),
}
BOUND = {"sponsor": "pool", "ngo": "project"}


class Client:
    """One connection to a ledger, one token; raises UsageError for any answer that is not 2xx."""

    def __init__(self, target: Target, token: str) -> None:
        parts = urlsplit(target.host)
        make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = make(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
        self.token, self._run = token, target.run

    def post(self, path: str, body: bytes, key: str, token: str = "") -> Any:
        """The decoded answer of one POST."""
        headers = {
            "Authorization": f"Bearer {token or self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "X-Load-Test": self._run,
        }
        try:
            self._connection.request("POST", path, body, headers)
            answer = self._connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise UsageError(f"{path}: the ledger cannot be reached: {error}") from None
        if not 200 <= answer.status < 300:
            raise UsageError(
                f"{path}: the ledger answered {answer.status}: {said[:500].decode(errors='replace')}"
            )
        return json.loads(said)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


class Batchful(NamedTuple):
    """Items of one batch and whose key signs them."""

    role: str
    items: list[bytes]


def roles_of(trace: Trace, wire: Wire) -> list[str]:
    """Every role that signs a request of the trace or its preparation, and the auditor's."""
    rows = np.concatenate([structured(trace.columns), structured(trace.prepare)])
    signing = np.unique(rows[["role", "pool", "object"]], return_index=True)[1]
    return sorted({wire.role(rows[k].item()) for k in signing} | {"admin", "auditor"})


def make_keys(target: Target, operator: str, roles: Iterable[str], wire: Wire, file: Path) -> dict[str, str]:
    """A key for each role, made with the operator's token; the tokens go into a file that only we can read."""
    client = Client(target, operator)
    tokens = {}
    for role in roles:
        name, _, object_ = role.partition("-")
        owners = [f"{BOUND[name]}:{object_}"] if object_ else ["*"]
        asked = {"id": wire.principal(role), "scopes": SCOPES[name], "owners": owners}
        tokens[role] = client.post("/v1/keys", json.dumps(asked).encode(), f"{target.run}:key:{role}")[
            "token"
        ]
    client.close()
    file.touch(mode=0o600)
    file.write_text(json.dumps(tokens), encoding="utf-8")
    return tokens


def prepare(target: Target, trace: Trace, wire: Wire, tokens: dict[str, str]) -> int:
    """Open the balances and documents with which the slice begins; how many requests that took."""
    client, done = Client(target, tokens["admin"]), 0
    for number, batch in enumerate(_batches(trace, wire)):
        body = b'{"atomic":false,"items":[%b]}' % b",".join(batch.items)
        answer = client.post("/v1/batch", body, f"{target.run}:prepare:{number}", tokens[batch.role])
        for item, result in zip(batch.items, answer["results"], strict=True):
            if not 200 <= result["status"] < 300:
                raise UsageError(f"preparing: {item.decode()}: refused: {json.dumps(result['body'])}")
        done += len(batch.items)
    client.close()
    return done


def _named(item: bytes, row: Any, trace: Trace) -> bytes:
    """The item that makes a rule known, with the name it has in the scenario."""
    said = json.loads(item)
    said["body"]["name"] = trace.facts["rules"][row["rule"]]
    return json.dumps(said, ensure_ascii=False).encode()


def _batches(trace: Trace, wire: Wire) -> Iterator[Batchful]:
    """Openings first, then the rows in their order, cut where the signer changes or a batch is full."""
    due_us = int(trace.facts["from_us"])
    items: list[bytes] = []
    for account, amount in trace.openings.iter_rows():
        key, request = wire.opening(account, amount, due_us)
        item = {"op": request.op, "idempotency_key": key, "body": request.body}
        items.append(json.dumps(item).encode())
        if len(items) == ITEMS:
            yield Batchful("admin", items)
            items = []
    role = "admin"
    for row in structured(trace.prepare):
        plain = row.item()
        signer = wire.role(plain)
        if items and (signer != role or len(items) == ITEMS):
            yield Batchful(role, items)
            items = []
        role = signer
        items.append(_named(wire.item(plain), row, trace) if row["kind"] == Kind.RULE else wire.item(plain))
    if items:
        yield Batchful(role, items)
