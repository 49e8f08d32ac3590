"""What happens on one connection: requests behind each other, slow ones, clients that do not read or leave."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from uvicorn.server import ServerState

from sim.service.connections import Connection
from sim.service.operations import BY_OP
from sim.service.server import configured
from tests.commands import PATIENCE_S
from tests.service.asgi import Inside
from tests.service.serving import Server, fresh
from tests.service.wire import DEPOSIT, Raw, get, post


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits half a second for the rest of a request."""
    one = Server(tmp_path_factory.mktemp("hasty") / "ledger.db", policy={"body_s": 0.5}).start()
    yield one
    assert one.stop() == 0


def numbers(answers: list[tuple[int, bytes]]) -> list[int]:
    return [int(re.search(rb'"2600:\w+":(\d+)', body)[1]) for _, body in answers]  # type: ignore[index]


def test_requests_sent_at_once_are_answered_in_their_order(server: Server) -> None:
    """Pipelining: writes, reads and refusals between each other, each in its turn."""
    pool = fresh("pipe")
    with Raw(server) as raw:
        reads = get(server, f"/v1/pools/{pool}")
        raw.send(
            post(server, pool)
            + reads
            + post(server, pool)
            + post(server, pool, b"{}")
            + reads
            + post(server, pool)
        )
        answers = [raw.answer() for _ in range(6)]
    assert [status for status, _ in answers] == [201, 200, 201, 400, 200, 201]
    assert [b'"available":1}' in answers[1][1], b'"available":2}' in answers[4][1]] == [True, True]
    assert numbers([answers[0], answers[2], answers[5]]) == [1, 2, 3]


def test_a_hundred_requests_in_one_piece(server: Server) -> None:
    """None is lost and none comes twice."""
    pool = fresh("pipe")
    with Raw(server) as raw:
        raw.send(b"".join(post(server, pool) for _ in range(100)))
        answers = [raw.answer() for _ in range(100)]
    assert numbers(answers) == list(range(1, 101))


@pytest.mark.parametrize("size", [1, 7, 64])
def test_a_request_may_come_in_pieces(server: Server, size: int) -> None:
    """However it is cut."""
    pool = fresh("cut")
    whole = post(server, pool)
    with Raw(server) as raw:
        for at in range(0, len(whole), size):
            raw.send(whole[at : at + size])
            if size > 1:
                time.sleep(0.001)
        assert raw.answer()[0] == 201


def test_a_client_may_wait_for_leave_to_send(server: Server) -> None:
    """Expect: 100-continue gets its 100, then the answer."""
    request = post(server, fresh("expect"), DEPOSIT, b"Expect: 100-continue")
    head, _, body = request.partition(b"\r\n\r\n")
    with Raw(server) as raw:
        raw.send(head + b"\r\n\r\n")
        assert raw.answer()[0] == 100
        raw.send(body)
        assert raw.answer()[0] == 201


def test_a_connection_ends_when_the_client_says_so(server: Server) -> None:
    """The answer comes first."""
    with Raw(server) as raw:
        raw.send(post(server, fresh("close"), DEPOSIT, b"Connection: close"))
        assert raw.answer()[0] == 201
        assert raw.answer()[0] == 0


def test_an_old_client_is_answered(server: Server) -> None:
    """HTTP/1.0."""
    with Raw(server) as raw:
        raw.send(post(server, fresh("old")).replace(b"HTTP/1.1", b"HTTP/1.0", 1))
        assert raw.answer()[0] == 201


def test_a_path_may_be_written_in_percents(server: Server) -> None:
    """%3A is a colon and %31 a 1, alone or behind another request; the path is the same, so a repeat is one."""
    plain, key = fresh("percent"), fresh()
    coded = "".join(f"%{ord(letter):02x}" for letter in plain)
    with Raw(server) as raw:
        raw.send(post(server, plain, key=key) + post(server, coded, key=key) + post(server, coded))
        answers = [raw.answer() for _ in range(3)]
    assert [status for status, _ in answers] == [201] * 3
    assert numbers(answers) == [1, 1, 2]
    client = server.client()
    assert client.post(f"/accounts/2600%3A{plain}/limits", ceiling=5).status == 200
    assert client.get(f"/v1/accounts/2600:{plain}").said["ceiling"] == 5


