"""The word that was meant is found by its letters, or by its parts in any order."""

from __future__ import annotations

import pytest

from sim.suggestions import did_you_mean, nearest

KNOWN = ["title", "users", "real_users", "start", "length", "seed", "summary"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("users_real", "real_users"), ("user_real", "real_users"), ("realUsers", "real_users"),
        ("real-users", "real_users"), ("REAL_USERS", "real_users"), ("lenght", "length"), ("user", "users"),
        ("xyzzy", None), ("", None),
    ],
)  # fmt: skip
def test_the_word_that_was_meant_is_found(written: str, meant: str | None) -> None:
    """Parts in another order, another way to join them, a slip of the pen."""
    assert nearest(written, KNOWN) == meant


def test_without_a_near_word_all_are_listed_when_they_are_few() -> None:
    """Nothing is guessed."""
    assert did_you_mean("xyzzy", KNOWN) == f"; use one of {', '.join(KNOWN)}"
    assert did_you_mean("xyzzy", []) == ""
