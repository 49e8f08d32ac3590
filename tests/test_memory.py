"""The peak of memory that a run reports is its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sim.memory import peak_memory_mb

ROOT = Path(__file__).parents[1]
HELD = 256 << 20


def test_a_small_process_started_by_a_large_one_is_small() -> None:
    """What the parent holds when it starts a run is no part of the run's peak."""
    held = b"\1" * HELD
    child = "from sim.memory import peak_memory_mb; print(peak_memory_mb())"
    done = subprocess.run([sys.executable, "-c", child], cwd=ROOT, capture_output=True, text=True, check=True)
    assert peak_memory_mb() > len(held) / 2**20
    assert 1 < float(done.stdout) < len(held) / 2**20
