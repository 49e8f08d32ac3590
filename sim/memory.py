"""How much memory this process has held."""

from __future__ import annotations

import resource
import sys

KIB_PER_MIB = 1024


def peak_memory_mb() -> float:
    """The largest resident size so far, MiB (Linux counts kiB, macOS bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / KIB_PER_MIB / (KIB_PER_MIB if sys.platform == "darwin" else 1)
