"""What a Python child begins with: `python -P leash.py MODULE ARGUMENTS…` runs the module as `python -m` would.

Its standard input is a pipe whose other end only its parent holds. When that end is gone, however the parent
ended, the child is asked to end as by SIGTERM, so that it answers or writes what it has; later it is ended.
Nothing is imported here that gevent replaces: Locust does that itself.
"""

import json
import os
import runpy
import signal
import sys
from _thread import start_new_thread
from time import sleep

PATHS = "BEANPEAK_PATHS"  # what the parent can import, a JSON list
PATIENCE_S = 20.0


def run() -> None:
    """Watch the parent, then be the module."""
    start_new_thread(_watch, (os.dup(0),))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    sys.path.insert(0, root)
    from sim.children.paths import settle

    settle(json.loads(os.environ.get(PATHS, "[]")))
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _watch(parent: int, patience_s: float = PATIENCE_S) -> None:
    while True:
        try:
            if not os.read(parent, 1):
                break
        except OSError:
            break
    os.kill(os.getpid(), signal.SIGTERM)
    sleep(patience_s)
    os.killpg(os.getpid(), signal.SIGKILL)  # with whoever it has forked


if __name__ == "__main__":
    run()
