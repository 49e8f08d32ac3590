"""A measurement in a process of its own, so that each begins with a clean memory."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Spent:
    """What a command took: seconds of the clock, and of the processor with all of its children."""

    wall_s: float
    cpu_s: float
    said: str


def spent(command: Sequence[str | Path], folder: Path = ROOT, **environment: str) -> Spent:
    """Run a command to its end, which has to be a good one."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder, capture_output=True, text=True, check=False, env=os.environ | environment,
    )  # fmt: skip
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Spent(wall, cpu, done.stdout)


def printed(script: str, *arguments: str, python: str = sys.executable, **environment: str) -> dict[str, Any]:
    """The JSON object on the last line of a script beside this page."""
    return dict(json.loads(spent([python, HERE / script, *arguments], **environment).said.splitlines()[-1]))


def measured(*arguments: str, **environment: str) -> dict[str, Any]:
    """What `measure.py` prints for these arguments."""
    return printed("measure.py", *arguments, **environment)


def show(title: str, row: dict[str, Any]) -> None:
    """One line of the report."""
    print(f"\n{title}: " + " · ".join(f"{name} {value:,.4g}" for name, value in row.items()))
