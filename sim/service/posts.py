"""The fast way of a single POST: no router, no request object, a few dictionary look-ups."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from sim.ledger.decide import Group
from sim.ledger.entries import Answer, Command
from sim.ledger.ledger import wall_us
from sim.service.desk import Desk
from sim.service.keys import AccessKey
from sim.service.logs import log
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
    """The headers that matter."""

    __slots__ = ("authorization", "idempotency_key", "length", "media")

    def __init__(self, headers: Headers) -> None:
        said = dict(headers)
        self.authorization = said.get(b"authorization")
        self.idempotency_key = said.get(b"idempotency-key")
        self.media = said.get(b"content-type", b"")
        self.length = said.get(b"content-length", b"")

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


def defect(error: Exception) -> Problem:
    """What should not have happened: told in the log, and to the client without detail."""
    log.error("a defect", exc_info=error)
    return Problem("internal_error", "this is a defect of the server; its log says more")


class Asked:
    """A request on its way to the ledger."""

    __slots__ = ("began", "command", "message", "operation")

    def __init__(self, operation: Operation, message: Any, command: Command, began: float) -> None:
        self.operation, self.message, self.command, self.began = operation, message, command, began


class Posts:
    """Answers the operations of the table, one request at a time."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def check(self, operation: Operation, said: Said, now_us: int) -> AccessKey:
        """The key of a request whose head is in order. Raises Problem."""
        key = self.desk.caller(said.authorization, now_us)
        if not key.scopes & operation.scopes:
            raise Problem("forbidden", f"this needs the scope {' or '.join(sorted(operation.scopes))}")
        said.check_media()
        return key

    def begin(
        self,
        operation: Operation,
        id: str,
        said: Said,
        key: AccessKey,
        body: bytes,
        now_us: int,
        began: float,
    ) -> Asked:
        """The command of a whole request. Raises Problem."""
        idempotency_key = said.key()
        message = decoded(operation, body)
        if operation.named:
            named(operation, message, id)
        command = self.desk.command(key, operation, message, idempotency_key, now_us)
        return Asked(operation, message, command, began)

    def end(self, asked: Asked, told: list[Answer] | Problem) -> Reply:
        """The reply to a request, from the ledger's answer."""
        operation, message, counts = asked.operation, asked.message, self.desk.counts
        if isinstance(told, Problem):
            return self.refuse(operation, operation.path_of(message), told, asked.began)
        answer = told[0]
        if answer.code:
            counts.codes[answer.code] += 1
            status, headers, body = refusal(operation.path_of(message), answer.code, answer.body)
        else:
            status, body = operation.status, answer.body
            headers = [(b"content-type", JSON), (b"content-length", b"%d" % len(body))]
            if operation.made:
                headers.append((b"location", operation.location(message, asked.command.eid.hex()).encode()))
        if answer.replayed:
            headers.append((b"idempotency-replayed", b"true"))
        counts.answered(operation.op, status, time.perf_counter() - asked.began)
        return status, headers, body

    def refuse(self, operation: Operation, path: str, trouble: Problem, began: float) -> Reply:
        """The reply to a request that the ledger did not answer."""
        self.desk.counts.codes[trouble.code] += 1
        self.desk.counts.answered(operation.op, STATUS[trouble.code], time.perf_counter() - began)
        return refusal(path, trouble.code, trouble.body)

    async def __call__(self, operation: Operation, id: str, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request of ASGI."""
        began = time.perf_counter()
        try:
            now_us, said = wall_us(), Said(scope["headers"])
            key = self.check(operation, said, now_us)
            body = await read_body(self.desk, said, receive, self.desk.policy.body_bytes)
            asked = self.begin(operation, id, said, key, body, now_us, began)
            told = await self.desk.ask(Group((asked.command,)), asked.command.principal)
            status, headers, answer = self.end(asked, told)
        except Problem as trouble:
            status, headers, answer = self.refuse(operation, scope["path"], trouble, began)
        except Disconnected:
            return
        except Exception as error:
            status, headers, answer = self.refuse(operation, scope["path"], defect(error), began)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})
