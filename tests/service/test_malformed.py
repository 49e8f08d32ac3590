"""What no client should send: every answer is a problem of the client's, never of the server's."""

from __future__ import annotations

import json
import socket

import pytest

from sim.service import operations
from sim.service.problems import CODES, TYPE
from tests.commands import PATIENCE_S
from tests.service.serving import Client, Reply, Server, fresh

DEED = b'{"effective_at":1662696000000000,"user":"u1","beans":%b,"fades":20220912}'
BODIES = {
    "nothing": b"",
    "a space": b" ",
    "half an object": b'{"effective_at":1662696000000000,"user":"u1"',
    "an array": b"[]",
    "null": b"null",
    "a string": b'"x"',
    "a number": b"17",
    "1e400": DEED % b"1e400",
    "-1e400": DEED % b"-1e400",
    "1e3": DEED % b"1e3",
    "1.0": DEED % b"1.0",
    "NaN": DEED % b"NaN",
    "Infinity": DEED % b"-Infinity",
    "true": DEED % b"true",
    "a string for a number": DEED % b'"5"',
    "null for a number": DEED % b"null",
    "below": DEED % b"-1",
    "2^53": DEED % b"9007199254740992",
    "2^63": DEED % b"9223372036854775808",
    "ten thousand digits": DEED % (b"9" * 10_000),
    "a leading zero": DEED % b"05",
    "NUL": DEED % b"5\0",
    "NUL in an id": b'{"effective_at":1662696000000000,"user":"u\\u0000","beans":5,"fades":20220912}',
    "a line break in an id": b'{"effective_at":1662696000000000,"user":"u1\\n","beans":5,"fades":20220912}',
    "a colon in an id": b'{"effective_at":1662696000000000,"user":"u1:2","beans":5,"fades":20220912}',
    "an empty id": b'{"effective_at":1662696000000000,"user":"","beans":5,"fades":20220912}',
    "a long id": b'{"effective_at":1662696000000000,"user":"%b","beans":5,"fades":20220912}' % (b"u" * 65),
    "an unknown word": b'{"effective_at":1662696000000000,"user":"u1","beans":5,"fades":20220912,"x":1}',
    "a missing word": b'{"user":"u1","beans":5,"fades":20220912}',
    "a float date": b'{"effective_at":1662696000000000.5,"user":"u1","beans":5,"fades":20220912}',
    "a date before 1970": b'{"effective_at":-1,"user":"u1","beans":5,"fades":20220912}',
    "deep arrays": b"[" * 30_000,
    "deep objects": b'{"effective_at":' * 3_000,
    "deep inside a word": b'{"effective_at":1662696000000000,"user":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "not UTF-8": b'{"effective_at":1662696000000000,"user":"\xff","beans":5,"fades":20220912}',
    "a lone surrogate": b'{"effective_at":1662696000000000,"user":"\\ud800","beans":5,"fades":20220912}',
    "UTF-16": '{"effective_at":1662696000000000}'.encode("utf-16"),
    "two objects": DEED % b"5" + DEED % b"5",
    "XML": b"<deed/>",
}


def send(client: Client, body: bytes, path: str = "/v1/deeds", **headers: str) -> Reply:
    said = {"Content-Type": "application/json", "Idempotency-Key": fresh()} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return client.ask("POST", path, body, said)


def check_problem(reply: Reply) -> None:
    """The problem is whole and of a stable code."""
    said = reply.said
    assert reply.headers["content-type"] == "application/problem+json"
    assert CODES[said["code"]].status == said["status"] == reply.status
    assert said["type"] == TYPE + said["code"]
    assert said["title"]
    assert said["detail"]
    assert said["instance"].startswith("/")


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_is_no_request_is_400(client: Client, body: bytes) -> None:
    """Whatever stands in it, for a single request, an item of a batch, and a key."""
    reply = send(client, body)
    assert (reply.status, reply.code) == (400, "bad_request"), reply.raw
    check_problem(reply)
    item = b'{"items":[{"op":"deeds","idempotency_key":"%b","body":%b}]}' % (fresh().encode(), body)
    batch = send(client, item, "/v1/batch")
    assert batch.status == 400 or batch.said["results"][0]["status"] == 400, batch.raw
    assert send(client, body, "/v1/keys").status == 400


