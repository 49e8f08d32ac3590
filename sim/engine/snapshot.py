"""Snapshots: the state at a barrier as one file of arrays; whole or not there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np


def save_snapshot(path: Path, state: dict[str, dict[str, Any]]) -> None:
    """Write `state` (part → name → array) beside `path` and move it into place when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        np.savez(
            file, **{f"{part}/{name}": value for part, rows in state.items() for name, value in rows.items()}
        )
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def load_snapshot(path: Path) -> dict[str, dict[str, Any]]:
    """Read what `save_snapshot` wrote."""
    state: dict[str, dict[str, Any]] = {}
    with np.load(path, allow_pickle=False) as saved:
        for key in saved.files:
            part, name = key.split("/", 1)
            state.setdefault(part, {})[name] = saved[key]
    return state
