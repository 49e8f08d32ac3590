"""GET routes: the pages of the table, the export, the audit."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from sim.ledger.audit import audit
from sim.ledger.ledger import wall_us
from sim.ledger.reading import SqlReader
from sim.service import promises, views
from sim.service.answers import Verdict, Verdicts
from sim.service.desk import Desk
from sim.service.heads import Said
from sim.service.keys import ALL
from sim.service.pages import Page
from sim.service.problems import Problem
from sim.service.readers import Readers

CHUNK = 1_000  # events of the export that are read at once
Handler = Callable[[Request], Awaitable[Response]]
_encode = msgspec.json.Encoder().encode


def json(said: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(_encode(said), status, media_type="application/json")


class Gets:
    """Reads for keys that may: everything with `*`, else only what the key is bound to."""

    def __init__(self, desk: Desk, readers: Readers) -> None:
        self._desk, self._readers = desk, readers

    def _check(self, request: Request, scope: str, owner: str = "") -> None:
        """Raises Problem unless the key has the scope and is bound to the object or to all."""
        key = self._desk.caller(Said(request.scope["headers"]).authorization, wall_us())
        if scope not in key.scopes:
            raise Problem("forbidden", f"this needs the scope {scope}")
        if ALL not in key.owners and owner not in key.owners:
            raise Problem("foreign_object", f"this key is not bound to {owner or ALL}")

    def page(self, page: Page) -> Handler:
        """The handler of a page."""

        async def answer(request: Request) -> Response:
            id: str = request.path_params["id"]
            self._check(request, page.scope, page.owner(id))
            if not re.match(page.pattern, id):
                raise Problem("bad_request", f"{id[:100]!r} is not an id")
            more = self._range(request) if page.paged else ()
            return json(await self._readers.run(lambda reader: page.look_up(reader, id, *more)))

        return answer

    def _range(self, request: Request) -> tuple[views.Cursor, int]:
        most = self._desk.policy.page
        limit = _number(request, "limit", most, most)
        return views.read_cursor(request.query_params.get("cursor", "")), limit

    async def export(self, request: Request) -> Response:
        """The journal after `after`, up to the head as it is now, at most `limit` events."""
        self._check(request, "audit:read")
        after = _number(request, "after", 0, 2**53 - 1, least=0)
        limit = _number(request, "limit", 2**53 - 1, 2**53 - 1)
        end = min(self._desk.ledger.state.head.seq, after + limit)
        return StreamingResponse(self._lines(after, end), media_type="application/x-ndjson")

    async def _lines(self, after: int, end: int) -> AsyncIterator[bytes]:
        while after < end:
            count = min(CHUNK, end - after)

            def read(reader: SqlReader, after: int = after, count: int = count) -> bytes:
                return views.export(reader.events(after, count))

            yield await self._readers.run(read)
            after += count

    async def audit(self, request: Request) -> Response:
        """Every invariant, checked on what is committed."""
        self._check(request, "audit:read")
        return json(await self._readers.run(_audited))


def _audited(reader: SqlReader) -> Verdicts:
    with reader.snapshot() as seq:
        checks = audit(reader, promises.OF_EVENTS, promises.OF_TABLES)
        return Verdicts(seq, [Verdict(**check) for check in checks])


def _number(request: Request, name: str, default: int, most: int, least: int = 1) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and least <= int(text) <= most):
        raise Problem("bad_request", f"{name} must be a number from {least} to {most}")
    return int(text)
