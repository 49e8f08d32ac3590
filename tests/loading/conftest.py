"""Scenario texts to break, and what reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.loading import load_scenario
from sim.scenario import Scenario

Load = Callable[[str], Scenario]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Reads a text as the file bad.toml of the current folder."""
    monkeypatch.chdir(tmp_path)

    def read(text: str) -> Scenario:
        Path("bad.toml").write_text(text, encoding="utf-8")
        return load_scenario("bad.toml")

    return read
