"""Every operation once, over HTTP: what it books, what it answers, what can be read of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.bookkeeping import Kind
from sim.ledger.entries import event_id, printed_id
from sim.service import operations
from tests.postgres import Databases
from tests.service.serving import Client, Reply, Server
from tests.service.story import STORY, Step


def ask(client: Client, number: int, step: Step) -> Reply:
    """Send a step; an id of its path is taken out of its words."""
    operation = operations.BY_OP[step.op]
    words = dict(step.words)
    path = operation.path.removeprefix("/v1")
    if operation.named:
        path = path.replace("{id}", words.pop("id"))
    return client.post(path, f"story:{number}", step.at, **words)


@pytest.fixture(scope="module")
def told(server: Server) -> list[tuple[Step, Reply]]:
    """The whole story with its answers."""
    clients = {
        "operator": server.client(),
        "checker": server.client(server.key("checker", "disbursements:approve")),
    }
    return [(step, ask(clients[step.by], number, step)) for number, step in enumerate(STORY, 1)]


def test_the_story_has_every_operation() -> None:
    """No operation of the table is left out of the tests below."""
    assert {step.op for step in STORY} == set(operations.BY_OP)


def test_every_operation_is_accepted_with_its_status(told: list[tuple[Step, Reply]]) -> None:
    """201 for what creates something, with where to read it; 200 for an action."""
    for step, reply in told:
        operation = operations.BY_OP[step.op]
        assert reply.status == (201 if operation.made else 200), (step, reply.raw)
        assert ("location" in reply.headers) == bool(operation.made)


def test_every_operation_books_its_postings(server: Server, told: list[tuple[Step, Reply]]) -> None:
    """The journal holds each step as one event with exactly the lines of the posting table."""
    events = server.client().export()
    assert [event["seq"] for event in events] == list(range(1, len(STORY) + 1))
    for number, (step, event) in enumerate(zip(STORY, events, strict=True), 1):
        assert (event["kind"], event["state"], event["actor"]) == (step.kind, step.state, step.by)
        assert event["transfers"] == step.lines, step
        assert event["effective_at"] == step.at
        assert event["id"] == printed_id(event_id(step.by, f"story:{number}"))


def test_kinds_are_those_of_bookkeeping(told: list[tuple[Step, Reply]]) -> None:
    """Whoever reads the journal knows its kinds from the posting table; openings and limits are the ledger's own."""
    assert {step.kind for step in STORY} <= {kind.name for kind in Kind} | {"OPENING", "LIMITS"}


def test_an_answer_tells_what_is_available_afterwards(server: Server, told: list[tuple[Step, Reply]]) -> None:
    """`balances` has every account the event touched; the last answer on an account is what reads say."""
    last: dict[str, int] = {}
    for step, reply in told:
        touched = {name for line in step.lines for name in line[1:3]}
        assert set(reply.said["balances"]) == touched
        last |= reply.said["balances"]
    client = server.client()
    assert {name: client.balance(name) for name in last} == last


def test_answers_name_what_they_did(told: list[tuple[Step, Reply]]) -> None:
    """A match says what was given, a revocation what was taken, a step of a document its state."""
    said = {(step.op, step.words.get("id")): reply.said for step, reply in told}
    assert said["donations", None]["matched"] == 500
    assert (
        said["orders.confirm", "o1"] | {"matched": 20, "state": "confirmed"} == said["orders.confirm", "o1"]
    )
    assert [reply.said["revoked"] for step, reply in told if step.op == "revocations"] == [360, 20]


def test_where_a_creation_points_to_can_be_read(server: Server, told: list[tuple[Step, Reply]]) -> None:
    """Location leads to the document or the event."""
    client = server.client()
    for step, reply in told:
        if "location" in reply.headers:
            page = client.get(reply.headers["location"])
            assert page.status == 200, step
            assert page.said.get("id", reply.said["id"]) == reply.said["id"]


def test_the_books_balance_after_the_story(server: Server, told: list[tuple[Step, Reply]]) -> None:
    """The audit, asked over HTTP beside the running server, finds every invariant kept."""
    reply = server.client().get("/v1/audit")
    assert reply.status == 200
    assert reply.said["as_of_seq"] == len(STORY)
    assert len(reply.said["checks"]) > 15
    assert [check for check in reply.said["checks"] if not check["passed"]] == []


def test_a_batch_books_what_single_requests_book(tmp_path: Path, told: list[tuple[Step, Reply]]) -> None:
    """The same story as items of batches gives the same answers, byte for byte."""
    other = Server(tmp_path / "batch.db").start()
    try:
        checker = other.client(other.key("checker", "disbursements:approve"))
        results: list[Any] = []
        for number, step in enumerate(STORY, 1):
            client = checker if step.by == "checker" else other.client()
            words = {**step.words, "effective_at": step.at}
            results += client.batch((step.op, f"story:{number}", words)).said["results"]
        assert [result["status"] for result in results] == [reply.status for _, reply in told]
        assert [result["body"] for result in results] == [reply.said for _, reply in told]
    finally:
        other.stop()


def test_postgresql_answers_what_sqlite_answers(
    tmp_path: Path, postgres: Databases, told: list[tuple[Step, Reply]]
) -> None:
    """The same story on the other store: the same answers byte for byte, also repeated after a restart."""
    other = Server(tmp_path / "log", url=postgres.new()).start()
    try:
        checker = other.key("checker", "disbursements:approve")
        for _ in range(2):
            clients = {"operator": other.client(), "checker": other.client(checker)}
            again = [ask(clients[step.by], number, step) for number, step in enumerate(STORY, 1)]
            assert [reply.raw for reply in again] == [reply.raw for _, reply in told]
            assert other.stop() == 0
            other.start()
        client = other.client()
        assert all(check["passed"] for check in client.get("/v1/audit").said["checks"])
        assert len(client.export()) == len(STORY)
        assert client.get("/readyz").said["durability"] == "postgresql synchronous_commit=on"
    finally:
        other.stop()
