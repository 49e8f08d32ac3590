"""Two want what only one can have: exactly one wins, and floors hold."""

from __future__ import annotations

import pytest

from tests.service.serving import Client, Server, at_once, fresh

ORDER = {"user": "u1", "merchant": "m1", "project": "p1", "price": 100, "fen": 20}


def test_confirm_against_refund_has_one_winner(server: Server, client: Client) -> None:
    """The loser is told the state; money moved once."""
    id = fresh("order")
    client.post("/orders", id=id, **ORDER)
    client.post(f"/orders/{id}/pay")
    steps = iter(["confirm", "refund"] * 8)
    replies = at_once(server, 16, lambda one: one.post(f"/orders/{id}/{next(steps)}"))
    winners = [reply for reply in replies if reply.status == 200]
    assert len(winners) == 1
    assert {reply.said["state"] for reply in replies} == {winners[0].said["state"]}


def test_the_last_bean_is_spent_once(server: Server, client: Client) -> None:
    """Of 64 that want it one gets it; nothing is below 0."""
    user = fresh("u")
    client.post("/deeds", user=user, beans=1, fades=20220912)
    client.post("/harvests", user=user, beans=1, expires=20220930)
    replies = at_once(server, 64, lambda one: one.post("/redemptions", id=fresh("r"), user=user, beans=1))
    assert sorted(reply.status for reply in replies) == [201, *[422] * 63]
    assert client.balance(f"2110:{user}:20220930") == 0


def test_the_pools_last_fen_is_matched_once(server: Server, client: Client) -> None:
    """32 gifts ask for 10 fen each of the last 35: they get 35 together, and all gifts stand."""
    pool, project = fresh("s"), fresh("p")
    client.post(f"/pools/{pool}/deposits", fen=35)
    words = {"user": "u1", "project": project, "fen": 1, "pool": pool, "match": 10}
    replies = at_once(server, 32, lambda one: one.post("/donations", **words))
    assert sum(reply.said["matched"] for reply in replies) == 35
    assert client.balance(f"2600:{pool}") == 0
    assert client.balance(f"2400:{project}") == 32 + 35


def test_a_disbursement_is_approved_once(server: Server, client: Client) -> None:
    """Of two approvals at once the second is refused."""
    project, id = fresh("p"), fresh("d")
    client.post("/donations", user="u1", project=project, fen=100)
    client.post("/pools/big/deposits", fen=1_000_000)
    assert client.post("/disbursements", id=id, project=project, fen=100).status == 201
    token = server.key(fresh("checker"), "disbursements:approve")
    replies = at_once(server, 8, lambda one: one.post(f"/disbursements/{id}/approve"), token)
    assert sorted(reply.status for reply in replies) == [200, *[409] * 7]


@pytest.mark.parametrize("ends", [("complete", "fail"), ("complete", "complete")])
def test_a_hold_ends_once(server: Server, client: Client, ends: tuple[str, str]) -> None:
    """Paid against failed, and paid twice: what was held moves once."""
    project, id = fresh("p"), fresh("d")
    client.post("/donations", user="u1", project=project, fen=100)
    client.post("/pools/big/deposits", fen=1_000_000)
    client.post("/disbursements", id=id, project=project, fen=60)
    client2 = server.client(server.key(fresh("checker"), "disbursements:approve"))
    assert client2.post(f"/disbursements/{id}/approve").status == 200
    steps = iter(ends * 6)
    replies = at_once(server, 12, lambda one: one.post(f"/disbursements/{id}/{next(steps)}"))
    assert sorted(reply.status for reply in replies) == [200, *[409] * 11]
    paid = next(reply for reply in replies if reply.status == 200).said["state"] == "paid"
    assert client.balance(f"2400:{project}") == (40 if paid else 100)


def test_one_document_is_opened_once(server: Server) -> None:
    """Of many orders with one id one is created."""
    id = fresh("order")
    replies = at_once(server, 16, lambda one: one.post("/orders", id=id, **ORDER))
    assert sorted(reply.status for reply in replies) == [201, *[409] * 15]


def test_the_books_balance_after_the_races(server: Server, client: Client) -> None:
    """The audit finds every invariant kept."""
    checks = client.get("/v1/audit").said["checks"]
    assert [check for check in checks if not check["passed"]] == []
