"""The stream of actions: one order, one digest; and the tallies counted beside it."""

from __future__ import annotations

import hashlib
from collections import defaultdict

import numpy as np
import pytest

from sim.bookkeeping import POSTINGS, Kind, Role
from sim.engine.actions import ACTION, CHUNK, USED_BYTES, Actions, chain, empty, join, roles, sort_stream
from sim.kernel import tallies
from sim.kernel.witness import count_rows
from tests.plainbooks import row, stream


def shuffled(count: int, seed: int) -> Actions:
    """Rows with few distinct instants, agents and kinds, so that every sorting key decides somewhere."""
    rng = np.random.default_rng(seed)
    rows = empty(count)
    rows["t"] = rng.integers(0, max(count // 4, 1), count)
    rows["kind"] = rng.choice([Kind.SETTLE, Kind.GIFT, Kind.PAYOUT], count)
    rows["agent"] = rng.integers(0, 2, count)
    rows["number"] = rng.permutation(count)
    return rows


@pytest.mark.parametrize("count", [0, 1, 2, 50, 4000])
def test_the_stream_has_one_order(count: int) -> None:
    """Sorted by (t, role, agent, number), whatever order the rows came in; no row is lost."""
    rows = shuffled(count, seed=5)
    ordered = sort_stream(rows)
    keys = list(zip(ordered["t"], roles(ordered), ordered["agent"], ordered["number"], strict=True))
    assert keys == sorted(zip(rows["t"], roles(rows), rows["agent"], rows["number"], strict=True))
    assert (sort_stream(rows[::-1]) == ordered).all()


def test_a_row_is_72_bytes_and_roles_are_looked_up() -> None:
    """Its role follows from its kind alone, 255 where there is no such kind."""
    assert ACTION.itemsize == 72
    kinds = np.zeros(3, ACTION)
    kinds["kind"] = [Kind.SETTLE, Kind.GIFT, 0]
    assert roles(kinds).tolist() == [Role.SYSTEM, Role.USER, 255]


def test_joined_parts_are_the_rows_in_order() -> None:
    """Joining keeps every column of every row."""
    rows = shuffled(40, seed=1)
    assert (join(rows[:7], rows[7:7], rows[7:]) == rows).all()


def test_the_chain_sees_every_column() -> None:
    """The digest of a stream changes with any value and with the past, and not with what lies between values."""
    rows = shuffled(CHUNK + 3, seed=2)
    digest = chain(b"", rows)
    padded = rows.copy()
    padded.view(np.uint8).reshape(len(rows), ACTION.itemsize)[:, USED_BYTES:] += 1
    assert chain(b"", padded) == chain(b"", rows)
    assert chain(b"before", rows) != digest
    for column in ACTION.names or ():
        changed = rows.copy()
        changed[column][-1] += 1
        assert chain(b"", changed) != digest, column


def test_the_chain_is_sha256_over_the_rows_bytes() -> None:
    """Known by its definition: previous digest, then the bytes of each row's columns."""
    rows = shuffled(3, seed=3)
    raw = b"".join(one.tobytes()[:USED_BYTES] for one in rows)
    assert chain(b"seed", rows) == hashlib.sha256(b"seed" + raw).digest()


# --- tallies --------------------------------------------------------------------------------


def test_tallies_are_numbered_in_their_order() -> None:
    """Each name is a module constant that says where its count stands; none is left out."""
    constants = {name: at for name, at in vars(tallies).items() if name.isupper() and type(at) is int}
    del constants["COUNT"]
    assert [constants[name.upper()] for name in tallies.TALLIES] == list(range(tallies.COUNT))
    assert len(constants) == tallies.COUNT


def test_rows_of_users_are_left_to_the_kernel() -> None:
    """`count_rows` may be given a whole stream: it never counts twice what the kernel counts."""
    seen: dict[str, int] = defaultdict(int)
    for kind in POSTINGS:
        tally = tallies.fresh()
        count_rows(tally, stream([row(kind, 0, fen=3, beans=3, minutes=3, match=3, price=3, pool=1)]))
        for k in np.flatnonzero(tally):
            seen[tallies.TALLIES[k]] += int(tally[k])
    first = tallies.OPENED_GROWING
    assert seen == {
        name: 3
        for name in tallies.TALLIES[first:]
        if name
        not in ("opened_donated", "granted_donated", "recycled_fen", "beans_promised", "messages", "badges")
    }
