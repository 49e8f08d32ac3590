"""A served ledger as a child process, and a client of a few lines."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.commands import PATIENCE_S

NOON = 1_662_696_000_000_000  # 9 September 2022, 12:00 of UTC+8
DAY = 86_400_000_000
SERVE = """
import json, sys
from sim.cli_ledger import _first_key
from sim.service.policy import Policy
from sim.service.server import Settings, serve

print("first key:", _first_key(sys.argv[1]))
serve(Settings(sys.argv[1], port=0, policy=Policy(campaign_clock=True, **json.loads(sys.argv[2]))))
"""
_numbers = count(1)


def fresh(word: str = "k") -> str:
    """A name that no other test uses."""
    return f"{word}{next(_numbers)}"


@dataclass
class Reply:
    """One answer."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.raw)

    @property
    def code(self) -> str:
        """Of a problem, "" if there is none."""
        return str(self.said.get("code", "")) if self.status >= 400 else ""


class Client:
    """One connection with one key."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """Any request; headers are added to the key, or replace it."""
        said = {"Authorization": f"Bearer {self.token}"} | (headers or {})
        try:
            self._connection.request(method, path, body, {k: v for k, v in said.items() if v})
            answer = self._connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        except (http.client.HTTPException, OSError):
            self._connection.close()
            raise

    def post(self, path: str, key: str = "", at: int = NOON, raw: bytes | None = None, **words: Any) -> Reply:
        """A POST at noon of the first day, under a new idempotency key unless one is given."""
        body = json.dumps({"effective_at": at, **words}).encode() if raw is None else raw
        headers = {"Content-Type": "application/json", "Idempotency-Key": key or fresh()}
        return self.ask("POST", f"/v1{path}", body, headers)

    def batch(self, *items: tuple[str, str, dict[str, Any]], atomic: bool = False, key: str = "") -> Reply:
        """Items are (op, idempotency key, words of the body)."""
        said = [
            {"op": op, "idempotency_key": own, "body": {"effective_at": NOON, **words}}
            for op, own, words in items
        ]
        body = json.dumps({"atomic": atomic, "items": said}).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": key or fresh()}
        return self.ask("POST", "/v1/batch", body, headers)

    def get(self, path: str) -> Reply:
        return self.ask("GET", path)

    def export(self, after: int = 0) -> list[Any]:
        """The journal's events."""
        return [json.loads(line) for line in self.get(f"/v1/export?after={after}").raw.splitlines()]

    def balance(self, account: str) -> int:
        """What is available on an account, 0 if there is none."""
        reply = self.get(f"/v1/accounts/{account}")
        return 0 if reply.status == 404 else int(reply.said["available"])

    def close(self) -> None:
        self._connection.close()


@dataclass
class Server:
    """A child process `beanpeak ledger serve`; `stop` and `start` it again on the same file."""

    db: Path  # or with `url`, only where the log is
    options: tuple[str, ...] = ("--campaign-clock",)
    environment: dict[str, str] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)  # what the command line has no option for
    url: str = ""  # of PostgreSQL
    token: str = ""
    port: int = 0
    process: subprocess.Popen[str] | None = None
    clients: list[Client] = field(default_factory=list)

    def start(self) -> Server:
        """Run until the ready line is printed."""
        command = [sys.executable, "-m", "sim", "ledger", "serve", "--port", "0"]
        command += ["--db", self.url or str(self.db)]
        if self.policy:
            command = [sys.executable, "-c", SERVE, str(self.db), json.dumps(self.policy)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*command, *([] if self.policy else self.options)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **self.environment},
            )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("first key"):
                self.token = line.split()[-1]
            if line.startswith("listening on"):
                self.port = int(line.rsplit(":", 1)[1])
                return self
        raise AssertionError(f"the server ended: {self.log.read_text()}")

    @property
    def log(self) -> Path:
        return self.db.with_suffix(".log")

    def client(self, token: str = "") -> Client:
        """A connection with the operator's key, or another one."""
        client = Client(self.port, token or self.token)
        self.clients.append(client)
        return client

    def key(self, id: str, *scopes: str, owners: tuple[str, ...] = ("*",), **more: Any) -> str:
        """A new key's token."""
        body = json.dumps({"id": id, "scopes": scopes, "owners": owners, **more}).encode()
        reply = self.client().ask("POST", "/v1/keys", body, {"Content-Type": "application/json"})
        assert reply.status == 201, reply.raw
        return str(reply.said["token"])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it, gracefully or not; the exit code."""
        for client in self.clients:
            client.close()
        self.clients.clear()
        if self.process is None:
            return 0
        self.process.send_signal(how)
        code = self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None
        return code


def at_once(server: Server, times: int, ask: Callable[[Client], Reply], token: str = "") -> list[Reply]:
    """The same request from so many connections at once."""
    gate, replies = threading.Barrier(times), [Reply(0, {}, b"")] * times

    def one(index: int) -> None:
        client = Client(server.port, token or server.token)
        gate.wait()
        replies[index] = ask(client)
        client.close()

    threads = [threading.Thread(target=one, args=(index,)) for index in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies
