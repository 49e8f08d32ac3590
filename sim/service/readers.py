"""A few threads that read, each with its own connection; what they read is one commit's state."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sim.ledger.reading import SqlReader

T = TypeVar("T")


class Readers:
    """Runs look-ups beside the writer. Connections are opened when first needed."""

    def __init__(self, connect: Callable[[], SqlReader], threads: int) -> None:
        self._connect = connect
        self._idle: queue.SimpleQueue[SqlReader] = queue.SimpleQueue()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="ledger-reader")

    async def run(self, look_up: Callable[[SqlReader], T]) -> T:
        """What a look-up finds; it runs on another thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._with_reader, look_up)

    async def beside(self, job: Callable[[], T]) -> T:
        """What a job comes to that must not hold up the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, job)

    def _with_reader(self, look_up: Callable[[SqlReader], T]) -> T:
        try:
            reader = self._idle.get_nowait()
        except queue.Empty:
            reader = self._connect()
        try:
            return look_up(reader)
        finally:
            self._idle.put(reader)

    def close(self) -> None:
        """Finish what runs and close every connection."""
        self._pool.shutdown()
        while not self._idle.empty():
            self._idle.get_nowait().close()
