"""One decorator for every rule: compiled by Numba, or plain Python with NUMBA_DISABLE_JIT=1.

Numba's disk cache only looks at the file of the outermost function, so an edited inner rule would go
unnoticed. The cache therefore lives in a folder named by the hash of every file that can reach the
kernel: a changed rule finds an empty folder. How code is kept and checked: `sim.codecache`.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import numba
import numpy as np

from sim.codecache import SETTINGS, CodeCache, Shelf
from sim.linking import Rule
from sim.plainly import over_plain_tables

P = ParamSpec("P")
R = TypeVar("R")

PACKAGE = Path(__file__).parent
COMPILED_FOLDERS = ("behaviour", "domain", "kernel")


def sources() -> list[Path]:
    """Every file whose text can change compiled code, in a fixed order."""
    files = [
        PACKAGE / "streams.py",
        PACKAGE / "compiling.py",
        PACKAGE / "linking.py",
        PACKAGE / "borrowing.py",
        PACKAGE / "bookkeeping.py",
        PACKAGE / "arrays.py",
        PACKAGE / "spans.py",
        *(PACKAGE / "ledger" / name for name in ("__init__.py", "accounts.py", "entries.py")),
    ]
    for folder in COMPILED_FOLDERS:
        files += sorted((PACKAGE / folder).glob("*.py"))
    return files


def sources_hash(more: list[Path] | None = None) -> str:
    """Hash of the compiled sources, of `more` files, and of the compilers' versions."""
    versions = (sys.implementation.cache_tag, numba.__version__, np.__version__)
    digest = hashlib.sha256(" ".join(map(str, versions)).encode())
    for file in [*sources(), *(more or [])]:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


class Rules:
    """A decorator for rules whose code is kept by the text of `sources` and `more` files.

    float64 and no fastmath, so that plain Python gives the same bits.
    """

    def __init__(self, more: list[Path] | None = None) -> None:
        self.shelf = Shelf(lambda: sources_hash(more))

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Compile the function when it is first called; with NUMBA_DISABLE_JIT=1 it stays as it is."""
        if SETTINGS.DISABLE_JIT:
            return function
        return cast(Callable[P, R], Rule(function, CodeCache(function, self.shelf)))


rule = Rules()


def table_rule(function: Callable[P, R]) -> Callable[P, R]:
    """A rule that the engine hands its tables: when it stays plain Python, it reads them as compiled code does."""
    return over_plain_tables(function) if SETTINGS.DISABLE_JIT else rule(function)
