"""Many requests in one: decided together, each under its own key; atomic batches all or none."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import msgspec

from sim.ledger.decide import Group
from sim.ledger.entries import Answer, Command, event_id
from sim.ledger.ledger import wall_us
from sim.service import heads
from sim.service.bodies import UNREADABLE, Disconnected, decoded, each_once, read_body
from sim.service.desk import Desk
from sim.service.heads import Said
from sim.service.keys import AccessKey
from sim.service.messages import Batch, Item
from sim.service.metrics import Counts
from sim.service.operations import BY_OP, Operation
from sim.service.posts import Reply, defect, refusal
from sim.service.problems import JSON, STATUS, Problem, problem, refused

PATH = "/v1/batch"
_decode = msgspec.json.Decoder(Batch).decode
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
# One result: status, replayed, body.
_RESULT = b'{"status":%d,"replayed":%b,"body":%b}'
_ANSWER = b'{"results":[%b]}'


class Prepared:
    """An item on its way: its operation and command, or the problem that ended it before the ledger."""

    __slots__ = ("command", "operation", "path", "problem")

    def __init__(self, operation: Operation | None, path: str) -> None:
        self.operation, self.path = operation, path
        self.command: Command | None = None
        self.problem: Problem | None = None

    def result(self, answer: Answer | None, counts: Counts) -> bytes:
        """The item's result as JSON."""
        op = self.operation.op if self.operation else "unknown"
        if self.problem is not None or answer is None or self.operation is None:
            trouble = self.problem or Problem("outcome_unknown", "no answer")
            code, kept, replayed = trouble.code, trouble.body, b"false"
        else:
            code, kept, replayed = answer.code, answer.body, b"true" if answer.replayed else b"false"
        status = STATUS[code] if code else self.operation.status  # type: ignore[union-attr]
        counts.requests[op, status] += 1
        if code:
            counts.codes[code] += 1
            kept = problem(code, kept, self.path)
        return _RESULT % (status, replayed, kept)


class Batches:
    """Answers POST /v1/batch."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one batch."""
        began = time.perf_counter()
        try:
            status, headers, body = await self._answer(heads.read(scope), receive)
        except Problem as trouble:
            self._desk.counts.codes[trouble.code] += 1
            status, headers, body = refusal(PATH, trouble.code, trouble.body)
        except Disconnected:
            return
        except Exception as error:
            broken = defect(error)
            status, headers, body = refusal(PATH, broken.code, broken.body)
        self._desk.counts.answered("batch", status, time.perf_counter() - began)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, said: Said, receive: Any) -> Reply:
        desk, policy = self._desk, self._desk.policy
        now_us = wall_us()
        key = desk.caller(said.authorization, now_us)
        said.check_media()
        own = said.key()  # of an atomic batch's refusal; the items have keys of their own
        raw = await read_body(desk, said, receive, policy.batch_bytes)
        batch = _read(raw)
        if not batch.items:
            raise Problem("bad_request", "a batch has at least one item")
        if len(batch.items) > policy.batch_items:
            most = policy.batch_items
            raise Problem("too_large", f"a batch has at most {most} items", items=len(batch.items), most=most)
        prepared = [self._prepare(key, item, now_us) for item in batch.items]
        if batch.atomic:
            return await self._all_or_none(key, own, prepared)
        return await self._each(key, prepared)

    def _prepare(self, key: AccessKey, item: Item, now_us: int) -> Prepared:
        operation = BY_OP.get(item.op)
        prepared = Prepared(operation, operation.path if operation else PATH)
        try:
            if operation is None:
                raise Problem("bad_request", f"there is no operation {item.op[:100]!r}")
            if not key.scopes & operation.scopes:
                raise Problem("forbidden", f"this needs the scope {' or '.join(sorted(operation.scopes))}")
            message = decoded(operation, item.body)
            if operation.named:
                if message.id is msgspec.UNSET:
                    raise Problem("bad_request", "Object missing required field `id`")
                prepared.path = operation.path_of(message)
            prepared.command = self._desk.command(key, operation, message, item.idempotency_key, now_us)
        except Problem as trouble:
            prepared.problem = trouble
        return prepared

    async def _each(self, key: AccessKey, prepared: list[Prepared]) -> Reply:
        """A result per item, whatever the others come to."""
        commands = [one.command for one in prepared if one.command is not None]
        answers = iter(await self._desk.ask(Group(commands), key.principal) if commands else [])
        results = [
            one.result(None if one.command is None else next(answers), self._desk.counts) for one in prepared
        ]
        return _json(200, _ANSWER % b",".join(results))

    async def _all_or_none(self, key: AccessKey, own: str, prepared: list[Prepared]) -> Reply:
        """201 with every result, or the first refusal with its index."""
        for index, one in enumerate(prepared):
            if one.problem is not None:
                raise _at(index, one.problem)
        commands = [one.command for one in prepared if one.command is not None]
        eid = event_id(key.principal, f"batch\0{own}")  # no client's key has a NUL
        fingerprint = hashlib.sha256(b"".join(command.eid + command.fingerprint for command in commands))
        group = Group(commands, True, eid, fingerprint.digest())
        answers = await self._desk.ask(group, key.principal)
        if answers[0].code:
            status, headers, body = _refused(answers[0])
            if answers[0].replayed:
                headers.append((b"idempotency-replayed", b"true"))
            return status, headers, body
        results = [
            one.result(answer, self._desk.counts) for one, answer in zip(prepared, answers, strict=True)
        ]
        return _json(201, _ANSWER % b",".join(results))


def _read(raw: bytes) -> Batch:
    """The batch in a body; its items' own bodies are looked into one by one. Raises Problem."""
    try:
        batch = _decode(raw)
    except UNREADABLE as error:
        raise Problem("bad_request", str(error)) from None
    for item in _items(each_once(raw)["items"]):
        each_once(bytes(item))
    return batch


def _at(index: int, trouble: Problem) -> Problem:
    """The problem of one item as that of its batch."""
    said = msgspec.json.decode(trouble.body)
    code, detail = said.pop("code"), said.pop("detail")
    if code == "bad_request":
        return Problem("batch_refused", detail, index=index, reason=code, **said)
    return Problem(code, detail, index=index, **said)


def _refused(answer: Answer) -> Reply:
    """The ledger's refusal of a batch; of the batch as a whole if it does not name an item."""
    said = msgspec.json.decode(answer.body)
    if "index" not in said:
        return refusal(PATH, answer.code, answer.body)
    said["reason"] = said.pop("code")
    return refusal(PATH, "batch_refused", refused("batch_refused", said.pop("detail"), **said))


def _json(status: int, body: bytes) -> Reply:
    return status, [(b"content-type", JSON), (b"content-length", b"%d" % len(body))], body
