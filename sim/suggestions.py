"""The word that was probably meant, for every message about an unknown one."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

MOST_LISTED = 24  # a longer list would hide the message


def nearest(word: object, known: Collection[str]) -> str | None:
    """The known word that was probably meant, if one is near enough."""
    found = get_close_matches(str(word).lower(), known, n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(word: object, known: Collection[str]) -> str:
    """How a message about an unknown word ends: the nearest known one, or all of them when they are few."""
    near = nearest(word, known)
    if near is not None:
        return f", did you mean {near!r}?"
    if not 0 < len(known) <= MOST_LISTED:
        return ""
    return f"; use one of {', '.join(known)}"
