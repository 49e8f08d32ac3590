"""The process: how it starts, what it announces, how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from sim.ledger.sqlite import has_wal_reset_race
from tests.commands import PATIENCE_S
from tests.service.serving import Client, Server

GIFT = {"user": "u1", "project": "p1", "fen": 7}


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`beanpeak ledger …` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "sim", "ledger", *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, **environment},
        check=False,
    )


def logged(server: Server) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log.read_text().splitlines()]


# --- start and end -----------------------------------------------------------------------------------------


def test_a_server_announces_what_it_promises(serve: Callable[..., Server]) -> None:
    """Durability and clock in the log and in readiness; nothing but JSON on stderr."""
    server = serve("--relaxed", "--campaign-clock")
    said = server.client().get("/readyz").said
    assert said == {
        "status": "ready", "seq": 0, "durability": "sqlite synchronous=NORMAL (relaxed)", "campaign_clock": True,
    }  # fmt: skip
    lines = logged(server)
    assert (lines[0]["durability"], lines[0]["campaign_clock"]) == (said["durability"], True)
    warnings = [line["message"] for line in lines if line["level"] == "warning"]
    assert any("relaxed" in message for message in warnings)
    assert any("campaign clock" in message for message in warnings)


def test_a_server_is_durable_and_on_the_wall_clock_unless_asked(serve: Callable[..., Server]) -> None:
    """Full durability, no campaign clock: a request of 2022 is out of range."""
    server = serve("--host", "127.0.0.1")
    said = server.client().get("/readyz").said
    assert (said["durability"], said["campaign_clock"]) == ("sqlite synchronous=FULL", False)
    reply = server.client().post("/donations", **GIFT)
    assert (reply.status, reply.code) == (422, "effective_at_out_of_range")


@pytest.mark.parametrize(
    ("version", "in_danger"),
    [((3, 40, 1), True), ((3, 51, 2), True), ((3, 51, 3), False), ((3, 50, 7), False), ((3, 44, 6), False),
     ((3, 6, 23), False)],
)  # fmt: skip
def test_the_corruption_range_is_known(version: tuple[int, int, int], in_danger: bool) -> None:
    """SQLite 3.7.0–3.51.2 without the backports."""
    assert has_wal_reset_race(version) == in_danger


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_everything_answered(serve: Callable[..., Server], how: signal.Signals) -> None:
    """Exit code 0; every request that was answered is in the journal, and none is half there."""
    server = serve()
    seqs: list[int] = []

    def ask(client: Client) -> None:
        try:
            while True:
                reply = client.post("/donations", **GIFT)
                if reply.status == 201:
                    seqs.append(reply.said["seq"])
                else:
                    assert reply.code == "draining"
        except (OSError, HTTPException):
            pass  # the server is gone

    clients = [Client(server.port, server.token) for _ in range(8)]
    threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    while len(seqs) < 100:
        threading.Event().wait(0.01)
    assert server.process is not None
    server.process.send_signal(how)
    assert server.process.wait(PATIENCE_S) == 0
    for thread, client in zip(threads, clients, strict=True):
        thread.join()
        client.close()
    assert server.process.stdout is not None
    server.process.stdout.close()
    server.start()
    journal = [event["seq"] for event in server.client().export()]
    assert set(seqs) <= set(journal)
    assert "stopped" in [line["message"] for line in logged(server)]


def test_a_second_server_on_the_same_file_is_refused(serve: Callable[..., Server]) -> None:
    """Exit code 2 and a reason; the first one is not disturbed."""
    server = serve()
    second = run("serve", "--db", str(server.db), "--port", "0")
    assert second.returncode == 2
    assert "another process" in second.stderr
    assert server.client().post("/donations", **GIFT).status == 201


def test_a_taken_port_is_refused(tmp_path: Path) -> None:
    """Exit code 2 and the port, no traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run("serve", "--db", str(tmp_path / "x.db"), "--port", str(port))
    assert ended.returncode == 2
    assert str(port) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_server_without_keys_stays_on_this_machine(tmp_path: Path) -> None:
    """A wide bind is refused before anything is made."""
    ended = run("serve", "--db", str(tmp_path / "x.db"), "--host", "0.0.0.0", "--port", "0")
    assert ended.returncode == 2
    assert "make a key first" in ended.stderr
