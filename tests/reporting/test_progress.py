"""Progress in plain lines, with rate and time left."""

from __future__ import annotations

from sim.engine.outcome import Progress
from sim.reporting.progress import Pace, Together, clock_text, plain_watch


class Clock:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_rate_and_time_left_start_with_the_first_report() -> None:
    """Preparation before it is not the engine's pace: 2 M actions and a quarter in 2 s leave 6 s."""
    clock = Clock()
    clock.now = 30.0
    pace = Pace(clock)
    pace.text(Progress(0, 100, 0))
    clock.now = 32.0
    assert pace.text(Progress(25, 100, 2_000_000)) == "2.00 M actions, 1.00 M/s, 0:06 left"


def test_the_end_has_nothing_left() -> None:
    """The last line gives the rate alone."""
    clock = Clock()
    pace = Pace(clock)
    pace.text(Progress(0, 100, 0))
    clock.now = 4.0
    assert pace.text(Progress(100, 100, 8_000_000)) == "8.00 M actions, 2.00 M/s"


def test_lines_come_now_and_then() -> None:
    """At once, every few seconds, and at the end; not at every report."""
    clock, lines = Clock(), list[str]()
    watch = plain_watch("hello", lines.append, Pace(clock))
    for second in range(13):
        clock.now = float(second)
        watch(Progress(second, 12, 1_000 * second))
    assert lines[0] == "hello: preparing\n"
    assert [line.split(":")[1].split(",")[0].strip() for line in lines[1:]] == ["42 %", "83 %", "100 %"]


def test_a_minute_has_sixty_seconds() -> None:
    """75 s are 1:15, and 59.6 s are a minute."""
    assert [clock_text(s) for s in (75, 59.6, 0.2)] == ["1:15", "1:00", "0:00"]


def test_a_run_of_no_length_is_not_divided_by() -> None:
    """Nothing to do is nothing done."""
    assert Progress(0, 0, 0).share == 0.0


def test_replications_together_are_one_progress() -> None:
    """Each counts by how long it takes, in whatever order they report; nobody has to listen."""
    together, seen = Together({"short": 1.0, "long": 3.0}), list[Progress]()
    short, long = together.watch("short"), together.watch("long")
    short(Progress(1, 2, 100))
    together.show = seen.append
    long(Progress(10, 20, 1_000))
    short(Progress(2, 2, 200))
    long(Progress(20, 20, 2_000))
    assert [progress.share for progress in seen] == [0.5, 0.625, 1.0]
    assert [progress.actions for progress in seen] == [1_100, 1_200, 2_200]
