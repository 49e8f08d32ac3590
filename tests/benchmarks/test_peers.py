"""Speed beside peers, printed: `make bench`. The same toy in SimPy, Mesa, mesa-frames and packed; then the full rules.

All peers draw by the same keys, so that they must end with the very same counts; that these are what the toy's rates
promise is checked by each peer itself (`peers/toy.py`).
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.benchmarks.asked import Figures
from tests.benchmarks.child import ROOT, measured, printed, show

pytestmark = pytest.mark.bench

FRAMES = ROOT / ".venv-frames" / "bin" / "python"  # made by `make bench`
PEERS = {
    "SimPy toy": ("processes", sys.executable),
    "Mesa toy": ("events", sys.executable),
    "mesa-frames toy": ("frames", str(FRAMES)),
    "packed toy, one thread": ("packed", sys.executable),
}
MILLION = 1e6


def toy(file: str, python: str, *arguments: str) -> dict[str, Any]:
    """What a peer says of itself."""
    return printed(f"peers/{file}.py", *arguments, python=python)


@pytest.fixture(scope="module")
def simpy_rate() -> float:
    """Actions a second of the SimPy toy, on this machine and now."""
    return float(toy(*PEERS["SimPy toy"])["actions_per_s"])


def test_peers_do_the_same(figures: Figures) -> None:
    """A hundred thousand users for seven days: how fast, and the same counts to the last one."""
    rows = {}
    for name, (file, python) in PEERS.items():
        if python == str(FRAMES) and not FRAMES.exists():
            print(f"\n{name}: not measured: its environment could not be installed")
            continue
        rows[name] = toy(file, python)
        figures.note(name, rows[name]["actions_per_s"] / MILLION)
    assert len({tuple(row["totals"]) for row in rows.values()}) == 1


@pytest.mark.parametrize(("users", "said"), [(200_000, "200 k"), (1_000_000, "1 M")])
def test_the_full_rules_beside_the_simpy_toy(
    users: int, said: str, figures: Figures, simpy_rate: float
) -> None:
    """The 95 week with records and books: overall, in the kernel, and how much of both cores it takes."""
    measured("compile")
    row = measured("week", str(users))
    show(f"95 week, {said} users", row)
    assert row["actions"] > users
    figures.note(f"overall, {said} users ÷ SimPy toy", row["actions_per_s"] / simpy_rate)
    figures.note(f"kernel, {said} users ÷ SimPy toy", row["kernel_actions_per_s"] / simpy_rate)
    if said == "1 M":
        figures.note("overall, 1 M users", row["actions_per_s"] / MILLION)
        figures.note("95 week, 1 M users", row["wall_s"])
        figures.note("user ÷ wall, 1 M users", row["user_per_wall"])
