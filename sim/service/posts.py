"""The fast way of a single POST: no router, no request object, a few dictionary look-ups."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from sim.ledger.decide import Group
from sim.ledger.ledger import wall_us
from sim.service.desk import Desk
from sim.service.messages import KEY_PATTERN
from sim.service.operations import Operation
from sim.service.problems import JSON, PROBLEM, RETRY_AFTER, STATUS, WAITS, Problem, problem

Headers = list[tuple[bytes, bytes]]
Reply = tuple[int, Headers, bytes]

CLOSES = frozenset({"request_timeout", "too_large"})  # what is left of the body is not read


DISCARDED = 8 << 20  # bytes of a body that is too large


class Disconnected(Exception):
    """The client left before its request was whole."""


class Said:
    """The headers that matter, and the key behind them."""

    __slots__ = ("authorization", "idempotency_key", "length", "media")

    def __init__(self, headers: Headers) -> None:
        self.authorization: bytes | None = None
        self.idempotency_key: bytes | None = None
        self.media = self.length = b""
        for name, value in headers:
            if name == b"authorization":
                self.authorization = value
            elif name == b"idempotency-key":
                self.idempotency_key = value
            elif name == b"content-type":
                self.media = value
            elif name == b"content-length":
                self.length = value

    def check_media(self) -> None:
        """Raises Problem unless the body is said to be JSON."""
        if self.media != JSON and self.media.partition(b";")[0].strip().lower() != JSON:
            raise Problem("unsupported_media_type", "send Content-Type: application/json")

    def key(self) -> str:
        """The idempotency key. Raises Problem."""
        value = self.idempotency_key
        if not value:
            raise Problem("idempotency_key_missing", "send an Idempotency-Key of 1 to 128 characters")
        text = value.decode("latin-1")
        if len(text) > 128 or not text.isascii() or not text.isprintable():
            raise Problem("bad_request", f"Idempotency-Key must match {KEY_PATTERN.partition('(?!')[0]}")
        return text


async def read_body(desk: Desk, said: Said, receive: Any, most: int) -> bytes:
    """The whole body, within its limits. Raises Problem, or Disconnected."""
    length = _declared(said.length)
    part = await desk.read(receive)
    body: bytes = part.get("body", b"")
    while part.get("more_body") and length <= most:
        part = await desk.read(receive)
        body += part.get("body", b"")
        length = len(body)
    if part["type"] == "http.disconnect":
        raise Disconnected
    if max(length, len(body)) > most:
        await _discard(desk, receive, part)
        raise Problem("too_large", f"at most {most} bytes", most=most)
    return body


def _declared(length: bytes) -> int:
    """What Content-Length says, 0 if there is none or it is nonsense; what comes is counted anyway."""
    return int(length[:18]) if length.isdigit() else 0


async def _discard(desk: Desk, receive: Any, part: Any) -> None:
    """Read on a little: a client that is still sending would not see the answer."""
    size = 0
    while part.get("more_body") and size < DISCARDED:
        part = await desk.read(receive)
        size += len(part.get("body", b""))


def decoded(operation: Operation, body: bytes | msgspec.Raw) -> Any:
    """The message in a body. Raises Problem."""
    try:
        return operation.decode(body)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise Problem("bad_request", str(error)) from None


def named(operation: Operation, message: Any, id: str) -> None:
    """Put the path's id into a message. Raises Problem if the body has one, or it is none."""
    if message.id is not msgspec.UNSET:
        raise Problem("bad_request", "Object contains unknown field `id`: it stands in the path")
    if not operation.is_id(id):
        raise Problem("bad_request", f"{id[:100]!r} is not an id")
    message.id = id


def refusal(instance: str, code: str, body: bytes) -> Reply:
    """A problem as an answer."""
    answer = problem(code, body, instance)
    headers = [(b"content-type", PROBLEM), (b"content-length", b"%d" % len(answer))]
    if code in WAITS:
        headers.append((b"retry-after", RETRY_AFTER))
    if code in CLOSES:
        headers.append((b"connection", b"close"))
    if code == "unauthorized":
        headers.append((b"www-authenticate", b"Bearer"))
    return STATUS[code], headers, answer


class Posts:
    """Answers the operations of the table, one request at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def __call__(self, operation: Operation, id: str, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        began = time.perf_counter()
        code = ""
        try:
            status, headers, body = await self._answer(operation, id, Said(scope["headers"]), receive)
        except Problem as trouble:
            code = trouble.code
            status, headers, body = refusal(scope["path"], code, trouble.body)
        except Disconnected:
            return
        self._desk.counts.answered(operation.op, status, time.perf_counter() - began)
        if code:
            self._desk.counts.codes[code] += 1
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, operation: Operation, id: str, said: Said, receive: Any) -> Reply:
        desk = self._desk
        now_us = wall_us()
        key = desk.caller(said.authorization, now_us)
        if not key.scopes & operation.scopes:
            raise Problem("forbidden", f"this needs the scope {' or '.join(sorted(operation.scopes))}")
        said.check_media()
        idempotency_key = said.key()
        message = decoded(operation, await read_body(desk, said, receive, desk.policy.body_bytes))
        if operation.named:
            named(operation, message, id)
        command = desk.command(key, operation, message, idempotency_key, now_us)
        if desk.is_in_flight(command.eid):
            raise Problem("idempotency_in_flight", "the first request with this key is still running")
        (answer,) = await desk.ask(Group((command,)), command.principal)
        if answer.code:
            desk.counts.codes[answer.code] += 1
            status, headers, body = refusal(operation.path_of(message), answer.code, answer.body)
        else:
            status, body = operation.status, answer.body
            headers = [(b"content-type", JSON), (b"content-length", b"%d" % len(body))]
            if operation.made:
                headers.append((b"location", operation.location(message, command.eid.hex()).encode()))
        if answer.replayed:
            headers.append((b"idempotency-replayed", b"true"))
        return status, headers, body
