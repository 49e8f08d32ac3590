"""Event ids: what a client computes before it asks."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from sim.ledger.entries import event_id

KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


@given(st.lists(st.tuples(KEYS, KEYS), unique=True, min_size=2, max_size=50))
def test_different_keys_have_different_ids(named: list[tuple[str, str]]) -> None:
    """Whether they end in a number, in several, in zeros, or in none."""
    assert len({event_id(principal, key) for principal, key in named}) == len(named)


@given(KEYS, st.integers(1, 10**14 - 2))
def test_numbered_keys_stand_beside_each_other(prefix: str, number: int) -> None:
    """The id of the next number is the next id, so that an index grows in one place."""
    first, second = (event_id("platform", f"{prefix}:{n}") for n in (number, number + 1))
    assert int.from_bytes(second, "big") - int.from_bytes(first, "big") == 1


def test_zeros_in_front_of_a_number_are_part_of_the_name() -> None:
    """`r:1`, `r:01`, `r:10` and `r:0` are four keys."""
    ids = {event_id("platform", key) for key in ("r:1", "r:01", "r:10", "r:0")}
    assert len(ids) == 4


def test_a_key_without_a_number_is_hashed_whole() -> None:
    """The first sixteen bytes of SHA-256 over principal, a zero byte and the key."""
    assert event_id("ngo-p3", "open") == hashlib.sha256(b"ngo-p3\0open").digest()[:16]
