"""How far a run is, on stderr. Nobody has to listen: where stderr cannot be written, the run goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Lock
from typing import IO, TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from sim.engine.outcome import Progress

Watch = Callable[["Progress"], None]
PLAIN_EVERY_S = 5.0
MILLION = 1e6


class Pace:
    """Rate and time left of one replication, from its first report on: what came before was preparation."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.first: tuple[float, Progress] | None = None

    def text(self, progress: Progress) -> str:
        """'2.10 M actions, 1.40 M/s, 0:12 left'."""
        words = f"{progress.actions / MILLION:.2f} M actions"
        if self.first is None:
            self.first = (self.clock(), progress)
            return words
        begun, first = self.first
        took, done = self.clock() - begun, progress.share - first.share
        if took <= 0 or done <= 0:
            return words
        words += f", {(progress.actions - first.actions) / took / MILLION:.2f} M/s"
        left = took * (1 - progress.share) / done
        return words + (f", {clock_text(left)} left" if progress.share < 1 else "")


def clock_text(seconds: float) -> str:
    """Minutes and seconds: 75 → '1:15'."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


class Together:
    """Replications that are simulated side by side or one after the other, as one progress of all of them.

    weights: how long each takes beside the others.
    """

    def __init__(self, weights: Mapping[Hashable, float]) -> None:
        self.weights = weights
        self.shares = dict.fromkeys(weights, 0.0)
        self.actions = dict.fromkeys(weights, 0)
        self.show: Watch | None = None  # who listens at the moment
        self._one = Lock()

    def watch(self, which: Hashable) -> Watch:
        """The watcher of one replication."""

        def watch(progress: Progress) -> None:
            from sim.engine.outcome import Progress

            with self._one:
                self.shares[which], self.actions[which] = progress.share, progress.actions
                done = sum(weight * self.shares[key] for key, weight in self.weights.items())
                whole = sum(self.weights.values())
                if self.show is not None:
                    self.show(
                        Progress(round(MILLION * done), round(MILLION * whole), sum(self.actions.values()))
                    )

        return watch


@contextmanager
def shown(label: str, quiet: bool) -> Iterator[Watch | None]:
    """A watcher that shows on stderr how far it is. Quiet gives none."""
    stderr = Console(stderr=True)
    if quiet:
        yield None
    elif stderr.is_terminal:
        with Bar(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"),
            TextColumn("{task.fields[pace]}"), console=stderr,
        ) as bar:  # fmt: skip
            yield _bar_watch(bar, label)
    else:
        yield plain_watch(label, _write_of(stderr.file), Pace())


def _write_of(stream: IO[str]) -> Callable[[str], object]:
    """Writing lines to a stream that may have been closed at its other end."""

    def write(line: str) -> None:
        with suppress(OSError):
            stream.write(line)
            stream.flush()

    return write


def _bar_watch(bar: Bar, label: str) -> Watch:
    task, pace = bar.add_task(label, total=1.0, pace="preparing"), Pace()

    def watch(progress: Progress) -> None:
        bar.update(task, completed=progress.share, pace=pace.text(progress))

    return watch


def plain_watch(label: str, write: Callable[[str], object], pace: Pace) -> Watch:
    """A line now and then: at once, then every few seconds, and at the end."""
    write(f"{label}: preparing\n")
    due = pace.clock() + PLAIN_EVERY_S

    def watch(progress: Progress) -> None:
        nonlocal due
        words = pace.text(progress)
        if pace.clock() < due and progress.share < 1:
            return
        due = pace.clock() + PLAIN_EVERY_S
        write(f"{label}: {100 * progress.share:.0f} %, {words}\n")

    return watch
