"""Named instants at which a test can end the process, as a power cut would: `BEANPEAK_FAILPOINT=after-commit:7`."""

from __future__ import annotations

import os
import signal

_name, _, _times = os.environ.get("BEANPEAK_FAILPOINT", "").partition(":")
_left = int(_times or 1)


def failpoint(name: str) -> None:
    """Kill this process with SIGKILL when the instant is reached the asked-for number of times."""
    global _left
    if name == _name:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
