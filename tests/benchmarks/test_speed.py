"""Speed and size, printed: `make bench`. Ratios within one run are what counts; machines differ.

An action is anything one agent does at one instant: a visit, an order, a deed, every record of the stream.
Choice slots are printed beside them. Measured in child processes, so that each starts with a clean memory.
"""

from __future__ import annotations

import pytest

from sim.kernel.rows import USER
from tests.benchmarks.asked import Figures
from tests.benchmarks.child import measured, show

pytestmark = pytest.mark.bench

SMALL, LARGE = 100_000, 10_000_000


def test_ten_million_users_through_the_95_week(figures: Figures) -> None:
    """The full rules with records and books."""
    measured("compile")
    row = measured("week", str(LARGE))
    show("95 week, 10 M users", row)
    figures.note("95 week, 10 M users", row["wall_s"])
    assert row["actions"] > LARGE


def test_cost_is_flat_in_the_population(figures: Figures) -> None:
    """Cost per action from 100 thousand to 10 million users, and bytes per user."""
    measured("compile")
    rows = {users: measured("day", str(users)) for users in (SMALL, 1_000_000, LARGE)}
    for users, row in rows.items():
        show(f"one day, {users:,} users", row)
    small, large = rows[SMALL], rows[LARGE]
    growth = 1e6 * (large["peak_mb"] - small["peak_mb"]) / (LARGE - SMALL)
    figures.note("cost an action, 10 M ÷ 100 k users", large["action_ns"] / small["action_ns"])
    figures.note("cost in the kernel, 10 M ÷ 100 k users", large["kernel_ns"] / small["kernel_ns"])
    figures.note("state a user", USER.itemsize)
    figures.note("growth a user", growth)
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
