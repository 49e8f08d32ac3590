"""The demonstration that the closed loop exists for."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtests.freeze import Freeze, closed_loop, open_loop

pytestmark = pytest.mark.nightly


def test_a_closed_loop_hides_the_freeze_that_an_open_loop_shows(tmp_path: Path) -> None:
    """The same server frozen for two seconds: users that wait send less and report a p98 without the freeze."""
    freeze = Freeze()
    closed, opened = closed_loop(freeze, tmp_path), open_loop(freeze, tmp_path / "open")
    asked = freeze.rate * freeze.seconds
    assert "demonstration only" in closed["loop"]
    assert closed["requests"] < 0.8 * asked
    assert closed["reported_ms"]["p95"] < 200
    assert opened["counts"]["sent"] == asked
    assert opened["loop"] == "open"
    assert opened["intended_ms"]["p90"] > 1_000
    assert opened["service_ms"]["p90"] < 200
