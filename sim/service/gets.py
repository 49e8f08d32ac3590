"""GET routes: balances, documents, flows, the export, the audit, and the server's own pages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from sim.ledger.ledger import wall_us
from sim.ledger.reading import SqlReader
from sim.service import views
from sim.service.desk import Desk
from sim.service.keys import ALL
from sim.service.messages import ACCOUNT_PATTERN, EVENT_PATTERN, ID_PATTERN
from sim.service.problems import Problem
from sim.service.readers import Readers

CHUNK = 1_000  # events of the export that are read at once
_BOUND_BY = {"2400": "project", "2600": "pool"}  # accounts whose owner a key may be bound to
_encode = msgspec.json.Encoder().encode


def json(said: Any) -> Response:
    """A JSON answer."""
    return Response(said if isinstance(said, bytes) else _encode(said), media_type="application/json")


class Gets:
    """Reads for keys that may: everything with `*`, else only what the key is bound to."""

    def __init__(self, desk: Desk, readers: Readers) -> None:
        self._desk, self._readers = desk, readers

    def _check(self, request: Request, scope: str, owner: str = "") -> None:
        """Raises Problem unless the key has the scope and is bound to the object or to all."""
        header = request.headers.get("authorization")
        key = self._desk.caller(header.encode("latin-1") if header else None, wall_us())
        if scope not in key.scopes:
            raise Problem("forbidden", f"this needs the scope {scope}")
        if ALL not in key.owners and owner not in key.owners:
            raise Problem("foreign_object", f"this key is not bound to {owner or 'everything'}")

    async def user(self, request: Request) -> Response:
        self._check(request, "ledger:read")
        id = _id(request)
        return json(await self._readers.run(lambda reader: views.user(reader, id)))

    def document(self, kind: str) -> Callable[[Request], Any]:
        """The page of a document of one kind."""

        async def page(request: Request) -> Response:
            self._check(request, "ledger:read")
            id = _id(request)
            return json(await self._readers.run(lambda reader: views.document(reader, kind, id)))

        return page

    async def project(self, request: Request) -> Response:
        id = _id(request)
        self._check(request, "ledger:read", f"project:{id}")
        return json(await self._readers.run(lambda reader: views.project(reader, id)))

    async def flow(self, request: Request) -> Response:
        id = _id(request)
        self._check(request, "ledger:read", f"project:{id}")
        cursor, limit = self._page(request)
        return json(await self._readers.run(lambda reader: views.flow(reader, id, cursor, limit)))

    async def pool(self, request: Request) -> Response:
        id = _id(request)
        self._check(request, "ledger:read", f"pool:{id}")
        return json(await self._readers.run(lambda reader: views.pool(reader, id)))

    async def account(self, request: Request) -> Response:
        name = _id(request, ACCOUNT_PATTERN)
        self._check(request, "ledger:read", _owner_of(name))
        return json(await self._readers.run(lambda reader: views.account(reader, name)))

    async def transfers(self, request: Request) -> Response:
        name = _id(request, ACCOUNT_PATTERN)
        self._check(request, "ledger:read", _owner_of(name))
        cursor, limit = self._page(request)
        return json(await self._readers.run(lambda reader: views.transfers(reader, name, cursor, limit)))

    async def event(self, request: Request) -> Response:
        self._check(request, "ledger:read")
        id = _id(request, EVENT_PATTERN)
        return json(await self._readers.run(lambda reader: views.event(reader, id)))

    def _page(self, request: Request) -> tuple[views.Cursor, int]:
        most = self._desk.policy.page
        limit = _number(request, "limit", most, most)
        return views.read_cursor(request.query_params.get("cursor", "")), limit

    # --- for auditors -------------------------------------------------------------------------------------

    async def export(self, request: Request) -> Response:
        """The journal after `after`, up to the head as it is now, at most `limit` events."""
        self._check(request, "audit:read")
        after = _number(request, "after", 0, 2**53 - 1, least=0)
        limit = _number(request, "limit", 2**53 - 1, 2**53 - 1)
        head = self._desk.ledger.state.head.seq
        return StreamingResponse(
            self._lines(after, min(head, after + limit)), media_type="application/x-ndjson"
        )

    async def _lines(self, after: int, end: int) -> AsyncIterator[bytes]:
        while after < end:
            count = min(CHUNK, end - after)

            def read(reader: SqlReader, after: int = after, count: int = count) -> bytes:
                return views.export(reader.events(after, count))

            yield await self._readers.run(read)
            after += count

    async def audit(self, request: Request) -> Response:
        """All invariants, checked on the committed state."""
        self._check(request, "audit:read")
        from sim.ledger.audit import audit

        def check(reader: SqlReader) -> Any:
            seq = reader.head().seq  # the audit may see a few events more
            return {"as_of_seq": seq, "checks": audit(reader)}

        return json(await self._readers.run(check))


def _id(request: Request, pattern: str = ID_PATTERN) -> str:
    id: str = request.path_params["id"]
    if not re.match(pattern, id):
        raise Problem("bad_request", f"{id[:100]!r} is not an id")
    return id


def _owner_of(account: str) -> str:
    code, _, owner = account.partition(":")
    return f"{_BOUND_BY[code]}:{owner}" if code in _BOUND_BY else ""


def _number(request: Request, name: str, default: int, most: int, least: int = 1) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and least <= int(text) <= most):
        raise Problem("bad_request", f"{name} must be a number from {least} to {most}")
    return int(text)
