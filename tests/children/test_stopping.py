"""Being asked to end: three signals, one meaning."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from sim.stopping import SIGNALS, asked_to_stop, heeded, signals_interrupt


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Whatever a test does, the handlers are as before."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_each_is_noted_first(number: int) -> None:
    """And the next one interrupts, whichever it is."""
    with signals_interrupt(), pytest.raises(KeyboardInterrupt), asked_to_stop() as stop:  # noqa: PT012
        assert not stop()
        os.kill(os.getpid(), number)
        assert stop()
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("number", SIGNALS)
def test_each_interrupts_what_does_not_ask(number: int) -> None:
    """As Ctrl-C does; afterwards everything is as before."""
    before = {one: signal.getsignal(one) for one in SIGNALS}
    with pytest.raises(KeyboardInterrupt), signals_interrupt():
        os.kill(os.getpid(), number)
    assert {one: signal.getsignal(one) for one in SIGNALS} == before


def test_a_terminal_is_closed_only_once() -> None:
    """Shell and system both say so: the second word is not impatience."""
    with signals_interrupt(), asked_to_stop() as stop:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)
        assert stop()


@pytest.mark.parametrize("number", SIGNALS)
def test_what_the_caller_ignores_stays_ignored(number: int) -> None:
    """`nohup`, and jobs in the background of a script."""
    signal.signal(number, signal.SIG_IGN)
    with signals_interrupt(), asked_to_stop() as stop:
        assert number not in heeded()
        os.kill(os.getpid(), number)
        assert not stop()
    assert signal.getsignal(number) is signal.SIG_IGN
