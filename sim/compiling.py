"""One decorator for every rule: compiled by Numba, or plain Python with NUMBA_DISABLE_JIT=1.

Numba's disk cache only looks at the file of the outermost function, so an edited inner rule would go
unnoticed. The cache therefore lives in a folder named by the hash of every file that can reach the
kernel: a changed rule finds an empty folder. How code is kept and checked: `sim.codecache`.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from functools import update_wrapper
from pathlib import Path
from types import FunctionType
from typing import Any, ParamSpec, TypeVar, cast

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

    float64 and no fastmath, so that plain Python gives the same bits. Arrays belong to whoever calls from Python:
    a rule that does not `make` any counts no references to them. Counting took 40 % of the kernel's time, with
    locked instructions on counters that both cores want.
    """

    def __init__(self, more: list[Path] | None = None, *, makes: bool = False) -> None:
        self.makes = makes
        self.shelf = Shelf(lambda: sources_hash(more))
        self._of: dict[Any, Any] = {}  # plain rule → compiled

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Compile the function when it is first called; with NUMBA_DISABLE_JIT=1 it stays as it is."""
        if SETTINGS.DISABLE_JIT:
            return function
        if function not in self._of:
            body = self._calling_compiled(function)
            self._of[function] = Rule(body, CodeCache(function, self.shelf), self.makes)
        return cast(Callable[P, R], self._of[function])

    def _calling_compiled(self, function: Any) -> Any:
        """The function with the rules of `sim.domain` it calls compiled as well: those know of no compiler."""
        found = {name: function.__globals__.get(name) for name in function.__code__.co_names}
        rules = {name: self(called) for name, called in found.items() if _is_plain_rule(called)}
        if not rules:
            return function
        return update_wrapper(FunctionType(function.__code__, function.__globals__ | rules), function)


def _is_plain_rule(called: Any) -> bool:
    return isinstance(called, FunctionType) and called.__module__.startswith("sim.domain.")


rule = Rules()
making_rule = Rules(makes=True)  # a rule that makes arrays


def table_rule(function: Callable[P, R]) -> Callable[P, R]:
    """A rule that the engine hands its tables: when it stays plain Python, it reads them as compiled code does."""
    return over_plain_tables(function) if SETTINGS.DISABLE_JIT else rule(function)


def making_table_rule(function: Callable[P, R]) -> Callable[P, R]:
    """A table rule that makes arrays."""
    return over_plain_tables(function) if SETTINGS.DISABLE_JIT else making_rule(function)
