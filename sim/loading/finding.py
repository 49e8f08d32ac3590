"""One breach of a rule, as told to people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sim.loading.lines import Path


@dataclass(frozen=True)
class Finding:
    """One breach: where it is told, what is wrong and what to do, and the other settings it leans on.

    A `*` in a path of `reads` stands for any key.
    """

    path: Path
    problem: str
    reads: tuple[Path, ...] = ()


Findings = Iterator[Finding]
