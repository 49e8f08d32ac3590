"""Answers as the bytes that are kept and repeated: one JSON object each."""

from __future__ import annotations

from typing import Any

import msgspec

from sim.ledger.entries import Entry, Refusal, printed_id
from sim.ledger.journal import Event

_encode = msgspec.json.Encoder().encode


def accepted_body(event: Event, entry: Entry, available: dict[str, int]) -> bytes:
    """`seq`, `id`, what the entry has to say, and what is available on every account it touched."""
    said: dict[str, Any] = {"seq": event.seq, "id": printed_id(event.eid)}
    if event.document is not None:
        said["document"] = event.document
        said["state"] = event.state
    said.update(entry.notes)
    said["balances"] = available
    return _encode(said)


def refused_body(refusal: Refusal) -> bytes:
    """`code`, `detail` and the numbers behind it."""
    return _encode({"code": refusal.code, "detail": refusal.detail, **refusal.numbers})


def refused_group_body(body: bytes, index: int) -> bytes:
    """The refusal of an atomic group: that of its first failing command, and which one that was."""
    return _encode({**msgspec.json.decode(body), "index": index})
