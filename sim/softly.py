"""Decoration of what is whole already: figures, summaries, facts from git. It may fail, with one line.

A result has its digest, books, tables and verdict, and its final name, before anything here is begun.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

MOST = 200  # letters of a reason


@contextmanager
def softly(what: str, again: str = "") -> Iterator[list[Exception]]:
    """Whatever fails inside costs one line on stderr: what is missing, why, and how to make it `again`.

    Ctrl-C passes: who presses it wants the end, and the result is whole already. What failed is in the list.
    """
    failed: list[Exception] = []
    try:
        yield failed
    except Exception as error:
        failed.append(error)
        reason = " ".join(str(error).split())[:MOST] or "no reason given"
        hint = f"; `{again}` makes it again" if again else ""
        warn(f"{what}: left out: {type(error).__name__}: {reason}{hint}")


def warn(line: str) -> None:
    """One line on stderr, whatever stderr can show, and if anybody reads it."""
    encoding = getattr(sys.stderr, "encoding", None) or "ascii"
    with suppress(OSError):
        print(line.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr, flush=True)
