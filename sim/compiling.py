"""One decorator for every rule: compiled by Numba, or plain Python with NUMBA_DISABLE_JIT=1.

Numba's disk cache only looks at the file of the outermost function, so an edited inner rule would go
unnoticed. The cache therefore lives in a folder named by the hash of every file that can reach the
kernel: a changed rule finds an empty folder.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import numba
import numpy as np

P = ParamSpec("P")
R = TypeVar("R")

PACKAGE = Path(__file__).parent
COMPILED_FOLDERS = ("behaviour", "domain", "engine")


def sources() -> list[Path]:
    """Every file whose text can change compiled code, in a fixed order."""
    files = [
        PACKAGE / "streams.py",
        PACKAGE / "compiling.py",
        PACKAGE / "bookkeeping.py",
        PACKAGE / "arrays.py",
        *(PACKAGE / "ledger" / name for name in ("__init__.py", "accounts.py", "entries.py")),
    ]
    for folder in COMPILED_FOLDERS:
        files += sorted((PACKAGE / folder).glob("*.py"))
    return files


def sources_hash() -> str:
    """Hash of the compiled sources and of the compilers' versions."""
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__}".encode())
    for file in sources():
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled rules are kept: the user's cache, or a temporary folder if that is not writable."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "beanpeak"
    try:
        base.mkdir(parents=True, exist_ok=True)
        if not os.access(base, os.W_OK):
            raise PermissionError(base)
    except OSError:
        base = Path(tempfile.gettempdir()) / "beanpeak-cache"
    return base / sources_hash()


if "NUMBA_CACHE_DIR" not in os.environ:
    numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]


def rule(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a rule (float64, no fastmath, so that plain Python gives the same bits) and keep it on disk."""
    return cast(Callable[P, R], numba.njit(nogil=True, cache=True)(function))