def test_a_request_sent_in_chunks_is_booked(server: Server) -> None:
    """Without a length, in pieces of its own."""
    request = post(server, fresh("chunk"), b"", b"Transfer-Encoding: chunked").replace(
        b"Content-Length: 0\r\n", b""
    )
    with Raw(server) as raw:
        raw.send(
            request
            + b"5\r\n%b\r\n" % DEPOSIT[:5]
            + b"%x\r\n%b\r\n0\r\n\r\n" % (len(DEPOSIT) - 5, DEPOSIT[5:])
        )
        assert raw.answer()[0] == 201


def test_a_slow_request_is_given_up(hasty: Server) -> None:
    """Half a head or half a body: 408 and the end, and nothing is booked."""
    for cut in (20, -10):
        pool = fresh("slow")
        with Raw(hasty) as raw:
            raw.send(post(hasty, pool)[:cut])
            status, body = raw.answer()
            assert (status, b"request_timeout" in body) == (408, True)
            assert raw.answer()[0] == 0
        assert hasty.client().get(f"/v1/pools/{pool}").status == 404


def test_a_drip_does_not_buy_time(hasty: Server) -> None:
    """A byte now and then does not extend the limit."""
    whole = post(hasty, fresh("drip"))
    with Raw(hasty) as raw:
        raw.socket.settimeout(0.05)
        for at in range(len(whole)):
            try:
                raw.send(whole[at : at + 1])
                if raw.socket.recv(1, socket.MSG_PEEK):
                    break
            except TimeoutError:
                pass
        raw.socket.settimeout(PATIENCE_S)
        assert raw.answer()[0] == 408
    assert at < len(whole) - 1, "it was given up before the last byte"


def test_a_connection_may_rest_between_requests(hasty: Server) -> None:
    """The limit is for what has begun; a quiet connection goes on afterwards."""
    pool = fresh("rest")
    with Raw(hasty) as raw:
        for count in (1, 2):
            time.sleep(0.7)
            raw.send(post(hasty, pool))
            assert numbers([raw.answer()]) == [count]


def test_a_client_that_does_not_read_is_not_waited_for(server: Server) -> None:
    """Its answers fill the buffers, then the server takes nothing more from it; others are answered."""
    many = post(server, fresh("deaf")) * 1_000
    sent, stuck = 0, 0
    with Raw(server) as raw:
        raw.socket.setblocking(False)
        while stuck < 100:
            try:
                sent += raw.socket.send(many[sent % len(many) :])
                stuck = 0
            except BlockingIOError:
                stuck += 1
                time.sleep(0.01)
            assert sent < 100_000_000
        assert server.client().post("/pools/heard/deposits", fen=1).status == 201
    assert server.client().get("/readyz").status == 200


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, *_: object) -> None:
        return None

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def test_a_defect_is_answered_and_the_connection_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 internal_error for the one request; the next one on the same connection is booked."""

    def broken(*_: object) -> None:
        raise RuntimeError("a secret reason")

    async def scenario(inside: Inside) -> None:
        config = configured(inside.app)
        config.load()
        connection, wire = Connection(config=config, server_state=ServerState(), app_state={}), Wire()
        connection.connection_made(wire)  # type: ignore[arg-type]
        asker = SimpleNamespace(token=inside.token)
        with monkeypatch.context() as patch:
            patch.setattr(BY_OP["pools.deposit"], "build", broken)
            connection.data_received(post(asker, "s0"))  # type: ignore[arg-type]
        assert b"internal_error" in wire.written
        assert b"secret" not in wire.written
        connection.data_received(post(asker, "s0"))  # type: ignore[arg-type]
        while b"201 Created" not in wire.written:
            await asyncio.sleep(0.01)
        connection.connection_lost(None)

    Inside(tmp_path / "ledger.db").play(scenario)
