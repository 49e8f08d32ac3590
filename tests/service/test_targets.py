"""A path and a query have one meaning, on every route: what could mean two things is refused."""

from __future__ import annotations

import pytest

from tests.service.serving import Client, Server, fresh
from tests.service.wire import KEYS, PARAMETERS, ROUTES, Route, Watched


@pytest.fixture(scope="module")
def watched(server: Server) -> Watched:
    return Watched(server)


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_query_says_each_thing_once(watched: Watched, route: Route) -> None:
    """400 for a parameter that is unknown, given twice, or not UTF-8; the nearest name is said."""
    known = PARAMETERS.get(route.path.rsplit("/", 1)[-1], ())
    queries = ["x=1", "x", "AFTER=1", "%zz=1", "%ff=1", "a%", "=1", "id=1"]
    queries += [
        f"{name}=1&{twin}={other}"
        for name in known
        for twin in (name, f"%{ord(name[0]):x}{name[1:]}")
        for other in "12"
    ]
    queries += [f"{name}s=1" for name in known] + [f"{name}=%f" for name in known]
    plain = route.headers(watched.server)
    told = watched.answers([route.sent(plain, f"{route.path}?{query}") for query in queries])
    for query, (status, said) in zip(queries, told, strict=True):
        assert (status, said["code"]) == (400, "bad_request"), (query, said)
        if known and query == f"{known[0]}s=1":
            assert f"did you mean '{known[0]}'?" in said["detail"]


NAMED = [route for route in ROUTES if route.path.count("/") > 2 and "keys" not in route.path]


@pytest.mark.parametrize("route", [*NAMED, *KEYS[1:]], ids=str)
def test_a_path_has_one_meaning(watched: Watched, route: Route) -> None:
    """An id that is a dot, has a slash, a control character or half an escape in it; a slash too many: 400 or 404."""
    _, version, noun, id, *verb = route.path.split("/")
    plain = route.headers(watched.server)
    bad = [".", "..", "%2e", "%2E%2e", ".%2e", f"{id}%2f", f"{id}%2Fx", f"%2f{id}", f"{id}%00", f"%00{id}", f"{id}%0a",
           f"{id}%7f", "%ff", f"{id}%c3", "%ed%a0%80", f"{id}%", f"{id}%7", f"{id}%zz", f"{id}%25", f"{id}%5c",
           f"{id}+", f"{id}%20", f"{id};x", f"{id}/.", f"./{id}", f"x/../{id}", f"{id}/", f"/{id}", ""]  # fmt: skip
    paths = ["/".join(("", version, noun, one, *verb)) for one in bad]
    paths += [
        f"{route.path}/",
        f"/{route.path}",
        f"{route.path}%2f",
        f"{route.path}/.",
        f"/{version}/./{noun}/{id}",
    ]
    if verb:  # the slash before the verb is part of the id
        paths.append(f"/{version}/{noun}/{id}%2F{verb[0]}")
    for path, (status, said) in zip(
        paths, watched.answers([route.sent(plain, path) for path in paths]), strict=True
    ):
        assert (status, said["code"]) in (
            (400, "bad_request"),
            (404, "not_found"),
            (405, "method_not_allowed"),
        ), path


def test_no_thing_is_called_a_dot(client: Client) -> None:
    """An id that no path can hold is none, wherever it stands."""
    for id in (".", ".."):
        order = {"user": "u1", "merchant": "m1", "project": "p1", "price": 9, "fen": 1}
        assert client.post("/orders", id=id, **order).status == 400
        assert client.post("/donations", user=id, project="p1", fen=1).status == 400
        assert client.post("/openings", account=f"2110:{id}:20220930", amount=1).status == 400
        assert (
            client.batch(("pools.deposit", fresh(), {"id": id, "fen": 1})).said["results"][0]["status"] == 400
        )
        body = b'{"id":"%b","scopes":["system"]}' % id.encode()
        assert client.ask("POST", "/v1/keys", body, {"Content-Type": "application/json"}).status == 400
    assert client.post("/orders", id="...", **order).status == 201
    assert client.post("/orders", id="a..b", **order).status == 201