@pytest.mark.parametrize("operation", operations.ALL, ids=lambda one: one.op)
def test_every_operation_refuses_what_is_no_request(client: Client, operation: operations.Operation) -> None:
    """Empty objects, unknown words, and an id in the body where it stands in the path."""
    path = operation.path.replace("{id}", "2400:p1" if operation.op == "limits" else "x")
    at = b'"effective_at":1662696000000000'
    bodies = [b"{}", b'{"effective_at":"now"}', b'{%b,"zzz":1}' % at]
    if operation.named:
        bodies.append(b'{%b,"id":"x","fen":1,"project":"p1"}' % at)
    for body in bodies:
        reply = send(client, body, path)
        assert reply.status == 400, (body, reply.raw)
        check_problem(reply)


@pytest.mark.parametrize("id", ["a%20b", "a%0Ab", "%00", "a:b", "x" * 65, "%C3%BC", "a%25b"])
def test_an_id_of_a_path_is_checked(client: Client, id: str) -> None:
    """400, when written and when read."""
    body = b'{"effective_at":1662696000000000}'
    assert send(client, body, f"/v1/orders/{id}/pay").status == 400
    assert client.get(f"/v1/orders/{id}").status == 400


@pytest.mark.parametrize("key", ["", "x" * 129, "caf\xe9", "a\tb"])
def test_an_idempotency_key_is_needed_and_checked(client: Client, key: str) -> None:
    """1 to 128 printable ASCII characters, or 400."""
    reply = send(client, DEED % b"5", Idempotency_Key=key)
    assert reply.status == 400
    check_problem(reply)


@pytest.mark.parametrize(
    "media", ["", "text/plain", "application/xml", "application/jsonp", "multipart/form-data"]
)
def test_only_json_is_taken(client: Client, media: str) -> None:
    """415 otherwise; a charset may follow."""
    assert send(client, DEED % b"5", Content_Type=media).status == 415
    assert send(client, DEED % b"5", Content_Type="application/json; charset=utf-8").status == 201


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/deeds", "POST"),
        ("PUT", "/v1/orders/x/pay", "POST"),
        ("GET", "/v1/batch", "POST"),
        ("DELETE", "/v1/orders/x", "GET"),
        ("POST", "/v1/export", "GET"),
        ("PATCH", "/openapi.json", "GET"),
    ],
)
def test_another_method_is_405_and_says_which(client: Client, method: str, path: str, allowed: str) -> None:
    """The header Allow names what can be done."""
    reply = client.ask(method, path)
    assert (reply.status, allowed in reply.headers["allow"]) == (405, True)
    check_problem(reply)


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/nothing", "/v1/orders/x/eat", "/v1/orders/x/pay/now", "/v2/deeds"]
)
def test_an_unknown_path_is_404(client: Client, path: str) -> None:
    """For every method."""
    for method in ("GET", "POST"):
        reply = client.ask(method, path)
        assert reply.status == 404
        check_problem(reply)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "limit=1e2",
        "cursor=x",
        "cursor=1",
        "cursor=1.2.-3",
        "cursor=1.2.9999999999999999999",
        "limit=%C2%B2",
    ],
)
def test_a_page_that_cannot_be_is_400(client: Client, query: str) -> None:
    """Limits are 1 to 1,000, cursors are those that were given out."""
    client.post("/donations", user="u1", project="paged", fen=1)
    for path in ("/v1/projects/paged/flow", "/v1/accounts/2400:paged/transfers"):
        assert client.get(f"{path}?{query}").status == 400


@pytest.mark.parametrize(
    "text",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"GET /healthz\r\n\r\n",
        b"POST /v1/deeds HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/deeds HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /v1/deeds HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    ],
    ids=["TLS", "HTTP/0.9", "negative length", "two lengths", "bad chunk", "long path", "long header"],
)
def test_what_is_no_http_does_not_hurt(server: Server, client: Client, text: bytes) -> None:
    """The connection may be closed; the server goes on and never says 5xx."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as raw:
        raw.sendall(text)
        raw.shutdown(socket.SHUT_WR)
        told = b""
        try:
            while part := raw.recv(65_536):
                told += part
        except ConnectionResetError:
            pass
    assert not told.startswith(b"HTTP/1.1 5")
    assert client.get("/healthz").status == 200


def test_a_client_that_leaves_does_not_hurt(server: Server, client: Client) -> None:
    """A body that ends half-way books nothing."""
    head = (
        b"POST /v1/pools/left/deposits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\n"
        % server.token.encode()
    )
    head += (
        b"Content-Type: application/json\r\nIdempotency-Key: %b\r\nContent-Length: 99\r\n\r\n"
        % fresh().encode()
    )
    for sent in (head, head + b'{"effective_at"'):
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as raw:
            raw.sendall(sent)
    assert client.get("/v1/pools/left").status == 404
    assert json.loads(client.get("/readyz").raw)["status"] == "ready"
