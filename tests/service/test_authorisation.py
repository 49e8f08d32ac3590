"""Who may do what, for every operation and page of the tables: scopes, bindings, ended keys."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from sim.service import examples, operations, pages
from sim.service.keys import SCOPES
from sim.service.operations import Operation
from tests.service.serving import NOON, Client, Server, fresh

DENIED = {401, 403}
FOREIGN = ("project:elsewhere", "pool:elsewhere")
OWN = ("project:p1", "pool:s0")
# Neither operations nor pages: path, scope, whether a bound key is enough.
OTHERS = (("/v1/export", "audit:read"), ("/v1/audit", "audit:read"), ("/v1/keys", "admin"))


@pytest.fixture(scope="module")
def tokens(server: Server) -> dict[tuple[str, tuple[str, ...]], str]:
    """A key for each scope alone: for everything, bound to its own, bound to others' objects."""
    return {
        (scope, owners): server.key(fresh("key"), scope, owners=owners)
        for scope in SCOPES
        for owners in (("*",), OWN, FOREIGN)
    }


def send(client: Client, operation: Operation, token: str) -> int:
    """The operation's example with a key; the status."""
    path = operation.path.replace("{id}", examples.path_id(operation.path)).removeprefix("/v1")
    words = {k: v for k, v in examples.BODIES[operation.op].items() if k != "effective_at"}
    body = json.dumps({"effective_at": NOON, **words}).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": fresh(), "Authorization": token}
    return client.ask("POST", f"/v1{path}", body, headers).status


def bearer(token: str) -> str:
    return f"Bearer {token}"


@pytest.mark.parametrize("operation", operations.ALL, ids=lambda one: one.op)
def test_an_operation_needs_its_scope_and_its_object(
    client: Client, tokens: dict[tuple[str, tuple[str, ...]], str], operation: Operation
) -> None:
    """Of all scopes only its own are let in, and of these only keys bound to its object or to everything."""
    late = operation.op == "disbursements.approve"  # the project stands in the document: asked for below
    own = late or operation.owner in ("pool:{id}", "pool:{pool}", "project:{project}")
    for (scope, owners), token in tokens.items():
        allowed = scope in operation.scopes and (owners == ("*",) or late or (own and owners == OWN))
        status = send(client, operation, bearer(token))
        assert (status not in DENIED) == allowed, (scope, owners, status)


def test_a_checker_is_bound_to_projects(server: Server, client: Client) -> None:
    """A checker's key that is bound to another project cannot approve; bound to this one it can."""
    client.post("/donations", user="u1", project="pb", fen=100)
    client.post("/pools/sb/deposits", fen=100)
    assert client.post("/disbursements", id="db", project="pb", fen=100).status == 201
    for owner, status in (("project:other", 403), ("project:pb", 200)):
        checker = server.client(server.key(fresh("key"), "disbursements:approve", owners=(owner,)))
        assert checker.post("/disbursements/db/approve").status == status


@pytest.mark.parametrize("page", pages.ALL, ids=lambda one: one.path)
def test_a_page_needs_its_scope_and_its_object(
    client: Client, tokens: dict[tuple[str, tuple[str, ...]], str], page: pages.Page
) -> None:
    """Keys that are bound read their own project and pool and nothing else."""
    noun = page.path.split("/")[2]
    id = {"projects": "p1", "pools": "s0", "accounts": "2400:p1", "events": "0" * 32}.get(noun, "x1")
    for (scope, owners), token in tokens.items():
        bound = owners == ("*",) or page.owner(id) in owners
        reply = client.ask("GET", page.path.replace("{id}", id), None, {"Authorization": bearer(token)})
        assert (reply.status not in DENIED) == (scope == "ledger:read" and bound), (scope, owners, reply.raw)


@pytest.mark.parametrize(("path", "needs"), OTHERS)
def test_journal_audit_and_keys_need_their_scope(
    client: Client, tokens: dict[tuple[str, tuple[str, ...]], str], path: str, needs: str
) -> None:
    """Only auditors read the journal, only administrators see keys; a bound key is not enough."""
    for (scope, owners), token in tokens.items():
        reply = client.ask("GET", path, None, {"Authorization": bearer(token)})
        assert (reply.status not in DENIED) == (scope == needs and owners == ("*",)), (scope, owners)


