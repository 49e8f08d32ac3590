"""What nothing waits for until the next barrier: done on a thread of its own while users are played.

Recording and hashing a barrier's rows takes as long as everything else between two barriers together, and no user
reads either of them. The order of the work is kept, and it is done when `finish` returns.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

Work = Callable[[], None]


class Beside:
    """A queue of work. Without a thread (`workers` = 1) all of it is done by `finish`."""

    def __init__(self, workers: int) -> None:
        self._thread = ThreadPoolExecutor(1) if workers > 1 else None
        self._waiting: list[Work] = []
        self._running: Future[None] | None = None

    def put(self, work: Work) -> None:
        """Put off a piece of work."""
        self._waiting.append(work)

    def begin(self) -> None:
        """Begin with what was put off; whatever it reads or writes is its own until `finish`."""
        if self._thread is not None:
            self._running = self._thread.submit(_all, self._taken())

    def finish(self) -> None:
        """All that was put off is done. Raises what it raised."""
        begun, self._running = self._running, None
        if begun is not None:
            begun.result()
        _all(self._taken())

    def _taken(self) -> list[Work]:
        waiting, self._waiting = self._waiting, []
        return waiting


def _all(waiting: list[Work]) -> None:
    for work in waiting:
        work()
