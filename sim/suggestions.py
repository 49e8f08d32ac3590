"""The word that was probably meant, for every message about an unknown one."""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import SequenceMatcher

MOST_LISTED = 24  # a longer list would hide the message
NEAR = 0.6
_PARTS = re.compile(r"[A-Z]?[^\W_A-Z]+|[A-Z]+|\d+")


def nearest(word: object, known: Collection[str]) -> str | None:
    """The known word that was probably meant, if one is near enough: by its letters, or by its parts in any order."""
    written = str(word)
    scored = [(max(_alike(written.lower(), k), _alike(_sorted(written), _sorted(k))), k) for k in known]
    best, found = max(scored, default=(0.0, ""))
    return found if best >= NEAR else None


def _alike(written: str, known: str) -> float:
    """How much of two words is the same, 0 … 1."""
    return SequenceMatcher(None, known, written).ratio()


def _sorted(word: str) -> str:
    """A word with its parts in the order of the alphabet: users_real, RealUsers → real_users."""
    return "_".join(sorted(part.lower() for part in _PARTS.findall(word)))


def did_you_mean(word: object, known: Collection[str]) -> str:
    """How a message about an unknown word ends: the nearest known one, or all of them when they are few."""
    near = nearest(word, known)
    if near is not None:
        return f", did you mean {near!r}?"
    if not 0 < len(known) <= MOST_LISTED:
        return ""
    return f"; use one of {', '.join(known)}"
