"""How a command is asked to end: Ctrl-C, SIGTERM, or a terminal that was closed (SIGHUP), all in the same way.

What the caller ignores stays ignored (`nohup`, jobs in the background of a script). A second Ctrl-C or SIGTERM
does not wait. A terminal is closed only once: shell and system both say so, and that is no second time.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from sim.standard import to_nowhere

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
HANG_UP = getattr(signal, "SIGHUP", None)
STANDARD = (1, 2)

Handler = Callable[[int, FrameType | None], Any]


def heeded() -> list[signal.Signals]:
    """The signals that end this process: without those that its caller ignores. Only the main thread has any."""
    if threading.current_thread() is not threading.main_thread():
        return []
    strange = (signal.SIG_IGN, None)  # None: whoever embeds Python listens
    return [number for number in SIGNALS if signal.getsignal(number) not in strange]


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Every such signal raises KeyboardInterrupt, as Ctrl-C does: there is one way to end early."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    with _handled(interrupt):
        yield


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether it was asked to end. The first time is only noted, the second interrupts at once."""
    asked = False
    before = {number: signal.getsignal(number) for number in heeded()}

    def note(noted: int, _frame: object) -> None:
        nonlocal asked
        asked = True
        for number, handler in before.items():
            if number != noted or number != HANG_UP:
                signal.signal(number, handler)

    with _handled(note):
        yield lambda: asked


@contextmanager
def _handled(handler: Handler) -> Iterator[None]:
    terminals = [number for number in STANDARD if os.isatty(number)]

    def heard(number: int, frame: FrameType | None) -> None:
        if number == HANG_UP:
            signal.signal(number, signal.SIG_IGN)
            _speak_to_nobody(terminals)
        handler(number, frame)

    before = {number: signal.signal(number, heard) for number in heeded()}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _speak_to_nobody(terminals: list[int]) -> None:
    """What is said to a terminal that is gone would be an error; now it goes nowhere."""
    for number in terminals:
        if not os.isatty(number):
            to_nowhere(number)
