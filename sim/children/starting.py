"""Start a child process: in a group of its own, with an environment of ours, on a leash, and end it for certain.

The leash is its standard input, a pipe that nobody writes to: it ends when we do, however that is. Our Python
children watch it (`leash.py`). A child is in another group but in our session, so that the system lets one go on
that we froze, and hangs it up, when we are killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from sim.children.environment import environment
from sim.children.folders import held
from sim.children.leash import PATHS
from sim.children.paths import absolute

LEASH = Path(__file__).with_name("leash.py")
NOWHERE = subprocess.DEVNULL
PIPE = subprocess.PIPE
OURS = None  # where ours go
Into = int | IO[bytes] | None


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module as `python -m` does, with nothing of the working directory before it."""
    return [sys.executable, "-P", "-X", "utf8", str(LEASH), module, *arguments]


class Child(subprocess.Popen[bytes]):
    """A process that is ours. Raises OSError.

    told: variables that it finds in its environment. given: descriptors that it holds too, under the same numbers.
    """

    def __init__(
        self, command: Sequence[str], *, out: Into = NOWHERE, errors: Into = subprocess.STDOUT,
        folder: Path | None = None, told: Mapping[str, str] | None = None, given: Sequence[int] = (),
    ) -> None:  # fmt: skip
        leash, holds = os.pipe()
        try:
            super().__init__(
                list(command), stdin=leash, stdout=out, stderr=errors, cwd=folder, process_group=0,
                env=environment({PATHS: json.dumps(absolute(sys.path)), **(told or {})}), pass_fds=(*held(), *given),
            )  # fmt: skip
        except BaseException:
            os.close(holds)
            raise
        finally:
            os.close(leash)
        weakref.finalize(self, os.close, holds)

    def stop_in_its_tracks(self) -> None:
        """Freeze it, and return when it is frozen, or ended.

        Were we killed between the signal and the stop, the system would not yet see that it has one to let go on.
        """
        self.send_signal(signal.SIGSTOP)
        if hasattr(os, "waitid"):
            with suppress(ChildProcessError):  # it had ended, and was asked how
                os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def end(self, patience_s: float) -> None:
        """Ask it to end; kill it and all of its group if it does not, or if somebody does not want to wait."""
        try:
            if self.poll() is None:
                self.terminate()
                with suppress(subprocess.TimeoutExpired):
                    self.wait(patience_s)
        finally:
            self.kill_all()

    def kill_all(self) -> None:
        """Kill what is left of it and of those it has forked."""
        with suppress(ProcessLookupError, PermissionError):  # the usual case: everybody has left
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()


def run(
    command: Sequence[str], patience_s: float | None = None, told: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; what it said. Raises OSError, of which TimeoutError is one."""
    with Child(command, out=PIPE, errors=PIPE, told=told) as child:
        try:
            said = child.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            child.kill_all()
            raise TimeoutError(f"{command[0]} did not end within {patience_s} s") from None
        except BaseException:
            child.kill_all()
            raise
    out, errors = (text.decode("utf-8", "replace") for text in said)
    return subprocess.CompletedProcess(list(command), child.returncode, out, errors)
