"""Who sends what: every chain has one worker, every row is sent once, in the order of time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loadtests.schedule import Schedule, hash64, read_schedule, schedule_of
from loadtests.synthetic import constant_rate
from loadtests.warp import make_warp
from sim.errors import UsageError


def schedule(chains: int = 200) -> Schedule:
    """Two thousand rows of so many chains, twice as fast as they were."""
    rows = constant_rate(200, 10, chains)
    return schedule_of(rows, make_warp(rows["due_us"], speed=2), {"kinds": {"0": "GIFT"}})


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_shares_are_a_partition_by_chain(workers: int) -> None:
    """No row twice, none forgotten, no chain at two workers."""
    whole = schedule()
    shares = [whole.share(k, workers) for k in range(workers)]
    assert sorted(np.concatenate(shares).tolist()) == list(range(len(whole)))
    owners = [set(whole.rows["chain"][share].tolist()) for share in shares]
    assert sum(len(chains) for chains in owners) == len(set.union(*owners))


def test_a_share_is_in_the_order_of_time() -> None:
    """Chains are never reordered."""
    whole = schedule()
    for k in range(3):
        share = whole.share(k, 3)
        assert (np.diff(share) > 0).all()
        assert (np.diff(whole.due_us[share]) >= 0).all()


def test_neighbouring_chains_are_spread_evenly() -> None:
    """A thousand chains in a row land on four workers in about equal parts."""
    counts = np.bincount((hash64(np.arange(1_000)) % np.uint64(4)).astype(int), minlength=4)
    assert counts.min() > 200


def test_hash64_is_splitmix64() -> None:
    """Against the reference implementation's first outputs for the seed 1234567."""
    seeds = np.uint64(1234567) + np.arange(3, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    assert hash64(seeds).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_a_schedule_survives_its_folder(tmp_path: Path) -> None:
    """What is mapped is what was written."""
    whole = schedule()
    whole.write(tmp_path)
    back = read_schedule(tmp_path)
    assert (back.rows == whole.rows).all()
    assert (back.due_us == whole.due_us).all()
    assert back.facts == whole.facts
    assert back.kind_names()[:2] == ["GIFT", "1"]


def test_rows_are_read_as_plain_numbers_by_name() -> None:
    """An adapter sees the trace's columns, as Python integers."""
    row = schedule().reader()(7)
    assert (row.n, row.chain, row.due_us) == (7, 7, 35_000)
    assert type(row.n) is int


def test_a_folder_without_a_schedule_is_refused(tmp_path: Path) -> None:
    """And the message says who writes one."""
    with pytest.raises(UsageError, match="holds no schedule"):
        read_schedule(tmp_path)


def test_a_trace_without_its_columns_is_refused() -> None:
    """The missing ones are named."""
    rows = constant_rate(10, 1)[["n", "due_us"]]
    with pytest.raises(UsageError, match="chain, kind"):
        schedule_of(rows, make_warp(rows["due_us"]))
