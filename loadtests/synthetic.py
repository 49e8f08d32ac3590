"""A made-up trace at a constant rate: for the freeze test, benchmarks and trying an adapter. No campaign."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SECOND_US = 1_000_000
ROW = np.dtype([("n", "<u8"), ("due_us", "<i8"), ("chain", "<u4"), ("kind", "u1"), ("amount", "<i8")])


def constant_rate(rate: float, seconds: float, chains: int = 1_000, kinds: int = 1) -> NDArray[np.void]:
    """Evenly spaced rows; neighbours belong to different chains, kinds take turns."""
    count = round(rate * seconds)
    rows = np.zeros(count, ROW)
    rows["n"] = np.arange(count)
    rows["due_us"] = np.rint(np.arange(count) * SECOND_US / rate)
    rows["chain"] = np.arange(count) % chains
    rows["kind"] = np.arange(count) % kinds
    rows["amount"] = 1
    return rows