def endings(server: Server) -> dict[str, str]:
    """Headers that must never be let in."""
    spent = server.key(fresh("key"), *SCOPES, expires_at=1)
    revoked_id = fresh("key")
    revoked = server.key(revoked_id, *SCOPES)
    assert server.client().ask("POST", f"/v1/keys/{revoked_id}/revoke").status == 200
    good = server.token
    return {
        "none": "",
        "empty": "Bearer",
        "expired": bearer(spent),
        "revoked": bearer(revoked),
        "other scheme": f"Basic {good}",
        "other secret": bearer(good[:-1] + ("0" if good[-1] != "0" else "1")),
        "shorter secret": bearer(good[:-1]),
        "no such key": bearer(good.replace("bp_operator", "bp_nobody")),
        "no prefix": bearer(good.removeprefix("bp_")),
        "another's secret": bearer("bp_checker_" + good.rpartition("_")[2]),
        "not ASCII": "Bearer bp_operator_\xff",
    }


@pytest.fixture(scope="module")
def ended(server: Server) -> dict[str, str]:
    return endings(server)


@pytest.mark.parametrize("operation", operations.ALL, ids=lambda one: one.op)
def test_no_operation_without_a_valid_key(
    client: Client, ended: dict[str, str], operation: Operation
) -> None:
    """Missing, malformed, wrong, expired and revoked keys are 401."""
    assert {name: send(client, operation, header) for name, header in ended.items()} == dict.fromkeys(
        ended, 401
    )


@pytest.mark.parametrize(
    "path", [*(page.path.replace("{id}", "p1") for page in pages.ALL), *(path for path, _ in OTHERS)]
)
def test_no_page_without_a_valid_key(client: Client, ended: dict[str, str], path: str) -> None:
    """The same for everything that can be read under /v1."""
    for name, header in ended.items():
        reply = client.ask("GET", path, None, {"Authorization": header})
        assert (reply.status, reply.headers.get("www-authenticate")) == (401, "Bearer"), name


@pytest.mark.parametrize("path", ["/v1/keys", "/v1/keys/x/revoke", "/v1/keys/x/rotate", "/v1/batch"])
def test_keys_and_batches_need_a_valid_key(client: Client, ended: dict[str, str], path: str) -> None:
    """Administration and batches are not let in either."""
    for name, header in ended.items():
        headers = {"Authorization": header, "Content-Type": "application/json", "Idempotency-Key": fresh()}
        assert client.ask("POST", path, b"{}", headers).status == 401, name


@pytest.mark.parametrize("path", ["/v1/keys", "/v1/keys/x/revoke", "/v1/keys/x/rotate"])
def test_only_administrators_change_keys(
    client: Client, tokens: dict[tuple[str, tuple[str, ...]], str], path: str
) -> None:
    """Every other scope is 403, and so is an administrator's key that is bound to something."""
    for (scope, owners), token in tokens.items():
        headers = {"Authorization": bearer(token), "Content-Type": "application/json"}
        status = client.ask("POST", path, b"{}", headers).status
        assert (status not in DENIED) == (scope == "admin" and owners == ("*",)), (scope, owners)


def test_each_item_of_a_batch_needs_its_scope(server: Server) -> None:
    """An item that the key may not ask for is 403 and leaves the others alone; an atomic batch is refused whole."""
    client = server.client(server.key(fresh("key"), "orders:write"))
    order = {"id": fresh("o"), "user": "u1", "merchant": "m1", "project": "p1", "price": 9, "fen": 1}
    items: list[tuple[str, str, dict[str, Any]]] = [
        ("pools.deposit", fresh(), {"id": "s0", "fen": 1}),
        ("orders", fresh(), order),
    ]
    assert [result["status"] for result in client.batch(*items).said["results"]] == [403, 201]
    reply = client.batch(*reversed(items), atomic=True)
    assert (reply.status, reply.said["index"]) == (403, 1)


def test_the_servers_own_pages_need_no_key(client: Client) -> None:
    """Health, readiness, metrics and the OpenAPI document are for everybody, and name nobody."""
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
        reply = client.ask("GET", path, None, {"Authorization": ""})
        assert reply.status == 200
        assert not re.search(rb"\bu\d+\b", reply.raw) or path == "/openapi.json"


def test_the_document_says_what_needs_a_key(client: Client) -> None:
    """Every path under /v1 asks for the security scheme and documents 401 and 403."""
    said = client.get("/openapi.json").said
    assert said["security"] == [{"key": []}]
    for path, methods in said["paths"].items():
        for operation in methods.values():
            if path.startswith("/v1/"):
                assert "security" not in operation
                assert {"401", "403"} <= set(operation["responses"])
            else:
                assert operation["security"] == []
