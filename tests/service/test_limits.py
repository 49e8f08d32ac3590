"""What the server bears: sizes, slow bodies, full queues, late answers, a store that fails."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from sim.ledger.stores import StoreError
from sim.service.operations import BY_OP
from tests.service.asgi import Inside
from tests.service.serving import NOON, Client, Reply, Server, fresh

GIFT = {"user": "u1", "project": "p1", "fen": 7}
UNDECIDED = ("idempotency_in_flight", "outcome_unknown")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def items(count: int, padding: int = 0) -> bytes:
    """A batch of so many orders, padded with spaces."""
    order = {"effective_at": NOON, "user": "u1", "merchant": "m1", "project": "p1", "price": 9, "fen": 1}
    said = [
        {"op": "orders", "idempotency_key": fresh(), "body": {"id": fresh("o"), **order}}
        for _ in range(count)
    ]
    return json.dumps({"items": said}).encode() + b" " * padding


async def taken_by(inside: Inside, count: int) -> None:
    """Until so many requests wait in the ledger."""
    while inside.ledger.waiting < count:
        await asyncio.sleep(0.001)


def send(client: Client, path: str, body: bytes) -> Reply:
    headers = {"Content-Type": "application/json", "Idempotency-Key": fresh()}
    return client.ask("POST", path, body, headers)


# --- sizes -------------------------------------------------------------------------------------------------


def test_a_batch_has_a_thousand_items_at_most(client: Client) -> None:
    """1,000 are all booked; 1,001 are refused as a whole, none are too."""
    reply = send(client, "/v1/batch", items(1_000))
    assert [result["status"] for result in reply.said["results"]] == [201] * 1_000
    seqs = [result["body"]["seq"] for result in reply.said["results"]]
    assert seqs == list(range(seqs[0], seqs[0] + 1_000))
    reply = send(client, "/v1/batch", items(1_001))
    assert (reply.status, reply.said["items"]) == (413, 1_001)
    assert send(client, "/v1/batch", b'{"items":[]}').status == 400


@pytest.mark.parametrize(
    ("path", "most"), [("/v1/batch", 1 << 20), ("/v1/orders/x/pay", 1 << 16), ("/v1/keys", 1 << 16)]
)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_has_its_size(server: Server, path: str, most: int, chunked: bool) -> None:
    """One byte more than allowed is 413, however it is sent; the largest allowed is read."""
    for size, refused in ((most, False), (most + 1, True)):
        body = b'{"effective_at":1' + b" " * size
        body = body[: size - 1] + b"}"
        headers = {"Content-Type": "application/json", "Idempotency-Key": fresh()}
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        assert (server.client().ask("POST", path, body, headers).status == 413) == refused


@pytest.mark.parametrize("amount", [10**12, 10**12 + 1, 2**53, 2**63, 2**64, 10**40])
def test_an_amount_is_at_most_a_million_million(client: Client, amount: int) -> None:
    """10^12 is booked; anything larger is 400, however large."""
    reply = client.post("/pools/rich/deposits", fen=amount)
    assert reply.status == (201 if amount == 10**12 else 400)


def test_what_a_rate_makes_of_beans_stays_in_bounds(client: Client) -> None:
    """Beans times rate may overflow what one transfer can move: refused by name."""
    words = {"user": "u1", "project": "p1", "pool": "s0", "beans": 10**12, "rate": 10**12}
    assert client.post("/bean-donations", **words).code == "overflow"


# --- time ----------------------------------------------------------------------------------------------------


def test_a_body_that_does_not_come_is_given_up(db: Path) -> None:
    """408 after the time limit, retryable, and the connection is closed; other requests go on meanwhile."""

    async def scenario(inside: Inside) -> None:
        for parts in ((None,), (b'{"effective', None)):
            slow = asyncio.create_task(inside.ask("POST", "/v1/donations", *parts, idempotency_key="k"))
            assert (await inside.post("/donations", **GIFT)).status == 201
            reply = await slow
            assert (reply.status, reply.said["retryable"], reply.headers["connection"]) == (
                408,
                True,
                "close",
            )
        assert (await inside.post("/donations", "k", **GIFT)).status == 201

    Inside(db, body_s=0.1).play(scenario)


def test_an_answer_that_does_not_come_leaves_the_outcome_unknown(db: Path) -> None:
    """503 outcome_unknown, to be asked again with the same key; until it is decided the key is in flight."""

    async def scenario(inside: Inside) -> None:
        reply = await inside.post("/donations", "k", **GIFT)
        assert (reply.status, reply.code, reply.said["retryable"]) == (503, "outcome_unknown", True)
        assert reply.headers["retry-after"]
        assert (await inside.post("/donations", "k", **GIFT)).code == "idempotency_in_flight"
        inside.ledger.start()
        while (again := await inside.post("/donations", "k", **GIFT)).code in UNDECIDED:
            await asyncio.sleep(0.01)
        assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")
        assert (await inside.ask("GET", "/v1/projects/p1")).said["raised"] == 7

    Inside(db, answer_s=0.1).play(scenario, writer=False)


# --- full --------------------------------------------------------------------------------------------------------


def test_a_full_queue_says_so(db: Path) -> None:
    """503 queue_full with Retry-After; what was taken is answered, and then there is room again."""

    async def scenario(inside: Inside) -> None:
        taken = [asyncio.create_task(inside.post("/donations", **GIFT)) for _ in range(4)]
        await taken_by(inside, 4)
        key = fresh()
        reply = await inside.post("/donations", key, **GIFT)
        assert (reply.status, reply.code, reply.headers["retry-after"]) == (503, "queue_full", "1")
        inside.ledger.start()
        assert [one.status for one in await asyncio.gather(*taken)] == [201] * 4
        assert (await inside.post("/donations", key, **GIFT)).status == 201

    Inside(db, queue=4).play(scenario, writer=False)


def test_one_key_cannot_fill_the_queue(db: Path) -> None:
    """429 with Retry-After for the key that has too much waiting."""

    async def scenario(inside: Inside) -> None:
        taken = [asyncio.create_task(inside.post("/donations", **GIFT)) for _ in range(3)]
        await taken_by(inside, 3)
        reply = await inside.post("/donations", **GIFT)
        assert (reply.status, reply.code, reply.headers["retry-after"]) == (429, "too_many_requests", "1")
        inside.ledger.start()
        await asyncio.gather(*taken)

    Inside(db, per_key=3).play(scenario, writer=False)


# --- a store that fails ------------------------------------------------------------------------------------------


def test_after_a_failed_write_nothing_is_written_and_everybody_is_told(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request is 503, readiness is 503 and says why, reads go on, and keys are not changed either."""

    async def scenario(inside: Inside) -> None:
        assert (await inside.post("/donations", **GIFT)).status == 201

        def fail(*_: Any) -> None:
            raise StoreError("the disk is full")

        monkeypatch.setattr(inside.store, "write", fail)
        for _ in range(2):
            reply = await inside.post("/donations", **GIFT)
            assert (reply.status, reply.code, reply.said["retryable"]) == (503, "storage_unavailable", True)
        ready = await inside.ask("GET", "/readyz")
        assert (ready.status, ready.said["status"]) == (503, "read-only")
        assert "the disk is full" in ready.said["trouble"]
        assert (await inside.ask("GET", "/v1/projects/p1")).said["raised"] == 7
        body = json.dumps({"id": "x", "scopes": ["system"]}).encode()
        assert (await inside.ask("POST", "/v1/keys", body)).code == "storage_unavailable"

    Inside(db).play(scenario)


