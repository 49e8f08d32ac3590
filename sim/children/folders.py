"""Temporary folders (tokens, an embedded ledger, logs) that are gone afterwards, even when we were killed."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sim.children.environment import environment

JANITOR = Path(__file__).with_name("janitor.py")
END = b"\0"
GOODBYE_S = 1.0

_pipe: list[int] = []  # to this process's janitor, once there is one


@contextmanager
def private_folder(kind: str) -> Iterator[Path]:
    """A folder of our own, read by nobody else, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix=f"beanpeak-{kind}-", ignore_cleanup_errors=True) as place:
        with suppress(OSError):  # without a janitor, only who is killed leaves something
            if not _pipe:
                _pipe.append(_hire())
            os.write(_pipe[0], os.fsencode(place) + END)
        yield Path(place)


def held() -> tuple[int, ...]:
    """What a child must hold, so that no folder is taken away before it has ended."""
    return tuple(_pipe)


def _hire() -> int:
    """Start the janitor, in a session of its own so that nothing meant for us ends it; our end of its pipe."""
    reads, holds = os.pipe()
    try:
        janitor = subprocess.Popen(
            [sys.executable, "-I", "-S", str(JANITOR)], stdin=reads, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=os.sep, env=environment(), start_new_session=True,
        )  # fmt: skip
    except OSError:
        os.close(holds)
        raise
    finally:
        os.close(reads)
    atexit.register(_leave, janitor, holds)
    return holds


def _leave(janitor: subprocess.Popen[bytes], holds: int) -> None:
    """At our end: let it finish, unless a child of ours is still there."""
    os.close(holds)
    with suppress(subprocess.TimeoutExpired):
        janitor.wait(GOODBYE_S)
