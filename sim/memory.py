"""How much memory this process has held."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

KIB_PER_MIB = 1024
STATUS = Path("/proc/self/status")  # Linux


def peak_memory_mb() -> float:
    """The largest resident size so far, MiB.

    Linux lets a child begin with the `ru_maxrss` of the process that started it, however small it is itself:
    a run started by a large process would seem to need nothing. What the kernel says of the program is its own.
    """
    if STATUS.exists():
        peaks = [line.split()[1] for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:")]
        if peaks:
            return int(peaks[0]) / KIB_PER_MIB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kiB, on macOS bytes
    return peak / KIB_PER_MIB / (KIB_PER_MIB if sys.platform == "darwin" else 1)
