"""What of the caller's environment a child sees: a list of what may pass, never of what may not.

A variable of somebody's shell must not reroute a load (`http_proxy`), change what Locust does (`LOCUST_*`), name
another repository (`GIT_DIR`) or another library (`PYTHONPATH`). An adapter's own settings begin with BEANPEAK_.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

PASSES = re.compile(
    r"PATH | HOME | USER | LOGNAME | SHELL | TMPDIR | TEMP | TMP | TZ | XDG_CACHE_HOME"  # who and where
    r"| LANG | LANGUAGE | LC_\w+"
    r"| SSL_CERT_(FILE|DIR) | PG(PASSWORD|PASSFILE|SSL\w+)"  # how a ledger is reached
    r"| NUMBA_(DISABLE_JIT|CACHE_DIR|NUM_THREADS) | (OMP|OPENBLAS|MKL)_NUM_THREADS | POLARS_MAX_THREADS"
    r"| (LD|DYLD|DYLD_FALLBACK)_LIBRARY_PATH"  # without it some Pythons do not start
    r"| SYSTEMROOT | SYSTEMDRIVE | COMSPEC | PATHEXT | USERPROFILE | APPDATA | LOCALAPPDATA"  # Windows
    r"| COVERAGE_\w+ | BEANPEAK_\w+",
    re.VERBOSE,
)


def environment(told: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child: what may pass of ours, and what it is told."""
    return {name: value for name, value in os.environ.items() if PASSES.fullmatch(name)} | dict(told or {})
