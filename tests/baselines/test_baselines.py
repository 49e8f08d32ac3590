"""Small runs still give the numbers that were pinned."""

from __future__ import annotations

import pytest

from tests.baselines import RUNS, measured, pinned


@pytest.mark.parametrize("name", RUNS)
def test_a_small_run_gives_its_pinned_numbers(name: str) -> None:
    """Any change of a headline number is a decision: `make baseline` and a line in the changelog."""
    now, before = measured(name), pinned()[name]
    moved = {
        metric: (before.get(metric), now.get(metric))
        for metric in sorted(now.keys() | before.keys())
        if now.get(metric) != before.get(metric)
    }
    assert not moved, f"pinned → now: {moved}"
