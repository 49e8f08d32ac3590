"""Decoration of what is whole already: figures, summaries, facts from git. It may fail, with one line.

A result has its digest, books, tables and verdict, and its final name, before anything here is begun.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

MOST = 200  # letters of a reason


@contextmanager
def softly(what: str, again: str = "") -> Iterator[None]:
    """Whatever fails inside costs one line on stderr: what is missing, why, and how to make it `again`.

    Ctrl-C passes: who presses it wants the end, and the result is whole already.
    """
    try:
        yield
    except Exception as error:
        reason = " ".join(str(error).split())[:MOST] or "no reason given"
        hint = f"; `{again}` makes it again" if again else ""
        warn(f"{what}: left out: {type(error).__name__}: {reason}{hint}")


def warn(line: str) -> None:
    """One line on stderr, whatever stderr can show."""
    encoding = getattr(sys.stderr, "encoding", None) or "ascii"
    print(line.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr, flush=True)
