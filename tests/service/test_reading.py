"""What can be read: balances, pages that stay in place, flows that add up, an export without a gap."""

from __future__ import annotations

import json
import threading
from itertools import pairwise

import pytest

from tests.service.serving import NOON, Client, Server, fresh


def gifts(client: Client, project: str, count: int, first: int = 1) -> None:
    """Donations of 1, 2, 3 … fen."""
    items = [
        ("donations", fresh(), {"user": "u1", "project": project, "fen": fen})
        for fen in range(first, first + count)
    ]
    assert {result["status"] for result in client.batch(*items).said["results"]} == {201}


def pages(client: Client, path: str, limit: int) -> list[list[dict[str, object]]]:
    """All pages from the first to the last."""
    found, cursor = [], ""
    while True:
        said = client.get(f"{path}?limit={limit}&cursor={cursor}").said
        found.append(said["items"])
        if said["next"] is None:
            return found
        cursor = said["next"]


def test_a_user_sees_beans_by_period_and_minutes_by_year(client: Client) -> None:
    """Held beans are in the balance and not available; an unknown user is 404."""
    user = fresh("u")
    client.post("/deeds", user=user, beans=50, fades=20220912, minutes=6, klass="labour")
    client.post("/harvests", user=user, beans=40, expires=20220930)
    client.post("/redemptions", id=fresh("r"), user=user, beans=15)
    said = client.get(f"/v1/users/{user}/balances").said
    told = {one["account"]: (one["asset"], one["balance"], one["available"]) for one in said["balances"]}
    assert told == {
        f"2100:{user}:20220912": ("BEAN", 10, 10),
        f"2110:{user}:20220930": ("BEAN", 40, 25),
        f"2800:{user}:labour:2022": ("HOUR", 6, 6),
    }
    assert client.get("/v1/users/nobody/balances").status == 404


def test_an_answer_is_there_to_be_read(client: Client) -> None:
    """Read your writes: a page after an answer knows of its event."""
    for _ in range(20):
        seq = client.post("/pools/ryw/deposits", fen=1).said["seq"]
        assert client.get("/v1/pools/ryw").said["as_of_seq"] >= seq


def test_a_pool_and_a_project_say_what_came_and_went(client: Client) -> None:
    """Deposited and spent, raised and disbursed: each only grows; available is the difference less holds."""
    client.post("/pools/say/deposits", fen=100_000)
    client.post("/pools/say/unlocks", fen=1_000, project="say")
    client.post("/disbursements", id="say", project="say", fen=300)
    pool, project = client.get("/v1/pools/say").said, client.get("/v1/projects/say").said
    assert (pool["deposited"], pool["spent"], pool["available"]) == (100_000, 1_000, 99_000)
    words = ("raised", "promised", "pending", "disbursed", "available")
    assert [project[word] for word in words] == [1_000, 0, 300, 0, 700]


def test_an_account_shows_its_counters_and_bounds(client: Client) -> None:
    """The four counters, the floor and the name of the chart."""
    client.post("/pools/acc/deposits", fen=9)
    client.post("/accounts/2600:acc/limits", ceiling=50)
    said = client.get("/v1/accounts/2600:acc").said
    words = ("name", "asset", "cr_posted", "dr_posted", "floor", "ceiling", "closed")
    assert [said[word] for word in words] == ["sponsor.pool", "CNY", 9, 0, 0, 50, False]
    assert client.get("/v1/accounts/2600:nobody").status == 404


@pytest.mark.parametrize("limit", [1, 7, 10, 1_000])
def test_pages_have_every_line_once(client: Client, limit: int) -> None:
    """Whatever their size, pages together are all lines in their order."""
    project = fresh("p")
    gifts(client, project, 20)
    found = pages(client, f"/v1/accounts/2400:{project}/transfers", limit)
    assert [line["amount"] for page in found for line in page] == list(range(1, 21))
    assert all(len(page) <= limit for page in found)


def test_pages_stay_in_place_while_others_write(client: Client) -> None:
    """What is added between two pages comes at the end, and nothing moves."""
    project = fresh("p")
    gifts(client, project, 6)
    first = client.get(f"/v1/projects/{project}/flow?limit=4").said
    gifts(client, project, 2, first=7)
    rest = client.get(f"/v1/projects/{project}/flow?limit=100&cursor={first['next']}").said
    assert [item["amount"] for item in [*first["items"], *rest["items"]]] == list(range(1, 9))


