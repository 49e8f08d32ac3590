"""Standard output and error that cost nothing: any encoding will do, and nobody has to listen to the end."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ESCAPED = "beanpeak-escaped"


def any_encoding() -> None:
    """Let stdout and stderr show what they cannot encode as an escape, instead of failing over it."""
    codecs.register_error(ESCAPED, _escaped)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=ESCAPED)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    r"""\uXXXX for every letter, two of them beyond U+FFFF, so that JSON stays JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = zip(units[::2], units[1::2], strict=True)
    return "".join(f"\\u{high << 8 | low:04x}" for high, low in pairs), error.end


@contextmanager
def heard_or_not() -> Iterator[None]:
    """What is said inside may meet a closed pipe (`| head`): then nothing more is said, and work goes on."""
    try:
        yield
    except BrokenPipeError:
        hush()
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            hush()


def hush() -> None:
    """Say nothing more on standard output, not even what still waits to be written at the end."""
    with suppress(OSError, ValueError):
        to_nowhere(sys.stdout.fileno())


def to_nowhere(number: int) -> None:
    """What is written to this descriptor from now on is lost. Raises OSError."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
