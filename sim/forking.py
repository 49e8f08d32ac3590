"""A child forked after threads have begun would wait for ever: the threads of Polars do not come along, its locks do.

Which threads there are is looked at when the process forks, for a notebook may have used Polars before any run. What
uses frames asks here first, so that the child ends with a sentence instead of hanging. Imported with the package, so
this page needs nothing.
"""

from __future__ import annotations

import os

THREADS = "/proc/self/task"  # Linux; elsewhere our own use is all that is known

_used = False
_lost = False


def refuse_forked(what: str) -> None:
    """Note that frames are used from here on. Raises UsageError in a process that was forked after that."""
    global _used
    if _lost:
        from sim.errors import UsageError

        raise UsageError(
            f"{what}: this process was forked from one whose threads were at work already, and would hang; start "
            'it with multiprocessing.get_context("spawn") (ProcessPoolExecutor has mp_context for it)'
        )
    _used = True


def _note_threads() -> None:
    """Whether Polars has begun its pool, whoever asked for it."""
    global _used
    try:
        tasks = os.listdir(THREADS)  # noqa: PTH208 - this page needs nothing
    except OSError:
        return
    _used = _used or any(_of_pool(task) for task in tasks)


def _of_pool(task: str) -> bool:
    try:
        with open(f"{THREADS}/{task}/comm", errors="replace") as name:  # noqa: PTH123
            begins, _, number = name.read().strip().partition("-")
    except OSError:  # it has ended
        return False
    return begins == "polars" and number.isdigit()


def _forked() -> None:
    global _lost
    _lost = _lost or _used


os.register_at_fork(before=_note_threads, after_in_child=_forked)
