"""Compiled functions of the audit, kept on disk in a folder named by the text of all of them.

Numba's cache looks only at the file of the function it keeps, and what a compiled function calls and the constants it
uses are frozen into it. A changed file finds an empty folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import numba

from sim.compiling import cache_folder

P = ParamSpec("P")
R = TypeVar("R")

SOURCES = [
    file
    for folder in (Path(__file__).parent, Path(__file__).parents[1] / "rerun")
    for file in sorted(folder.glob("*.py"))
]
HASH = hashlib.sha256(b"\0".join(file.read_bytes() for file in SOURCES)).hexdigest()[:16]


def rule(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function when it is first called; with NUMBA_DISABLE_JIT=1 it stays plain Python."""
    before = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    numba.config.CACHE_DIR = str(cache_folder() / HASH)  # type: ignore[attr-defined]
    try:
        return cast(Callable[P, R], numba.njit(nogil=True, cache=True)(function))
    finally:
        numba.config.CACHE_DIR = before  # type: ignore[attr-defined]
