"""Speed and size, printed: `make bench`. Ratios within one run are what counts; machines differ.

An action is anything one agent does at one instant: a visit, an order, a deed, every record of the stream.
Choice slots are printed beside them. Measured in child processes, so that each starts with a clean memory.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MEASURE = Path(__file__).with_name("measure.py")

pytestmark = pytest.mark.bench


def measured(*arguments: str, **environment: str) -> dict[str, Any]:
    """What `measure.py` prints for these arguments, run in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(MEASURE), *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def show(title: str, row: dict[str, Any]) -> None:
    """One line of the report."""
    print(f"\n{title}: " + " · ".join(f"{name} {value:,.4g}" for name, value in row.items()))


def test_compilation_cold_and_from_cache() -> None:
    """The first run on a machine compiles; the next one loads the machine code from disk."""
    with tempfile.TemporaryDirectory() as cache:
        cold = measured("compile", XDG_CACHE_HOME=cache)
        warm = measured("compile", XDG_CACHE_HOME=cache)
    show("compilation, cold", cold)
    show("compilation, from cache", warm)
    assert warm["compile_s"] < cold["compile_s"]


def test_a_million_users_through_the_95_week() -> None:
    """The full rules with records and books at 1 M users."""
    measured("compile")
    row = measured("week", "1000000")
    show("95 week, 1 M users", row)
    assert row["actions"] > 1_000_000


def test_kernel_cost_is_flat_in_the_population() -> None:
    """Cost per action in the kernel from 100 thousand to 10 million users, and bytes per user."""
    measured("compile")
    rows = {users: measured("day", str(users)) for users in (100_000, 1_000_000, 10_000_000)}
    for users, row in rows.items():
        show(f"one day, {users:,} users", row)
    small, large = rows[100_000], rows[10_000_000]
    growth = 1e6 * (large["peak_mb"] - small["peak_mb"]) / 9_900_000
    show(
        "from 100 k to 10 M",
        {"kernel_ratio": large["kernel_ns"] / small["kernel_ns"], "bytes_a_user": growth},
    )
    assert growth < 200


def test_compiled_against_the_interpreted_reference() -> None:
    """The compiled engine against the reference engine, the same days of the same users."""
    measured("compile")
    fast = measured("small", "5000")
    slow = measured("reference", "5000", NUMBA_DISABLE_JIT="1")
    show("compiled, 5,000 users", fast)
    show("reference, 5,000 users", slow)
    kernel = fast["kernel_actions_per_s"] / slow["kernel_actions_per_s"]
    show("ratio", {"users_played": kernel, "whole_run": fast["actions_per_s"] / slow["actions_per_s"]})
    assert kernel > 10
