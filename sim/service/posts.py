"""The fast way of a single POST: no router, no request object, a few dictionary look-ups."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from sim.ledger.decide import Group
from sim.ledger.entries import Answer, Command
from sim.ledger.ledger import wall_us
from sim.service import heads
from sim.service.bodies import Disconnected, decoded, read_body
from sim.service.desk import Desk
from sim.service.heads import Headers, Said
from sim.service.keys import AccessKey
from sim.service.logs import log
from sim.service.operations import Operation
from sim.service.problems import JSON, PROBLEM, RETRY_AFTER, STATUS, WAITS, Problem, problem

Reply = tuple[int, Headers, bytes]

CLOSES = frozenset({"bad_http", "request_timeout", "too_large"})  # what else comes is not read


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
            now_us, said = wall_us(), heads.read(scope)
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
