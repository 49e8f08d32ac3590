"""The verdict on one thing that must always hold."""

from __future__ import annotations

from typing import TypedDict


class Check(TypedDict):
    """One invariant: its name, whether it held and what was compared."""

    name: str
    passed: bool
    detail: str
