"""The published tables of `sim/data/published.toml`, typed just enough to be read without surprises."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

Table = dict[str, Any]


@cache
def published() -> dict[str, Table]:
    """All tables by name; each holds its `source`."""
    text = (resources.files("sim") / "data" / "published.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
