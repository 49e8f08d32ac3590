"""Requests as bytes, and a socket that sends them as they are."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

from sim.service import examples, operations, pages
from tests.commands import PATIENCE_S
from tests.service.serving import Server, fresh

DEPOSIT = b'{"effective_at":1662696000000000,"fen":1}'


def post(server: Server, pool: str, body: bytes = DEPOSIT, *headers: bytes, key: str = "") -> bytes:
    """A request as bytes."""
    lines = [
        b"POST /v1/pools/%b/deposits HTTP/1.1" % pool.encode(),
        b"Host: x",
        b"Authorization: Bearer %b" % server.token.encode(),
        b"Content-Type: application/json",
        b"Idempotency-Key: %b" % (key or fresh()).encode(),
        b"Content-Length: %d" % len(body),
        *headers,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def get(server: Server, path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n\r\n".encode()


class Raw:
    """A socket and the answers on it."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)
        self._held = b""

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> tuple[int, bytes]:
        """Status and body of the next answer; (0, b"") when the connection was closed."""
        while b"\r\n\r\n" not in self._held:
            if not self._more():
                return 0, b""
        head, _, self._held = self._held.partition(b"\r\n\r\n")
        found = re.search(rb"content-length: (\d+)", head.lower())
        length = int(found[1]) if found else 0
        while len(self._held) < length:
            if not self._more():
                return 0, b""
        body, self._held = self._held[:length], self._held[length:]
        return int(head.split()[1]), body

    def _more(self) -> bool:
        try:
            part = self.socket.recv(65_536)
        except ConnectionResetError:
            part = b""
        self._held += part
        return bool(part)


class Route(NamedTuple):
    """One request of a table, with an example that would be done if it were sent as it is."""

    method: str
    path: str
    body: bytes = b""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def sent(self, headers: list[tuple[str, str]], target: str = "", body: bytes | None = None) -> bytes:
        """The request with these headers and no other."""
        lines = [
            f"{self.method} {target or self.path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in headers),
        ]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (self.body if body is None else body)

    def headers(self, server: Server, key: str = "") -> list[tuple[str, str]]:
        """The headers that a client sends once each."""
        return [
            ("Host", "x"),
            ("Authorization", f"Bearer {server.token}"),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", key or fresh()),
            ("Content-Length", str(len(self.body))),
        ]


def resized(route: Route, server: Server, body: bytes) -> bytes:
    """The route's request with another body."""
    return route._replace(body=body).sent([*route.headers(server)[:-1], ("Content-Length", str(len(body)))])


def _of_operations() -> Iterator[Route]:
    for one in operations.ALL:
        yield Route(
            "POST",
            one.path.replace("{id}", examples.path_id(one.path)),
            json.dumps(examples.BODIES[one.op]).encode(),
        )


def _of_batch() -> Route:
    item = {"op": "donations", "idempotency_key": "batch:1", "body": examples.BODIES["donations"]}
    return Route("POST", "/v1/batch", json.dumps({"atomic": False, "items": [item]}).encode())


def _of_pages() -> Iterator[Route]:
    for page in pages.ALL:
        noun = page.path.split("/")[2]
        id = {"accounts": "2400:p1", "events": "0" * 32}.get(noun, f"{noun[0]}1")
        yield Route("GET", page.path.replace("{id}", id))


POSTS = [*_of_operations(), _of_batch()]
KEYS = [
    Route("POST", "/v1/keys", b'{"id":"never","scopes":["system"]}'),
    Route("POST", "/v1/keys/operator/rotate", b'{"overlap_s":1000}'),
    Route("POST", "/v1/keys/operator/revoke", b"{}"),
]
PARAMETERS = {"flow": ("cursor", "limit"), "transfers": ("cursor", "limit"), "export": ("after", "limit")}
GETS = [
    *_of_pages(),
    *(Route("GET", path) for path in ("/v1/export", "/v1/audit", "/v1/keys")),
    *(Route("GET", path) for path in ("/healthz", "/readyz", "/metrics", "/openapi.json")),
]
ROUTES = [*POSTS, *KEYS, *GETS]


class Watched:
    """Sends what must be refused, and sees that nothing came of it."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def before(self) -> tuple[int, bytes]:
        """What must not change: the journal's head, and the keys."""
        client = self.server.client()
        return client.get("/readyz").said["seq"], client.get("/v1/keys").raw

    def answers(self, requests: list[bytes]) -> list[tuple[int, Any]]:
        """Each between two neighbours that are answered in their turn; what each was told."""
        names = [fresh("neighbour") for _ in requests]
        before = self.before()
        told = []
        with Raw(self.server) as raw:
            for request, name in zip(requests, names, strict=True):
                raw.send(request + get(self.server, f"/v1/pools/{name}"))
            for name in names:
                status, body = raw.answer()
                told.append((status, json.loads(body) if body else None))
                status, body = raw.answer()
                assert (status, name.encode() in body) == (404, True), (told[-1], status, body)
        assert self.before() == before
        return told

    def last_answer(self, request: bytes) -> tuple[int, Any]:
        """What a request was told after which the connection ends; what is behind it is not done."""
        before, name = self.before(), fresh("neighbour")
        with Raw(self.server) as raw:
            raw.send(get(self.server, f"/v1/pools/{name}") + request + post(self.server, name))
            status, body = raw.answer()
            assert (status, name.encode() in body) == (404, True), (status, body)
            status, body = raw.answer()
            assert raw.answer()[0] == 0
        assert self.before() == before
        return status, json.loads(body)
