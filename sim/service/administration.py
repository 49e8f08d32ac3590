"""Keys over HTTP, for administrators: made, rotated, revoked; a secret is in one answer and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sim.errors import UsageError
from sim.ledger.ledger import wall_us
from sim.ledger.sql import SqlStore
from sim.service.bodies import UNREADABLE, each_once, read_body
from sim.service.desk import Desk
from sim.service.heads import Said
from sim.service.keys import ALL, AccessKey, shown
from sim.service.messages import NewKey, Nothing, Overlap
from sim.service.problems import Problem
from sim.service.readers import Readers

M = TypeVar("M", bound=msgspec.Struct)


class Administration:
    """The pages of keys. They are stored first and valid then, revoked keys likewise."""

    def __init__(self, desk: Desk, readers: Readers) -> None:
        self._desk, self._readers = desk, readers

    def _check(self, said: Said) -> None:
        key = self._desk.caller(said.authorization, wall_us())
        if "admin" not in key.scopes:
            raise Problem("forbidden", "this needs the scope admin")
        if ALL not in key.owners:  # it could make itself a key for everything
            raise Problem("foreign_object", f"this key is not bound to {ALL}")

    async def _read(self, request: Request, message: type[M]) -> M:
        """The message of an administrator's POST. Raises Problem."""
        said = Said(request.scope["headers"])
        self._check(said)
        said.check_media()
        body = await read_body(self._desk, said, request.receive, self._desk.policy.body_bytes)
        return _decoded(body, message)

    async def _keep(self, keys: Sequence[AccessKey]) -> None:
        """Store keys between two batches, then let them count."""

        def store(target: SqlStore) -> None:
            target.save_keys([key.row for key in keys])

        await self._readers.beside(lambda: self._desk.ledger.exclusively(store))
        for key in keys:
            self._desk.keys.put(key)

    async def all_or_make(self, request: Request) -> Response:
        """Every key, without secrets; a POST makes one."""
        if request.method == "POST":
            return await self.make(request)
        self._check(Said(request.scope["headers"]))
        return _json({"keys": [shown(key) for key in self._desk.keys.all()]})

    async def make(self, request: Request) -> Response:
        """A new key; its token is in this answer only."""
        ask = await self._read(request, NewKey)
        expires = None if ask.expires_at is msgspec.UNSET else ask.expires_at
        key, token = _or_problem(
            lambda: self._desk.keys.make(ask.id, ask.scopes, ask.owners, wall_us(), expires)
        )
        await self._keep([key])
        return _json({**shown(key), "token": token}, 201)

    async def rotate(self, request: Request) -> Response:
        """A second secret for a key; the ones before end after the overlap."""
        ask = await self._read(request, Overlap)
        id = request.path_params["id"]
        keys, token = _or_problem(
            lambda: self._desk.keys.rotate(id, wall_us(), ask.overlap_s * 1_000_000), "not_found"
        )
        await self._keep(keys)
        return _json({**shown(keys[-1]), "token": token}, 201)

    async def revoke(self, request: Request) -> Response:
        """A key ends, at once: the one in the path, whatever a body may say."""
        said = Said(request.scope["headers"])
        self._check(said)
        body = await read_body(self._desk, said, request.receive, self._desk.policy.body_bytes)
        _decoded(body or b"{}", Nothing)
        id = request.path_params["id"]
        await self._keep(_or_problem(lambda: self._desk.keys.revoke(id, wall_us()), "not_found"))
        return _json({"keys": [shown(key) for key in self._desk.keys.of(id)]})


def _decoded(body: bytes, message: type[M]) -> M:
    try:
        ask = msgspec.json.decode(body, type=message)
    except UNREADABLE as error:
        raise Problem("bad_request", str(error)) from None
    each_once(body)
    return ask


T = TypeVar("T")


def _or_problem(do: Callable[[], T], code: str = "") -> T:
    try:
        return do()
    except UsageError as error:
        already = "already" in str(error)
        raise Problem(code or ("already_done" if already else "bad_request"), str(error)) from None


def _json(said: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(said), status, media_type="application/json")
