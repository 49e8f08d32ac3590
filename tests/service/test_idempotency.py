"""A key is used once: repeats get the first answer, byte for byte, and nothing happens again."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.service.serving import Client, Reply, Server, at_once, fresh

GIFT = {"user": "u1", "project": "p1", "fen": 7}


def raised(client: Client, project: str) -> int:
    reply = client.get(f"/v1/projects/{project}")
    return int(reply.said["raised"]) if reply.status == 200 else 0


def same(first: Reply, again: Reply) -> bool:
    """The same answer, marked as a repeat."""
    marked = (
        again.headers.get("idempotency-replayed") == "true" and "idempotency-replayed" not in first.headers
    )
    return marked and (first.status, first.raw) == (again.status, again.raw)


def test_a_repeat_gets_the_same_answer(client: Client) -> None:
    """An accepted request again: same status and bytes, marked as replayed, no second effect."""
    project, key = fresh("p"), fresh()
    words = GIFT | {"project": project}
    first = client.post("/donations", key, **words)
    assert same(first, client.post("/donations", key, **words))
    assert raised(client, project) == 7


def test_a_refusal_is_repeated_too(client: Client) -> None:
    """What was refused stays refused under its key, even when it would be accepted by now."""
    user, key = fresh("u"), fresh()
    words = {"user": user, "beans": 5, "expires": 20220930}
    first = client.post("/harvests", key, **words)
    assert first.code == "insufficient_funds"
    client.post("/deeds", user=user, beans=5, fades=20220912)
    assert same(first, client.post("/harvests", key, **words))
    assert client.post("/harvests", **words).status == 201


def test_a_problem_of_the_request_is_not_kept(client: Client) -> None:
    """After a 400 the key is free: the corrected request is accepted under it."""
    key = fresh()
    assert client.post("/donations", key, user="u1").status == 400
    assert client.post("/donations", key, **GIFT).status == 201


@pytest.mark.parametrize("changed", [{"fen": 8}, {"project": "p2"}, {"minutes": 6}])
def test_another_request_under_a_used_key_is_refused(client: Client, changed: dict[str, int]) -> None:
    """422 idempotency_mismatch, nothing happens, and the first answer stands."""
    key = fresh()
    first = client.post("/donations", key, **GIFT)
    assert client.post("/donations", key, **(GIFT | changed)).code == "idempotency_mismatch"
    assert same(first, client.post("/donations", key, **GIFT))


def test_another_path_under_a_used_key_is_refused(client: Client) -> None:
    """The path is part of what a key names."""
    key = fresh()
    client.post("/pools/x/deposits", fen=10)
    client.post("/pools/x/deposits", key, fen=1)
    assert client.post("/pools/x/withdrawals", key, fen=1).code == "idempotency_mismatch"
    assert client.post("/pools/y/deposits", key, fen=1).code == "idempotency_mismatch"


def test_spelling_does_not_matter(client: Client) -> None:
    """Order of words, spaces and defaults spelled out are the same request."""
    key = fresh()
    first = client.post("/donations", key, **GIFT)
    raw = b'{ "fen":7,"project":"p1", "match":0,\n "user":"u1","effective_at":1662696000000000}'
    assert same(first, client.post("/donations", key, raw=raw))


def test_keys_belong_to_their_principal(server: Server, client: Client) -> None:
    """The same key of another principal is another request."""
    other = server.client(server.key(fresh("platform"), "deeds:write"))
    project, key = fresh("p"), fresh()
    for asker in (client, other):
        assert asker.post("/donations", key, **(GIFT | {"project": project})).status == 201
    assert raised(client, project) == 14


def test_twenty_at_once_have_one_effect(server: Server, client: Client) -> None:
    """Each gets the one answer or 409 in flight; afterwards all get the answer."""
    project, key = fresh("p"), fresh()
    words = GIFT | {"project": project}
    replies = at_once(server, 20, lambda one: one.post("/donations", key, **words))
    assert {(reply.status, reply.code) for reply in replies} <= {(201, ""), (409, "idempotency_in_flight")}
    assert len({reply.raw for reply in replies if reply.status == 201}) == 1
    assert all(reply.headers["retry-after"] for reply in replies if reply.status == 409)
    assert raised(client, project) == 7


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_repeat_after_a_restart_gets_the_same_answer(
    serve: Callable[..., Server], how: signal.Signals
) -> None:
    """What was answered is kept, also when the process was killed."""
    server = serve()
    words = {"user": "u1", "beans": 5, "expires": 20220930}
    first = [server.client().post("/donations", "a", **GIFT), server.client().post("/harvests", "b", **words)]
    server.stop(how)
    server.start()
    client = server.client()
    again = [client.post("/donations", "a", **GIFT), client.post("/harvests", "b", **words)]
    assert [same(*pair) for pair in zip(first, again, strict=True)] == [True, True]
    assert [event["seq"] for event in client.export()] == [1]


def test_a_key_twice_in_one_batch_has_one_effect(client: Client) -> None:
    """The second item is the first one's repeat; with other words it is refused."""
    project, key = fresh("p"), fresh()
    words = GIFT | {"project": project}
    reply = client.batch(
        ("donations", key, words), ("donations", key, words), ("donations", key, words | {"fen": 8})
    )
    first, second, third = reply.said["results"]
    assert (first["replayed"], second["replayed"]) == (False, True)
    assert first["body"] == second["body"]
    assert (third["status"], third["body"]["code"]) == (422, "idempotency_mismatch")
    assert raised(client, project) == 7


