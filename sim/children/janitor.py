"""Who takes temporary folders away when their maker was killed: `janitor.py`, started once by whoever makes one.

Its standard input is a pipe that its maker and all of its children hold. The paths of the folders come through
it; when nobody holds it any more nobody uses them, and what is left of them is removed.
"""

import os
import shutil
import signal
import sys

END = b"\0"


def main() -> None:
    """Read until everybody is gone, then remove."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for name in sys.stdin.buffer.read().split(END):
        if name:
            shutil.rmtree(os.fsdecode(name), ignore_errors=True)


if __name__ == "__main__":
    main()
