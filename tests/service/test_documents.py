"""Bodies that are no JSON of ours, on every POST; and bodies that are the same request in another spelling."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from sim.service import examples
from sim.service.bodies import decoded
from sim.service.operations import BY_OP
from tests.service.serving import Client, Server, fresh
from tests.service.test_twice import escaped, written
from tests.service.wire import KEYS, POSTS, Route, Watched, resized


@pytest.fixture(scope="module")
def watched(server: Server) -> Watched:
    return Watched(server)


# --- what no JSON is, on every POST ----------------------------------------------------------------------------


NO_STRINGS = (rb"\ud800", rb"\udc00\ud800", rb"\x41", b"\xff", b"\xed\xa0\x80", b"\xc0\xaf", b"\n", b"\0")
NO_VALUES = (
    *b"NaN Infinity -Infinity 1e400 1.0 1e0 01 +1 0x1 .5 1. --1 1_0 tru 'a'".split(),
    "\uff11".encode(),  # a digit of another script
    *(b'"%b"' % text for text in NO_STRINGS),
    b"[" * 20_000,
    b"[" * 9_000 + b"]" * 9_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b"9" * 5_000,
)


def mangled(body: bytes) -> Iterator[bytes]:
    """The body in ways that one reader takes and another does not, and the body that is no JSON."""
    yield b"\xef\xbb\xbf" + body  # a byte order mark
    yield body.decode().encode("utf-16")
    yield body.decode().encode("utf-16-le")
    yield body + b"x"
    yield body + body
    yield body + b"\0"
    yield body + b"\x1a"
    yield b"\0" + body
    yield body[:-1]
    yield body[:-1] + b",}"
    yield body[:-1] + b"}}"
    yield b"/**/" + body
    yield body + b"//"
    yield body.replace(b'"', b"'")
    yield b"[" + body + b"]"
    yield b"\x0b" + body
    yield "\u00a0".encode() + body
    for value in NO_VALUES:
        yield b'{"zzz":%b,%b' % (value, body[1:])
        yield body.replace(b"1662696000000000", value) if b"1662696000000000" in body else value
    for name in (b"\xff", b"\\ud800"):
        yield b'{"%b":1,%b' % (name, body[1:])


@pytest.mark.parametrize("route", [*POSTS, *KEYS[:2]], ids=str)
def test_what_is_no_json_of_ours_is_400(watched: Watched, route: Route) -> None:
    """Marks, other encodings, more than one document, numbers of other languages, surrogates, depth: never a 500."""
    requests = [resized(route, watched.server, body) for body in mangled(route.body)]
    for _, said in watched.answers(requests):
        problem = (
            said["results"][0]["body"] if "results" in said else said
        )  # of the item, if its own body is bad
        assert (problem["status"], problem["code"]) == (400, "bad_request"), said
    assert "Traceback" not in watched.server.log.read_text()


# --- what is the same request ------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", BY_OP)
def test_another_spelling_is_the_same_request(op: str) -> None:
    """Order, blanks, escapes: one canonical form; any member changed: another."""
    operation, body = BY_OP[op], examples.BODIES[op]
    first = operation.canonical(decoded(operation, json.dumps(body).encode()))
    members = [(escaped(name), json.dumps(value)) for name, value in reversed(body.items())]
    assert operation.canonical(decoded(operation, written(members, "\n: ", " ,\t").encode())) == first
    for name, value in body.items():
        if type(value) is int:
            changed = body | {name: value + (100 if name == "beans" else 1)}
            assert operation.canonical(decoded(operation, json.dumps(changed).encode())) != first


def test_another_spelling_is_a_repeat(client: Client) -> None:
    """The first answer, byte for byte; with another amount the key is refused."""
    key, pool = fresh(), fresh("spelt")
    first = client.post(f"/pools/{pool}/deposits", key, raw=b'{"effective_at":1662696000000000,"fen":5}')
    again = client.post(
        f"/pools/{pool}/deposits", key, raw=b' { "f\\u0065n" :5,\n"effective_at":1662696000000000 } '
    )
    assert (again.raw, again.headers["idempotency-replayed"]) == (first.raw, "true")
    other = client.post(f"/pools/{pool}/deposits", key, raw=b'{"effective_at":1662696000000000,"fen":6}')
    assert other.code == "idempotency_mismatch"
    assert client.balance(f"2600:{pool}") == 5
