"""The application without a socket: for what a real client cannot do, or not soon enough."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sim.bookkeeping import CHART
from sim.ledger.ledger import Ledger
from sim.ledger.sqlite import SqliteStore
from sim.service.app import App
from sim.service.desk import Desk
from sim.service.keys import SCOPES, Keyring
from sim.service.policy import Policy
from tests.service.serving import NOON, Reply, fresh

Part = bytes | None  # None: the next part never comes


class Inside:
    """An application on a ledger of its own; `asked` is what a scenario calls."""

    def __init__(self, path: Path, **policy: Any) -> None:
        keys = Keyring()
        key, token = keys.make("operator", SCOPES, ("*",), 1, None)
        keys.put(key)
        self.token = token
        self.desk = Desk(Policy(**({"campaign_clock": True} | policy)), keys)
        self.app = App(self.desk)
        self.store = SqliteStore(path, CHART)
        self.ledger = Ledger(self.store, CHART, deliver=self.desk.deliver, queue=self.desk.policy.queue)

    def play(self, scenario: Callable[[Inside], Awaitable[None]], *, writer: bool = True) -> None:
        """Run a scenario on a loop; without its writer the ledger takes requests and answers none."""

        async def run() -> None:
            self.app.open(self.ledger)
            if writer:
                self.ledger.start()
            await scenario(self)

        try:
            asyncio.run(run())
        finally:
            self.app.close()
            self.ledger.stop()

    async def ask(self, method: str, path: str, *parts: Part, **headers: str) -> Reply:
        """One request, its body in parts."""
        said = {
            "host": "x",
            "authorization": f"Bearer {self.token}",
            "content-type": "application/json",
        } | headers
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in said.items()]
        path, _, query = path.partition("?")
        scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "headers": raw,
                 "query_string": query.encode(), "http_version": "1.1", "scheme": "http", "root_path": "",
                 "server": ("127.0.0.1", 1), "client": ("127.0.0.1", 2)}  # fmt: skip
        coming = list(parts) or [b""]
        answer: list[Any] = []

        async def receive() -> Any:
            part = coming.pop(0) if coming else None
            if part is None:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": part, "more_body": bool(coming)}

        async def send(message: Any) -> None:
            answer.append(message)

        await self.app(scope, receive, send)
        said = {name.decode().lower(): value.decode() for name, value in answer[0]["headers"]}
        return Reply(answer[0]["status"], said, b"".join(one.get("body", b"") for one in answer[1:]))

    async def post(self, path: str, key: str = "", **words: Any) -> Reply:
        """A POST with its words."""
        body = json.dumps({"effective_at": NOON, **words}).encode()
        return await self.ask("POST", f"/v1{path}", body, idempotency_key=key or fresh())
