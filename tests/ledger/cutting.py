"""A wire to PostgreSQL that can be cut at the worst instant: around the leader's COMMIT."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Literal

from psycopg import conninfo

from tests.postgres import conninfo_url

Cut = Literal["", "before", "after", "half"]
PORT = "5432"


class Wire:
    """Passes on what client and server say, over a socket of its own.

    `cut` "before": what asks to commit never reaches the server. "after": it is committed and nobody hears of it.
    "half": the client is cut off at once, while the server believes it is still there. Each cut happens once.
    """

    def __init__(self, server: str, folder: Path) -> None:
        self.url = conninfo_url(server, host=str(folder), port=PORT)  # of this end
        self._server = conninfo.conninfo_to_dict(server)
        self.cut: Cut = ""
        self.open = True  # new connections are let through
        self.kept: list[socket.socket] = []  # the server's ends of those cut in half
        self._clients: list[socket.socket] = []
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(f"{folder}/.s.PGSQL.{PORT}")
        self._listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                if not self.open:
                    client.close()
                    continue
                server = self._connect()
                self._clients.append(client)
                for source, target, asks in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pass, args=(source, target, asks), daemon=True).start()

    def _connect(self) -> socket.socket:
        host, port = str(self._server.get("host", "localhost")), str(self._server.get("port", PORT))
        if not host.startswith("/"):
            return socket.create_connection((host, int(port)))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server

    def _pass(self, source: socket.socket, target: socket.socket, asks: bool) -> None:
        with suppress(OSError):
            while said := source.recv(1 << 16):
                if self.cut == ("before" if asks else "after") and b"COMMIT\0" in said:
                    self.cut = ""
                    break
                if self.cut == "half" and asks:
                    self.cut = ""
                    self.kept.append(target)
                    _hang_up(source)
                    return
                target.sendall(said)
        if target not in self.kept:
            _hang_up(target)
        if source not in self.kept:
            _hang_up(source)

    def close(self) -> None:
        """Cut everything."""
        _hang_up(self._listening)
        for one in (*self._clients, *self.kept):
            _hang_up(one)


def _hang_up(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
