"""A small HTTP ledger in memory: it remembers idempotency keys and numbers what it accepts. No money moves.

The target of the driver's own tests and benchmarks, run as a child process: `python -m loadtests.stub`.
It binds 127.0.0.1, prints `listening on 127.0.0.1:PORT` and answers every POST. With `--journal FILE` it
remembers accepted keys through a kill -9. `GET /seen` lists the keys in the order of their seq.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

HEAD_END = b"\r\n\r\n"
KEY = b"idempotency-key: "
LENGTH = b"content-length: "
REASONS = {200: b"OK", 201: b"Created", 422: b"Unprocessable Content", 503: b"Service Unavailable"}


@dataclass
class Book:
    """What was accepted: key → seq, and where it is written down."""

    journal: Path | None = None
    seq_of: dict[bytes, int] = field(default_factory=dict)
    file: int = -1

    def open(self) -> None:
        """Read the journal of an earlier life, and go on with it."""
        if self.journal is None:
            return
        if self.journal.exists():
            kept = self.journal.read_bytes().split(b"\n")[:-1]  # a torn last line was never acknowledged
            self.seq_of = {key: seq for seq, key in enumerate(kept, start=1)}
        self.file = os.open(self.journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def accept(self, key: bytes) -> tuple[int, bool]:
        """The seq of a key, and whether it had one already."""
        known = self.seq_of.get(key)
        if known is not None:
            return known, True
        seq = len(self.seq_of) + 1
        if self.file >= 0:
            os.write(self.file, key + b"\n")
        self.seq_of[key] = seq
        return seq, False


@dataclass(frozen=True)
class Faults:
    """How the stub misbehaves: share of requests refused, first answered 503, or applied but not answered."""

    delay_s: float = 0.0
    idle_s: float = 0.0  # a connection unused for so long is closed; 0 = never
    refuse: int = 0  # every so-many-th new key; 0 = none
    busy: int = 0
    lose: int = 0


def reply(status: int, body: bytes, extra: bytes = b"") -> bytes:
    """One HTTP answer."""
    return b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s" % (
        status, REASONS[status], extra, len(body), body,
    )  # fmt: skip


class Connection(asyncio.Protocol):
    """One client; requests may come in pieces, answers leave in their order."""

    def __init__(self, book: Book, faults: Faults, tried: set[bytes]) -> None:
        self.book, self.faults, self.tried = book, faults, tried
        self.held = b""
        self.heard = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        data = self.held + data if self.held else data
        if self.faults.idle_s:
            self.heard += 1
            asyncio.get_running_loop().call_later(self.faults.idle_s, self._close_idle, self.heard)
        while True:
            end = data.find(HEAD_END)
            if end < 0:
                break
            head = data[:end]
            length = _number(head, LENGTH)
            if len(data) < end + 4 + length:
                break
            self._answer(head)
            data = data[end + 4 + length :]
        self.held = data

    def _close_idle(self, heard: int) -> None:
        if heard == self.heard:
            self.transport.close()

    def _answer(self, head: bytes) -> None:
        if head.startswith(b"GET /seen"):
            self.transport.write(reply(200, b"\n".join(self.book.seq_of)))
        elif head.startswith(b"GET "):
            self.transport.write(reply(200, b"{}"))
        elif self.faults.delay_s:
            asyncio.get_running_loop().call_later(self.faults.delay_s, self._post, head)
        else:
            self._post(head)

    def _post(self, head: bytes) -> None:
        key = _value(head, KEY)
        first = key not in self.tried
        count = len(self.tried) + 1
        if self.faults.busy or self.faults.lose or self.faults.refuse:
            self.tried.add(key)
        if first and _hit(count, self.faults.busy):
            self.transport.write(reply(503, b'{"code":"queue_full","retryable":true}'))
        elif _hit(count, self.faults.refuse) and first:
            self.transport.write(reply(422, b'{"code":"insufficient_funds","retryable":false}'))
        else:
            seq, known = self.book.accept(key)
            if first and _hit(count, self.faults.lose):
                self.transport.close()
                return
            extra = b"Idempotency-Replayed: true\r\n" if known else b""
            self.transport.write(reply(201, b'{"seq":%d}' % seq, extra))


def _hit(count: int, every: int) -> bool:
    return every > 0 and count % every == 0


def _value(head: bytes, name: bytes) -> bytes:
    at = head.lower().find(b"\r\n" + name)
    if at < 0:
        return b""
    at += 2 + len(name)
    end = head.find(b"\r", at)
    return head[at:] if end < 0 else head[at:end]


def _number(head: bytes, name: bytes) -> int:
    return int(_value(head, name) or b"0")


async def serve(port: int, book: Book, faults: Faults) -> None:
    """Listen until killed."""
    book.open()
    tried: set[bytes] = set()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(book, faults, tried), "127.0.0.1", port, backlog=1024
    )
    print(f"listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.stub", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--journal", type=Path)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    parser.add_argument("--idle-s", type=float, default=0.0, help="close connections unused for so long")
    for name in ("refuse", "busy", "lose"):
        parser.add_argument(f"--{name}", type=int, default=0, help="every so-many-th new key")
    asked = parser.parse_args()
    faults = Faults(asked.delay_ms / 1000, asked.idle_s, asked.refuse, asked.busy, asked.lose)
    runner = asyncio.run
    try:
        import uvloop
    except ModuleNotFoundError:
        pass
    else:
        runner = uvloop.run
    try:
        runner(serve(asked.port, Book(asked.journal), faults))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
