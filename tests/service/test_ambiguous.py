"""What a request's head could be taken to say in two ways is refused, on every route, and nothing comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from uvicorn.server import ServerState

from sim.service import operations, pages
from sim.service.connections import Connection
from sim.service.heads import OURS
from sim.service.openapi import document
from sim.service.server import configured
from tests.service.asgi import Inside
from tests.service.serving import Client, Server, fresh
from tests.service.test_connections import Wire, numbers
from tests.service.wire import DEPOSIT, GETS, KEYS, POSTS, ROUTES, Raw, Route, Watched, post

ROOT = Path(__file__).parents[2]
Headers = list[tuple[str, str]]
FRAMING = ("Content-Length", "Transfer-Encoding")  # twice, and nobody knows where the request ends
SINGLE = ("Authorization", "Idempotency-Key", "Content-Type", "Content-Encoding", "Expect", "Host")
PLAIN = {"Content-Encoding": "identity", "Expect": "100-continue"}  # of those that need not be there
OTHER = {
    "Authorization": "Bearer bp_other_secret",
    "Idempotency-Key": "another",
    "Content-Type": "text/plain",
    "Content-Encoding": "gzip",
    "Expect": "nothing",
    "Host": "y",
}


@pytest.fixture(scope="module")
def watched(server: Server) -> Watched:
    return Watched(server)


def spelt(name: str, value: str) -> Iterator[tuple[str, Headers]]:
    """Every way to say a header ambiguously."""
    other = OTHER[name]
    yield "twice", [(name, value), (name, value)]
    yield "two values", [(name, value), (name, other)]
    yield "two values the other way", [(name, other), (name, value)]
    yield "in two cases", [(name.lower(), value), (name.upper(), value)]
    yield "three times", [(name, value)] * 3
    yield "joined", [(name, f"{value}, {other}")]
    yield "joined without a blank", [(name, f"{value},{value}")]
    yield "empty", [(name, "")]
    yield "blank", [(name, " \t ")]
    yield "empty and not", [(name, ""), (name, value)]
    if "-" in name:
        yield "with an underscore", [(name.replace("-", "_"), value)]
        yield "with an underscore too", [(name, value), (name.replace("-", "_"), value)]


def ambiguous(route: Route, server: Server, key: str) -> Iterator[tuple[str, str, bytes]]:
    """Requests of a route, each ambiguous in one header, that would be answered otherwise."""
    plain = route.headers(server, key)
    for name in SINGLE:
        value = dict(plain).get(name, PLAIN.get(name, ""))
        rest = [header for header in plain if header[0] != name]
        for how, said in spelt(name, value):
            yield name, how, route.sent([*said[:1], *rest, *said[1:]])


def test_the_sweep_knows_every_header_that_the_server_goes_by() -> None:
    """A header that is read later on is swept too."""
    assert {name.lower().encode() for name in (*SINGLE, *FRAMING)} == OURS


def test_the_sweep_knows_every_route() -> None:
    """All operations and pages, and more."""
    assert len(POSTS) == len(operations.ALL) + 1
    assert len(GETS) == len(pages.ALL) + 7


@pytest.mark.parametrize("code", ["ambiguous_header", "bad_http"])
def test_a_refusal_is_documented(code: str) -> None:
    """In the OpenAPI document, and where people read."""
    assert code in document()["components"]["responses"]["problem400"]["description"]
    assert f"400 `{code}`" in (ROOT / "docs" / "ledger.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_header_that_says_two_things_is_refused(watched: Watched, route: Route) -> None:
    """400 that names the header; nothing is booked, its neighbours are answered, and the key is free afterwards."""
    server, key = watched.server, fresh()
    asked = list(ambiguous(route, server, key))
    told = watched.answers([request for _, _, request in asked])
    for (name, how, _), (status, said) in zip(asked, told, strict=True):
        assert (status, said["code"], said["header"]) == (400, "ambiguous_header", name), (how, said)
    used = server.client().post(f"/pools/{fresh('p')}/deposits", key, fen=1)
    assert (used.status, used.headers.get("idempotency-replayed")) == (201, None)


def framed(route: Route, server: Server) -> Iterator[tuple[str, bytes]]:
    """Requests of which it is not sure where they end, or that HTTP/1.1 does not have."""
    rest = [header for header in route.headers(server) if header[0] != "Content-Length"]
    size = str(len(route.body))
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(route.body), route.body) if route.body else b"0\r\n\r\n"
    for length in (
        [size, size],
        [size, "3"],
        [f"{size}, {size}"],
        [f"+{size}"],
        ["-1"],
        [""],
        ["0x5"],
        ["9" * 30],
    ):
        yield f"lengths {length}", route.sent([*rest, *(("Content-Length", one) for one in length)])
    for coding in (
        ["chunked", "chunked"], ["chunked, chunked"], ["gzip"], ["gzip, chunked"], ["gzip", "chunked"], ["identity"],
        ["chunked", "identity"], [""], ["\x0bchunked"],
    ):  # fmt: skip
        said = [*rest, *(("Transfer-Encoding", one) for one in coding)]
        yield f"codings {coding}", route.sent(said, body=chunks)
    both = [("Content-Length", size), ("Transfer-Encoding", "chunked")]
    yield "length and coding", route.sent([*rest, *both], body=chunks)
    yield "coding and length", route.sent([*rest, *reversed(both)], body=chunks)
    whole = [*rest, ("Content-Length", size)]
    yield "a folded header", route.sent([*whole, ("X", "a\r\n b")])
    yield "a folded header of ours", route.sent([*whole[:-2], ("Idempotency-Key", "a\r\n b"), whole[-1]])
    yield "a blank before the colon", route.sent([*whole, ("Idempotency-Key ", "b")])
    yield "a bare CR", route.sent([*whole, ("X", "a\rIdempotency-Key: b")])
    yield "a NUL", route.sent([*whole, ("X", "a\0b")])
    yield "an upgrade", route.sent([*whole, ("Connection", "Upgrade"), ("Upgrade", "h2c")])
    yield "a fragment", route.sent(whole, f"{route.path}#x")
    yield "a target that is not ASCII", route.sent(whole, f"{route.path}\xff")
    coded = route.sent([*rest, ("Transfer-Encoding", "chunked")], body=chunks)
    yield "a coding in HTTP/1.0", coded.replace(b"HTTP/1.1", b"HTTP/1.0", 1)


@pytest.mark.parametrize("route", [POSTS[0], POSTS[-1], KEYS[0], GETS[0], GETS[-1]], ids=str)
def test_a_request_whose_end_is_not_sure_is_the_last(watched: Watched, route: Route) -> None:
    """400 in its turn, then the connection ends: what came before is answered, what comes behind is not done."""
    for how, request in framed(route, watched.server):
        status, said = watched.last_answer(request)
        assert (status, said["code"], said["retryable"]) == (400, "bad_http", False), (how, said)


def test_a_request_behind_one_that_is_being_booked_is_refused_behind_it(server: Server) -> None:
    """The answers of three deposits come first and are theirs, whatever the fourth request is."""
    for _, request in framed(POSTS[0], server):
        pool = fresh("turn")
        with Raw(server) as raw:
            ahead = b"".join(post(server, pool) for _ in range(3))
            raw.send(ahead + request + post(server, pool))
            answers = [raw.answer() for _ in range(5)]
        assert [status for status, _ in answers] == [201, 201, 201, 400, 0]
        assert numbers(answers[:3]) == [1, 2, 3]
        assert server.client().balance(f"2600:{pool}") == 3


def test_a_body_that_breaks_off_behind_others_is_refused_behind_them(server: Server) -> None:
    """A bad chunk, of a request whose head was good and that waits for its turn; nothing of it is booked."""
    pool = fresh("turn")
    chunked = post(server, pool, b"", b"Transfer-Encoding: chunked").replace(b"Content-Length: 0\r\n", b"")
    for ahead in (0, 1, 2):
        with Raw(server) as raw:
            raw.send(b"".join(post(server, f"{pool}{ahead}") for _ in range(ahead)))
            raw.send(chunked + b"5\r\n%b\r\nZZ\r\n" % DEPOSIT[:5] + post(server, pool))
            answers = [raw.answer() for _ in range(ahead + 2)]
        assert [status for status, _ in answers] == [201] * ahead + [400, 0]
        assert b"bad_http" in answers[-2][1]
    assert server.client().get(f"/v1/pools/{pool}").status == 404


def test_a_slow_request_is_given_up_in_its_turn(tmp_path: Path) -> None:
    """408 for the half request comes behind the answer of the whole one before it, however late that is."""

    async def scenario(inside: Inside) -> None:
        config = configured(inside.app)
        config.load()
        connection, wire = Connection(config=config, server_state=ServerState(), app_state={}), Wire()
        connection.connection_made(wire)  # type: ignore[arg-type]
        asker = SimpleNamespace(token=inside.token)
        connection.data_received(post(asker, "s0") + post(asker, "s0")[:-5])  # type: ignore[arg-type]
        connection.cancel()
        assert wire.written == b""
        inside.ledger.start()
        while not wire.closed:
            await asyncio.sleep(0.01)
        first, second = wire.written.split(b"HTTP/1.1 ")[1:]
        assert (first[:3], second[:3], b"request_timeout" in second) == (b"201", b"408", True)
        connection.connection_lost(None)

    Inside(tmp_path / "ledger.db").play(scenario, writer=False)


def test_what_follows_a_body_is_no_header(server: Server) -> None:
    """Trailers: neither another key nor another caller."""
    pool, key = fresh("trailer"), fresh()
    chunked = post(server, pool, b"", b"Transfer-Encoding: chunked", key=key).replace(
        b"Content-Length: 0\r\n", b""
    )
    chunks = b"%x\r\n%b\r\n0\r\n" % (len(DEPOSIT), DEPOSIT)
    for trailer in (
        b"Idempotency-Key: other",
        b"Authorization: Bearer bp_no_no",
        b"Content-Type: text/plain",
    ):
        with Raw(server) as raw:
            raw.send(chunked + chunks + trailer + b"\r\n\r\n")
            assert numbers([raw.answer()]) == [1]  # the first, and the answer to it again


# --- headers that say one thing, which is not done here -----------------------------------------------------


@pytest.mark.parametrize("route", [*POSTS, *KEYS[:2]], ids=str)
def test_a_body_is_json_in_utf8_as_it_is(watched: Watched, route: Route) -> None:
    """415 for another charset, two of them, another type, and anything compressed."""
    plain = [header for header in route.headers(watched.server) if header[0] != "Content-Type"]
    medias = [
        f"application/json{more}"
        for more in (";charset=gbk", "; charset=utf-16", '; CHARSET="latin1"', ";charset=utf-8;charset=gbk",
                     "; charset", "; charset=", ";charset*=UTF-8''gbk")
    ]  # fmt: skip
    medias += ["text/json", "application/problem+json", "json", "application/json application/json"]
    said = [[*plain, ("Content-Type", media)] for media in medias]
    said += [
        [*plain, ("Content-Type", "application/json"), ("Content-Encoding", how)]
        for how in ("gzip", "br", "deflate", "x")
    ]
    for status, answer in watched.answers([route.sent(headers) for headers in said]):
        assert (status, answer["code"]) == (415, "unsupported_media_type"), answer


@pytest.mark.parametrize("media", ["application/json;charset=UTF-8", 'Application/JSON; charset="utf-8"'])
def test_utf8_may_be_said(client: Client, media: str) -> None:
    """In any case, quoted or not."""
    headers = {"Content-Type": media, "Idempotency-Key": fresh(), "Content-Encoding": "Identity"}
    assert client.ask("POST", "/v1/pools/utf8/deposits", DEPOSIT, headers).status == 201


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_what_is_asked_of_http_and_is_not_done_here_is_refused(watched: Watched, route: Route) -> None:
    """A request without Host, and one that expects what we do not know."""
    plain = route.headers(watched.server)
    for status, said in watched.answers([route.sent(plain[1:]), route.sent([*plain, ("Expect", "wonders")])]):
        assert (status, said["code"], said["header"] in ("Host", "Expect")) == (400, "bad_request", True)


@pytest.mark.parametrize("value", ["a\t", "a,b", "a, b", "\xe9"])
def test_an_idempotency_key_cannot_be_two(client: Client, value: str) -> None:
    """No comma in a key: neither in a header nor in an item of a batch."""
    item = ("pools.deposit", value, {"id": "comma", "fen": 1})
    assert client.batch(item).status == 400
    assert client.post("/pools/comma/deposits", value, fen=1).status == 400
    assert client.get("/v1/pools/comma").status == 404
