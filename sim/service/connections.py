"""The shortest way from a socket to the ledger and back: no task and no ASGI for a plain POST of the table.

A `Connection` is uvicorn's own protocol; it takes a request for itself when its head is plain, and leaves
everything else (reads, batches, unusual heads, requests behind one that is not answered yet) to ASGI.
"""

from __future__ import annotations

import time
from collections.abc import Sized
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from sim.ledger.decide import Group
from sim.ledger.entries import Answer
from sim.ledger.ledger import wall_us
from sim.service.desk import too_slow
from sim.service.heads import Said, check_framing
from sim.service.operations import Operation, find
from sim.service.posts import Asked, Posts, Reply, defect, refusal
from sim.service.problems import Problem

if TYPE_CHECKING:
    import asyncio


class _Flow(FlowControl):
    """Reads on only when nothing waits to be answered and the client reads what is: memory stays bounded."""

    def __init__(self, transport: asyncio.Transport, pipeline: Sized) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        if not self._pipeline and not self.write_paused:
            super().resume_reading()


class Connection(HttpToolsProtocol):
    """One client. `_taken` is the operation of the request being read here, `_busy`: one is not answered yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._posts: Posts = self.app.posts
        self._desk = self._posts.desk
        self._taken: tuple[Operation, str] | None = None
        self._said: Said
        self._parts: list[bytes] = []
        self._busy = False
        self._begun = False  # a head or a body is on its way
        self._in_body = False
        self._last = False  # to be closed after the answer
        self._owed = 0  # requests whose answer is not written yet
        self._end: Problem | None = None  # why nothing more is read: answered when nothing else is owed

    # --- reading ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = _Flow(transport, self.pipeline)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._desk.unwatch(self)

    def data_received(self, data: bytes) -> None:
        if self._end is not None:
            return
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._give_up(_trouble(error))
            return
        if self._begun:
            self._desk.watch(self)

    def on_message_begin(self) -> None:
        # uvicorn's scope is only made when ASGI needs it.
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._begun = True

    def on_headers_complete(self) -> None:
        self._taken = self._for_us()
        if self._taken is None:
            self._to_asgi()
        self._in_body = True
        self._owed += 1

    def _to_asgi(self) -> None:
        """Hand a request over. Raises Problem, which ends the reading."""
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        check_framing(url, headers, self.parser.get_http_version(), self.parser.should_upgrade())
        self._over()
        super().on_message_begin()
        self.headers += headers  # the list that the scope has
        self.url, self.expect_100_continue = url, expect
        super().on_headers_complete()
        self.headers = []  # what follows the body is no header

    def _for_us(self) -> tuple[Operation, str] | None:
        """The operation of a request that goes the short way."""
        parser, cycle = self.parser, self.cycle
        if self._busy or self.pipeline or b"%" in self.url:
            return None
        if cycle is not None and not cycle.response_complete:
            return None
        if parser.get_method() != b"POST" or not parser.should_keep_alive() or parser.should_upgrade():
            return None
        try:
            said = self._said = Said(self.headers)
        except Problem:  # it is answered there
            return None
        length = said.length
        if said.expect or not said.host or not length.isdigit():
            return None
        if len(length) > 9 or int(length) > self._desk.policy.body_bytes:
            return None
        return find(self.url.decode("latin-1"))

    def on_body(self, body: bytes) -> None:
        if self._taken is None:
            super().on_body(body)
        else:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        if self._taken is None:
            super().on_message_complete()
            return
        operation, id = self._taken
        self._over()
        self._taken, self._busy = None, True
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []
        self._ask(operation, id, body)

    def _over(self) -> None:
        """The request is whole, or read elsewhere."""
        self._begun = False
        self._desk.unwatch(self)

    # --- answering ----------------------------------------------------------------------------------------

    def _ask(self, operation: Operation, id: str, body: bytes) -> None:
        began, now_us, posts = time.perf_counter(), wall_us(), self._posts
        try:
            key = posts.check(operation, self._said, now_us)
            asked = posts.begin(operation, id, self._said, key, body, now_us, began)
            self._desk.submit(
                Group((asked.command,)), asked.command.principal, lambda told: self._told(asked, told)
            )
        except Problem as trouble:
            self._reply(posts.refuse(operation, self.url.decode("latin-1"), trouble, began))
        except Exception as error:
            self._reply(posts.refuse(operation, self.url.decode("latin-1"), defect(error), began))

    def _told(self, asked: Asked, told: list[Answer] | Problem) -> None:
        self._reply(self._posts.end(asked, told))

    def _reply(self, reply: Reply) -> None:
        self._busy = False
        transport = self.transport
        if transport.is_closing():
            return
        self._write(reply)
        if self._last:
            transport.close()
        self.on_response_complete()
        if self.flow.write_paused:  # the client does not read: take nothing more from it
            self.flow.pause_reading()

    def _write(self, reply: Reply) -> None:
        status, headers, body = reply
        parts = [STATUS_LINE[status]]
        for name, value in headers:
            parts += (name, b": ", value, b"\r\n")
        parts += (b"\r\n", body)
        self.transport.write(b"".join(parts))

    def resume_writing(self) -> None:
        super().resume_writing()
        self.flow.resume_reading()

    def on_response_complete(self) -> None:
        self._owed -= 1
        super().on_response_complete()
        if self._end is not None and not self._owed:
            self._say_why(self._end)

    # --- reading no further -------------------------------------------------------------------------------

    def cancel(self) -> None:
        """The rest of a request did not come in time."""
        self._give_up(too_slow(self._desk.policy.body_s))

    def _give_up(self, trouble: Problem) -> None:
        """Where the next request begins is not known. What was asked before is answered before this is."""
        self._over()
        self._end = trouble
        if self._in_body and not self._is_answered():
            self._owed -= 1
        if not self._owed:
            self._say_why(trouble)

    def _is_answered(self) -> bool:
        """Whether an answer to the request that is being read has begun already."""
        return self._taken is None and self.cycle.response_started

    def _say_why(self, trouble: Problem) -> None:
        if not (self._in_body and self._is_answered()) and not self.transport.is_closing():
            self._desk.counts.codes[trouble.code] += 1
            path = self.url.partition(b"?")[0].decode("latin-1")
            self._write(refusal(path or "/", trouble.code, trouble.body))
        self.transport.close()

    # --- ASGI behind us, and the end ----------------------------------------------------------------------

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """A request behind one that we have not answered waits for its turn."""
        if self._busy:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, app))
        else:
            super()._start_asgi_task(cycle, app)

    def shutdown(self) -> None:
        """Close as soon as what was asked is answered."""
        if self._busy:
            self._last = True
        else:
            super().shutdown()


def _trouble(error: httptools.HttpParserError) -> Problem:
    """Why the parser stopped: a reason of ours, or of its own."""
    reason = error.__context__ or error
    if isinstance(reason, Problem):
        return reason
    if isinstance(reason, httptools.HttpParserError):
        return Problem("bad_http", str(reason))
    assert isinstance(reason, Exception)
    return defect(reason)
