"""From a trace to a schedule on disk, for Locust started by hand:

python -m loadtests.planning TRACE_FOLDER SCHEDULE_FOLDER --peak-rate 500 --peak 3600..4200
locust -f loadtests/locustfile.py --headless --schedule SCHEDULE_FOLDER --host http://127.0.0.1:8000
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from loadtests.planned import LONGEST_S, Planned
from loadtests.schedule import schedule_of
from loadtests.warp import make_warp, warp_text
from sim.bookkeeping import Kind
from sim.bounds import LONGEST, seconds_of
from sim.doors import writable_folder
from sim.errors import UsageError
from sim.trace import read_trace

SECOND_US = 1_000_000


def parse_peak(text: str) -> tuple[int, int]:
    """Campaign µs of "3600..4200", seconds since the campaign's start. Raises UsageError."""
    try:
        start, end = (round(float(part) * SECOND_US) for part in text.split(".."))
    except (ValueError, OverflowError):
        raise UsageError(
            f"--peak {text}: write it like 3600..4200, seconds since the campaign's start"
        ) from None
    if start >= end:
        raise UsageError(f"--peak {text}: ends before it begins")
    return start, end


def prepare(
    trace_folder: Path,
    folder: Path,
    peaks: list[tuple[int, int]],
    peak_rate: float | None,
    speed: float | None,
    floor_rate: float | None,
    longest_s: float = LONGEST_S,
) -> str:
    """Write the schedule of a trace; the line that every chart will state. Raises UsageError."""
    trace = read_trace(trace_folder)
    rows = trace.rows
    due = rows["due_us"].astype(np.int64)
    warp = make_warp(due, peaks, peak_rate=peak_rate, speed=speed, floor_rate=floor_rate)
    planned = Planned.of(len(trace), warp, 1)
    planned.insist(folder, longest_s)
    writable_folder(folder, "SCHEDULE")
    facts = {**trace.facts, "trace": trace.sha256, "kinds": {int(kind): kind.name for kind in Kind}}
    wall = {f"peak{k + 1}": warp.wall_us(np.array(span, np.int64)).tolist() for k, span in enumerate(peaks)}
    schedule_of(rows, warp, {**facts, "phases": wall}).write(folder)
    return f"{len(rows):,} events in {warp.lasts_s:,.0f} s; {warp_text(warp.as_dict(), trace.facts.get('users'))}"


def main() -> None:
    """Read the arguments, write the schedule, say what it is."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.planning", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("trace", type=Path)
    parser.add_argument("schedule", type=Path)
    parser.add_argument(
        "--peak", action="append", default=[], help="seconds of campaign time, like 3600..4200"
    )
    parser.add_argument("--peak-rate", type=float, help="events in the busiest second of the wall clock")
    parser.add_argument("--speed", type=float, help="campaign seconds per second, instead of --peak-rate")
    parser.add_argument(
        "--floor-rate", type=float, help="most events a second outside peaks (default: R / 5)"
    )
    parser.add_argument("--longest", default=LONGEST, help="what would take longer is refused, as '30 h'")
    asked = parser.parse_args()
    try:
        peaks = [parse_peak(text) for text in asked.peak]
        paces = asked.peak_rate, asked.speed, asked.floor_rate
        print(prepare(asked.trace, asked.schedule, peaks, *paces, seconds_of(asked.longest)))
    except UsageError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
