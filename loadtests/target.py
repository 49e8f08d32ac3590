"""A server under test that we started ourselves: wait until it is ready, kill it, freeze it, start it again.

Every signal goes to the process we started, by its id. The command prints where it listens
(`… 127.0.0.1:PORT …`); started again it gets the same port, through the argument after `--port`.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from sim.children.starting import Child
from sim.errors import BeanpeakError, UsageError

LISTENS = re.compile(rb"127\.0\.0\.1:(\d+)")
READY_S, POLL_S = 60.0, 0.02
STOP_S = 10.0
TAIL_LINES = 12


class TargetServer:
    """One server process. Use it in a `with` block: however that ends, the process does too."""

    def __init__(self, command: Sequence[str], log: Path, ready_path: str = "/readyz") -> None:
        if not command:
            raise UsageError("--serve: is empty; give the command that starts the server")
        self.command, self.log, self.ready_path = list(command), log, ready_path
        self.port = 0
        self._process: Child | None = None
        self._frozen = False

    def __enter__(self) -> TargetServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def host(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ended(self) -> int | None:
        """The exit code of a server that has ended, by itself or through us."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start it and wait until it answers. Raises BeanpeakError with the end of its log."""
        command = self._again() if self.port else self.command
        with self.log.open("ab") as out:
            begin = out.tell()
            try:
                self._process = Child(command, out=out)
            except OSError as error:
                raise UsageError(f"--serve {command[0]}: cannot be started: {error.strerror}") from None
        try:
            self._wait(begin)
        except BaseException:
            self.stop()
            raise

    def kill9(self) -> None:
        """Kill it without warning."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Stop it in its tracks; connections stay open."""
        assert self._process is not None
        self._process.stop_in_its_tracks()
        self._frozen = True

    def thaw(self) -> None:
        """Let it go on."""
        if self._process is not None and self._frozen:
            self._process.send_signal(signal.SIGCONT)
            self._frozen = False

    def stop(self) -> None:
        """Ask it to end, and end it if it does not."""
        if self._process is None or self._process.poll() is not None:
            return
        self.thaw()
        self._process.end(STOP_S)

    def cpu_s(self) -> float | None:
        """User and system seconds it has used, where the system tells."""
        if self._process is None:
            return None
        try:
            text = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        except OSError:
            return None
        user, system = text.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def _again(self) -> list[str]:
        command = list(self.command)
        if "--port" in command[:-1]:
            command[command.index("--port") + 1] = str(self.port)
        else:
            command += ["--port", str(self.port)]
        return command

    def _wait(self, begin: int) -> None:
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            if self.ended is not None:
                raise BeanpeakError(
                    f"the server ended with code {self.ended} before it was ready:\n{self.tail()}"
                )
            found = LISTENS.search(self.log.read_bytes()[begin:])
            if found:
                self.port = int(found[1])
                if self._answers():
                    return
            time.sleep(POLL_S)
        raise BeanpeakError(f"the server was not ready within {READY_S:.0f} s:\n{self.tail()}")

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1.0)
        try:
            connection.request("GET", self.ready_path)
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def tail(self) -> str:
        """The end of its log."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-TAIL_LINES:])
