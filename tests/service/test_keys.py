"""Keys: made, rotated with an overlap, expired, revoked at once, and never seen again."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable

import pytest

from sim.errors import UsageError
from sim.service.keys import AccessKey, Keyring, hashed, read_key, token_of
from tests.service.serving import Client, Reply, Server, fresh

GIFT = {"user": "u1", "project": "p1", "fen": 7}
JSON = {"Content-Type": "application/json"}


def ring(*keys: AccessKey) -> Keyring:
    return Keyring(key.row for key in keys)


def key(id: str, secret: str, **more: int) -> AccessKey:
    return AccessKey(id, hashed(secret), frozenset({"system"}), frozenset({"*"}), 0, **more)


def header(id: str, secret: str) -> bytes:
    return f"Bearer {token_of(id, secret)}".encode()


# --- the ring ------------------------------------------------------------------------------------------------


def test_a_key_is_valid_until_it_ends() -> None:
    """Expiry and revocation are looked at in every call, also after a key was verified."""
    keys = ring(key("a", "s", expires_us=100))
    assert keys.verify(header("a", "s"), 99) is not None
    assert keys.verify(header("a", "s"), 100) is None
    keys.put(key("a", "s", revoked_us=50))
    assert keys.verify(header("a", "s"), 99) is None


def test_rotation_has_an_overlap_and_keeps_the_principal() -> None:
    """Both secrets are valid for the overlap; event ids depend on the principal, so repeats stay repeats."""
    keys = ring(key("a", "old"))
    changed, token = keys.rotate("a", 1_000, 500)
    for one in changed:
        keys.put(one)
    new = f"Bearer {token}".encode()
    for now, valid in ((1_499, True), (1_500, False)):
        assert (keys.verify(header("a", "old"), now) is not None) == valid
        found = keys.verify(new, now)
        assert found is not None
        assert found.principal == "a"


def test_an_overlap_never_makes_a_key_live_longer() -> None:
    """A secret that expires earlier anyway still does."""
    keys = ring(key("a", "old", expires_us=1_100))
    changed, _ = keys.rotate("a", 1_000, 500)
    assert min(one.expires_us or 0 for one in changed) == 1_100


def test_a_key_goes_through_its_row() -> None:
    """What is stored is what is read; the secret is not in it."""
    made, token = Keyring().make("a.b-c", ["system", "admin"], ["pool:s0", "project:p3"], 5, 9)
    assert read_key(made.row) == made
    assert token.rpartition("_")[2] not in str(made.row)


@pytest.mark.parametrize(
    ("id", "scopes", "owners"),
    [
        ("a~2", ["system"], ["*"]),
        ("", ["system"], ["*"]),
        ("a b", ["system"], ["*"]),
        ("a", [], ["*"]),
        ("a", ["root"], ["*"]),
        ("a", ["system"], []),
        ("a", ["system"], ["user:u1"]),
        ("a", ["system"], ["project:"]),
    ],
)
def test_nonsense_is_no_key(id: str, scopes: list[str], owners: list[str]) -> None:
    """An id, a scope or an owner that cannot be."""
    with pytest.raises(UsageError):
        Keyring().make(id, scopes, owners, 0, None)


def test_a_principal_whose_id_has_underscores_is_found() -> None:
    """The secret is what stands behind the last one."""
    made, token = Keyring().make("a_b_c", ["system"], ["*"], 0, None)
    found = ring(made).verify(f"bearer {token}".encode(), 1)
    assert found is not None
    assert found.principal == "a_b_c"


# --- over HTTP -----------------------------------------------------------------------------------------------


def change(client: Client, path: str, **words: object) -> Reply:
    return client.ask("POST", f"/v1/keys{path}", json.dumps(words).encode(), JSON)


def test_a_revoked_key_is_refused_at_once(server: Server, client: Client) -> None:
    """The next request on a connection that was let in before is 401; revoking again changes nothing."""
    id = fresh("key")
    theirs = server.client(server.key(id, "deeds:write"))
    assert theirs.post("/donations", **GIFT).status == 201
    revoked = change(client, f"/{id}/revoke").said["keys"]
    assert theirs.post("/donations", **GIFT).status == 401
    assert change(client, f"/{id}/revoke").said["keys"] == revoked
    assert change(client, "/nobody/revoke").status == 404


def test_a_rotated_key_repeats_its_requests(server: Server, client: Client) -> None:
    """A request under the old secret is repeated under the new one; with an overlap of 0 the old one ends."""
    id = fresh("key")
    old = server.client(server.key(id, "deeds:write"))
    first = old.post("/donations", "before", **GIFT)
    new = server.client(change(client, f"/{id}/rotate", overlap_s=0).said["token"])
    again = new.post("/donations", "before", **GIFT)
    assert (again.raw, again.headers["idempotency-replayed"]) == (first.raw, "true")
    time.sleep(0.01)
    assert old.post("/donations", **GIFT).status == 401


def test_a_key_expires_by_the_wall_clock(server: Server) -> None:
    """A key made for a moment: 201, and from its instant on 401. The moment is longer where a request takes long."""
    for seconds in (0.3, 3, 30):
        until = time.time_ns() // 1_000 + round(seconds * 1e6)
        theirs = server.client(server.key(fresh("key"), "deeds:write", expires_at=until))
        accepted = theirs.post("/donations", **GIFT).status == 201
        if accepted:
            break
    assert accepted
    time.sleep(max(0.0, until / 1e6 - time.time()) + 0.01)
    assert theirs.post("/donations", **GIFT).status == 401


def test_a_taken_id_is_refused(server: Server, client: Client) -> None:
    """409, also for a revoked one: its events would get another's name."""
    id = fresh("key")
    server.key(id, "system")
    change(client, f"/{id}/revoke")
    assert change(client, "", id=id, scopes=["system"]).code == "already_done"


@pytest.mark.parametrize(
    "words", [{"scopes": ["root"]}, {"scopes": []}, {"scopes": ["system"], "owners": ["x"]}]
)
def test_a_key_that_cannot_be_is_refused(client: Client, words: dict[str, object]) -> None:
    """400 with what can be chosen."""
    assert change(client, "", id=fresh("key"), **words).status == 400


def test_keys_outlive_the_server_and_secrets_are_nowhere(serve: Callable[..., Server]) -> None:
    """After a restart keys and their endings stand; neither file, journal nor log holds a secret."""
    server = serve()
    kept, gone = server.key("kept", "deeds:write"), server.key("gone", "deeds:write")
    change(server.client(), "/gone/revoke")
    server.client(kept).post("/donations", **GIFT)
    server.client("bp_kept_wrong").post("/donations", **GIFT)
    server.stop()
    server.start()
    assert server.client(kept).post("/donations", **GIFT).status == 201
    assert server.client(gone).post("/donations", **GIFT).status == 401
    shown = change(server.client(), "", id="last", scopes=["system"])
    listed = server.client().get("/v1/keys").raw
    server.stop()
    told = listed + server.log.read_bytes() + server.db.read_bytes()
    for token in (server.token, kept, gone, shown.said["token"]):
        secret = token.rpartition("_")[2]
        assert secret.encode() not in told
        assert bytes.fromhex(secret) not in told
    with sqlite3.connect(server.db) as connection:
        hashes = {row[0] for row in connection.execute("SELECT secret_hash FROM access_key")}
    connection.close()
    assert hashlib.sha256(kept.rpartition("_")[2].encode()).digest() in hashes