def test_a_flow_adds_up(client: Client) -> None:
    """`upto` runs on over the pages, money in and money out apart; holds are not in it."""
    project = fresh("p")
    client.post("/pools/flow/deposits", fen=1_000_000)
    gifts(client, project, 3)
    client.post("/pools/flow/unlocks", fen=100, project=project)
    client.post("/disbursements", id=project, project=project, fen=50)
    client.post("/fees", project=project, ngo="n1", fen=5)
    moved = [item for page in pages(client, f"/v1/projects/{project}/flow", 2) for item in page]
    assert [(item["direction"], item["amount"], item["upto"]) for item in moved] == [
        ("in", 1, 1), ("in", 2, 3), ("in", 3, 6), ("in", 100, 106), ("out", 5, 5),
    ]  # fmt: skip
    assert moved[3]["kind"] == "TEAM_UNLOCK"


def test_an_event_is_found_by_its_id(client: Client) -> None:
    """As the export writes it."""
    id = client.post("/pools/ev/deposits", fen=1).said["id"]
    said = client.get(f"/v1/events/{id}").said
    assert (said["id"], said["kind"]) == (id, "POOL_DEPOSIT")
    assert said in client.export()
    assert client.get(f"/v1/events/{'0' * 32}").status == 404


# --- the export ----------------------------------------------------------------------------------------------


def test_an_export_can_be_gone_on_with(client: Client) -> None:
    """`after` and `limit` cut the journal anywhere; the parts are the whole."""
    gifts(client, fresh("p"), 30)
    whole = client.get("/v1/export").raw.splitlines()
    after, parts = 0, []
    while part := client.get(f"/v1/export?after={after}&limit=7").raw.splitlines():
        parts += part
        after += len(part)
    assert parts[: len(whole)] == whole
    assert client.get(f"/v1/export?after={10**9}").raw == b""


def test_an_export_beside_writers_has_no_gap(server: Server, client: Client) -> None:
    """Numbers rise by one, each hash names one event, and the end is the head as it was when asked."""
    stop = threading.Event()

    def write() -> None:
        own = Client(server.port, server.token)
        while not stop.is_set():
            gifts(own, fresh("p"), 50)
        own.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(10):
            asked = client.get("/readyz").said["seq"]
            reply = client.get("/v1/export")
            assert reply.headers["content-type"] == "application/x-ndjson"
            events = [json.loads(line) for line in reply.raw.splitlines()]
            assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
            assert asked <= len(events) <= client.get("/readyz").said["seq"]
            assert all(a["ts_us"] < b["ts_us"] for a, b in pairwise(events))
    finally:
        stop.set()
        writer.join()


def test_an_export_says_everything_of_an_event(client: Client) -> None:
    """The words of the contract, in its order; facts and document where there are some."""
    order = {"user": "u1", "merchant": "m1", "project": "p1", "price": 9, "fen": 1}
    seq = client.post("/orders", key="whole", id="whole", **order).said["seq"]
    (event,) = client.export(after=seq - 1)
    assert list(event) == [
        "seq", "id", "kind", "actor", "ts_us", "effective_at", "document", "state", "facts", "reverse_of",
        "transfers", "jhash",
    ]  # fmt: skip
    assert (event["document"], event["state"], event["facts"]) == ("order:whole", "created", order)
    assert (event["actor"], event["effective_at"], event["reverse_of"]) == ("operator", NOON, None)


def test_metrics_count_what_was_asked(client: Client) -> None:
    """Requests by operation and status, problems by code, events and commits of the ledger."""

    def value(name: str) -> float:
        lines = client.get("/metrics").raw.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))

    names = (
        'beanpeak_requests_total{op="fees",status="422"}',
        'beanpeak_problems_total{code="fee_cap_exceeded"}',
        'beanpeak_requests_total{op="pools.deposit",status="201"}',
        "beanpeak_ledger_events_total",
        "beanpeak_request_seconds_count",
    )
    before = [value(name) for name in names]
    client.post("/fees", project="none", ngo="n1", fen=5)
    client.post("/pools/met/deposits", fen=5)
    assert [value(name) - was for name, was in zip(names, before, strict=True)] == [1, 1, 1, 1, 2]
