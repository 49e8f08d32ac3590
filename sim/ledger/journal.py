"""The append-only journal: every accepted entry as an event with a gap-free number and a hash over the chain."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import msgspec

from sim.ledger.entries import Limits, Transfer

_encode = msgspec.json.Encoder().encode
GENESIS = bytes(32)  # the head before the first event


class Event(NamedTuple):
    """One event. `ts_us` is the server's clock, strictly rising; `effective_at` campaign time, both µs."""

    seq: int
    eid: bytes
    kind: str
    actor: str
    ts_us: int
    effective_at: int
    document: str | None
    state: str | None
    facts: bytes | None
    deadline: int | None
    reverses: bytes | None
    limits: Limits | None
    fingerprint: bytes
    transfers: tuple[Transfer, ...]
    jhash: bytes = GENESIS


def canonical(fields: tuple[Any, ...]) -> bytes:
    """The bytes that are hashed: every field of an event but the hash itself as one JSON array, bytes in base64."""
    return _encode(fields)


def chained(head: bytes, fields: tuple[Any, ...]) -> bytes:
    """The SHA-256 of the head so far and of an event's fields: the head from now on."""
    return hashlib.sha256(head + canonical(fields)).digest()


def sealed(head: bytes, *fields: Any) -> Event:
    """The event of these fields, chained to the head so far."""
    return Event._make((*fields, chained(head, fields)))
