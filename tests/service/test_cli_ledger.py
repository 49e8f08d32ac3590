"""`beanpeak ledger …` in the process of the tests: what it prints, and how it ends."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from sim.cli import main
from tests.service.serving import Client, Server

GIFT = {"user": "u1", "project": "p1", "fen": 7}


class Ended(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Ended]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """`beanpeak ledger …` to its end."""

    def one(*words: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["beanpeak", "ledger", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Ended(int(ended.value.code or 0), out, err)

    return one


def test_a_new_ledger_has_one_key(run: Run, tmp_path: Path) -> None:
    """`init` shows it once; a second time it is refused."""
    db = str(tmp_path / "x.db")
    made = json.loads(run("init", "--db", db, "--json").stdout)
    assert made["token"].startswith("bp_operator_")
    assert run("init", "--db", db).returncode == 2


def test_keys_are_made_and_ended_from_the_command_line(run: Run, serve: Callable[..., Server]) -> None:
    """new, list, rotate, revoke; a server started afterwards goes by them."""
    server = serve()
    server.stop()
    db = ("--db", str(server.db))
    token = run(
        "key", "new", "ngo", "--scope", "pools:write", "--owns", "pool:s1", "--expires", "1d", *db
    ).stdout.strip()
    gone = run("key", "new", "gone", "--scope", "pools:write", *db).stdout.strip()
    fresh_ = json.loads(run("key", "rotate", "ngo", "--overlap", "1h", "--json", *db).stdout)["token"]
    assert run("key", "revoke", "gone", *db).returncode == 0
    listed = {one["id"]: one for one in json.loads(run("key", "list", "--json", *db).stdout)["keys"]}
    assert set(listed) == {"operator", "ngo", "gone"}
    assert listed["gone"]["revoked_at"]
    assert "ngo~2" in run("key", "list", *db).stdout
    server.start()
    statuses = [server.client(one).post("/pools/s1/deposits", fen=1).status for one in (token, fresh_, gone)]
    assert statuses == [201, 201, 401]
    assert server.client(token).post("/pools/s2/deposits", fen=1).status == 403


@pytest.mark.parametrize(
    "words",
    [("new", "x", "--scope", "root"), ("new", "x", "--scope", "system", "--expires", "soon"),
     ("revoke", "nobody"), ("rotate", "nobody"), ("new", "a b", "--scope", "system")],
)  # fmt: skip
def test_a_wrong_key_command_is_refused(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Exit code 2 and a sentence."""
    ended = run("key", *words, "--db", str(tmp_path / "x.db"))
    assert ended.returncode == 2
    assert ended.stderr
    assert "Traceback" not in ended.stderr


def test_keys_of_a_running_server_are_not_changed_behind_its_back(
    run: Run, serve: Callable[..., Server]
) -> None:
    """The command line is refused while a server leads the ledger."""
    server = serve()
    assert run("key", "new", "x", "--scope", "system", "--db", str(server.db)).returncode == 2


def test_auditors_work_beside_a_running_server(run: Run, serve: Callable[..., Server]) -> None:
    """audit and export read what is committed; the export is that of the server."""
    server = serve()
    for _ in range(5):
        server.client().post("/donations", **GIFT)
    ended = run("audit", "--db", str(server.db), "--json")
    assert ended.returncode == 0
    assert all(check["passed"] for check in json.loads(ended.stdout)["checks"])
    told = run("export", "--db", str(server.db), "--after", "2", "--limit", "2").stdout
    assert told.encode() == server.client().get("/v1/export?after=2&limit=2").raw


def test_a_rebuilt_ledger_goes_on(run: Run, serve: Callable[..., Server]) -> None:
    """rebuild reads the whole journal and the server finds the same balances."""
    server = serve()
    server.client().post("/donations", **GIFT)
    server.stop()
    assert "1 events" in run("rebuild", "--db", str(server.db)).stdout
    server.start()
    assert server.client().balance("2400:p1") == 7


def test_a_ledger_is_copied_beside_its_server(run: Run, serve: Callable[..., Server], tmp_path: Path) -> None:
    """The copy has the same journal, answers and keys, and serves; into a ledger in use it is refused."""
    server = serve()
    first = server.client().post("/donations", "k", **GIFT)
    copied = tmp_path / "copy.db"
    ask = ("copy", "--db", str(server.db), "--to", str(copied))
    assert run(*ask).stdout == "copied 1 events\n"
    assert run(*ask).returncode == 2
    other = Server(copied, token=server.token).start()
    try:
        again = other.client().post("/donations", "k", **GIFT)
        assert (again.raw, again.headers["idempotency-replayed"]) == (first.raw, "true")
        assert other.client().get("/v1/export").raw == server.client().get("/v1/export").raw
    finally:
        other.stop()


def test_the_document_can_be_dumped(run: Run, client: Client) -> None:
    """The same that the server gives."""
    assert json.loads(run("dump-openapi").stdout) == client.get("/openapi.json").said


def test_a_providers_file_is_reconciled(run: Run, serve: Callable[..., Server], tmp_path: Path) -> None:
    """Exit 0 when it agrees; exit 4 and each defect when it does not."""
    server = serve()
    ids = [server.client().post("/donations", **GIFT).said["id"] for _ in range(3)]
    file = tmp_path / "day.csv"
    ask = ("reconcile", str(file), "--day", "20220909", "--db", str(server.db), "--json")
    file.write_text("reference,fen\n" + "".join(f"{id},7\n" for id in ids))
    ended = run(*ask)
    assert (ended.returncode, json.loads(ended.stdout)["defects"]) == (0, [])
    assert json.loads(ended.stdout)["held"] == {"1110": 21, "2900": 0}
    file.write_text(f"reference,fen\n{ids[0]},8\n{ids[1]},7\n{ids[1]},7\n")
    ended = run(*ask)
    assert ended.returncode == 4
    assert {one["flaw"] for one in json.loads(ended.stdout)["defects"]} == {
        "wrong_amount",
        "duplicate",
        "missing",
    }
    file.write_text("reference,fen\nx,1.5\n")
    assert run(*ask).returncode == 2
    file.write_text("a,b\n")
    assert run(*ask).returncode == 2


def test_help_shows_an_example_of_every_command(run: Run) -> None:
    """What a reader copies stands below each help text."""
    for words in (
        "serve",
        "init",
        "audit",
        "rebuild",
        "copy",
        "export",
        "dump-openapi",
        "reconcile",
        "key new",
        "key list",
        "key rotate",
        "key revoke",
    ):
        assert f"beanpeak ledger {words}" in " ".join(run(*words.split(), "--help").stdout.split()), words