def test_a_stopping_server_takes_nothing_new_and_answers_what_it_took(db: Path) -> None:
    """draining: 503 to newcomers, 201 to those that were in the queue."""

    async def scenario(inside: Inside) -> None:
        taken = [asyncio.create_task(inside.post("/donations", **GIFT)) for _ in range(3)]
        await taken_by(inside, 3)
        inside.ledger.start()
        await asyncio.to_thread(inside.ledger.stop)
        reply = await inside.post("/donations", **GIFT)
        assert (reply.status, reply.code, reply.headers["retry-after"]) == (503, "draining", "1")
        assert [one.status for one in await asyncio.gather(*taken)] == [201] * 3

    Inside(db).play(scenario, writer=False)


# --- a defect ----------------------------------------------------------------------------------------------------


def test_a_defect_is_told_without_detail_and_the_server_goes_on(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 internal_error for the one request, alone or in a batch; the reason is in the log only."""

    def broken(*_: Any) -> Any:
        raise RuntimeError("a secret reason")

    async def scenario(inside: Inside) -> None:
        key = fresh()
        with monkeypatch.context() as patch:
            patch.setattr(BY_OP["donations"], "build", broken)
            item = {"op": "donations", "idempotency_key": key, "body": {"effective_at": NOON, **GIFT}}
            batch = json.dumps({"items": [item]}).encode()
            replies = [
                await inside.post("/donations", key, **GIFT),
                await inside.ask("POST", "/v1/batch", batch, idempotency_key=fresh()),
            ]
        assert [(reply.status, reply.code) for reply in replies] == [(500, "internal_error")] * 2
        assert not any(b"secret" in reply.raw for reply in replies)
        assert (await inside.post("/donations", key, **GIFT)).status == 201

    Inside(db).play(scenario)
