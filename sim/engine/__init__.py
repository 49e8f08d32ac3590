"""The engine: what conducts. SimPy for the few, the kernel for the many, books for all of them."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """`simulate_once` loads the compilers only when it is asked for."""
    if name == "simulate_once":
        from sim.engine.running import simulate_once

        return simulate_once
    raise AttributeError(name)
