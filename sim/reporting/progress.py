"""How far a run is: a bar on a terminal, plain lines elsewhere; both on stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from sim.engine.outcome import Progress

Watch = Callable[["Progress"], None]
PLAIN_EVERY_S = 5.0
MILLION = 1e6


class Pace:
    """Rate and time left of one replication. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self.begun = clock, clock()

    def text(self, progress: Progress) -> str:
        """'2.1 M actions, 1.4 M/s, 0:12 left'."""
        took = max(self.clock() - self.begun, 1e-9)
        rate = progress.actions / took
        words = f"{progress.actions / MILLION:.1f} M actions, {rate / MILLION:.2f} M/s"
        if 0 < progress.share < 1:
            words += f", {clock_text(took / progress.share - took)} left"
        return words


def clock_text(seconds: float) -> str:
    """Minutes and seconds: 75 → '1:15'."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


@contextmanager
def shown(name: str, replications: int, quiet: bool) -> Iterator[Callable[[int], Watch | None]]:
    """What gives each replication its watcher. Quiet gives none."""
    console = Console(stderr=True)
    if quiet:
        yield lambda _: None
    elif console.is_terminal:
        with Bar(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"),
            TextColumn("{task.fields[pace]}"), console=console,
        ) as bar:  # fmt: skip
            yield lambda k: _bar_watch(bar, _label(name, k, replications))
    else:
        yield lambda k: plain_watch(_label(name, k, replications), console.file.write, Pace())


def _label(name: str, replication: int, replications: int) -> str:
    return name if replications == 1 else f"{name} {replication + 1}/{replications}"


def _bar_watch(bar: Bar, label: str) -> Watch:
    task, pace = bar.add_task(label, total=1.0, pace="preparing"), Pace()

    def watch(progress: Progress) -> None:
        bar.update(task, completed=progress.share, pace=pace.text(progress))

    return watch


def plain_watch(label: str, write: Callable[[str], object], pace: Pace) -> Watch:
    """A line now and then: on the first call, every few seconds, and at the end."""
    due = pace.clock()

    def watch(progress: Progress) -> None:
        nonlocal due
        if pace.clock() < due and progress.share < 1:
            return
        due = pace.clock() + PLAIN_EVERY_S
        write(f"{label}: {100 * progress.share:.0f} %, {pace.text(progress)}\n")

    return watch