def test_an_item_of_a_batch_and_a_single_request_are_the_same(client: Client) -> None:
    """A batch's item may be repeated alone, and a single request in a batch."""
    key = fresh()
    (item,) = client.batch(("pools.deposit", key, {"id": "s9", "fen": 5})).said["results"]
    alone = client.post("/pools/s9/deposits", key, fen=5)
    assert (alone.status, alone.said, alone.headers["idempotency-replayed"]) == (201, item["body"], "true")
    (again,) = client.batch(("pools.deposit", key, {"id": "s9", "fen": 5})).said["results"]
    assert again == item | {"replayed": True}


def test_an_atomic_batch_is_repeated_whole(client: Client) -> None:
    """The same batch again gets the same results, each marked as a repeat, and no second effect."""
    project, key = fresh("p"), fresh()
    items = [("donations", fresh(), GIFT | {"project": project}) for _ in range(3)]
    first, again = (client.batch(*items, atomic=True, key=key) for _ in range(2))
    assert (first.status, again.status) == (201, 201)
    assert [result["replayed"] for result in again.said["results"]] == [True] * 3
    assert [one["body"] for one in first.said["results"]] == [one["body"] for one in again.said["results"]]
    assert raised(client, project) == 21


def test_a_refused_atomic_batch_does_nothing_and_stays_refused(client: Client) -> None:
    """The first refusal is named with its index; even when it would be accepted by now, the answer stands."""
    project, user, key = fresh("p"), fresh("u"), fresh()
    good = ("donations", fresh(), GIFT | {"project": project})
    bad = ("harvests", fresh(), {"user": user, "beans": 5, "expires": 20220930})
    first = client.batch(good, bad, atomic=True, key=key)
    said = first.said
    assert (first.status, said["code"], said["reason"], said["index"]) == (
        422, "batch_refused", "insufficient_funds", 1,
    )  # fmt: skip
    client.post("/deeds", user=user, beans=5, fades=20220912)
    assert same(first, client.batch(good, bad, atomic=True, key=key))
    assert client.batch(good, atomic=True, key=key).code == "idempotency_mismatch"
    assert raised(client, project) == 0


def test_an_unreadable_item_refuses_an_atomic_batch_only(client: Client) -> None:
    """Atomic: 422 with the index; else the item is 400 and the others are booked."""
    items = [("pools.deposit", fresh(), {"id": "s1", "fen": 1}), ("pools.deposit", fresh(), {"id": "s1"})]
    reply = client.batch(*items, atomic=True)
    assert (reply.status, reply.said["reason"], reply.said["index"]) == (422, "bad_request", 1)
    assert [result["status"] for result in client.batch(*items).said["results"]] == [201, 400]


def test_a_batch_needs_a_key_too(client: Client) -> None:
    """Atomic or not."""
    for atomic in (b"true", b"false"):
        body = b'{"atomic":%b,"items":[]}' % atomic
        reply = client.ask("POST", "/v1/batch", body, {"Content-Type": "application/json"})
        assert (reply.status, reply.code) == (400, "idempotency_key_missing")
