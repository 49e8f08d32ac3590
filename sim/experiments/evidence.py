"""Numbers that only published experiments need, from `evidence.toml`, with unit, source and grade like a parameter."""

from __future__ import annotations

from functools import cache
from importlib import resources

from sim.behaviour.parameters import Parameters, read_parameters


@cache
def load_evidence() -> Parameters:
    """The evidence that comes with the package."""
    text = (resources.files("sim.experiments") / "evidence.toml").read_text(encoding="utf-8")
    return read_parameters(text)
