"""Means and 95 % intervals over replications."""

from __future__ import annotations

import math

import polars as pl
import pytest

from sim.reporting.statistics import intervals


def rows(values: list[float], x: str = "a") -> pl.DataFrame:
    return pl.DataFrame({"replication": range(len(values)), "x": [x] * len(values), "value": values})


def test_the_interval_is_students() -> None:
    """1, 2, 3: mean 2, half width 4.3027 · 1 / √3 (Student's t with 2 degrees of freedom)."""
    got = intervals(rows([1.0, 2.0, 3.0]), ["x"], ["value"]).row(0, named=True)
    assert got["value"] == 2.0
    assert got["value_high"] - 2.0 == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    assert 2.0 - got["value_low"] == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)


def test_one_replication_has_no_interval() -> None:
    """Values go through as they are."""
    got = intervals(rows([7.0]), ["x"], ["value"])
    assert got.columns == ["x", "value"]
    assert got["value"].to_list() == [7.0]


def test_a_group_seen_once_has_no_width() -> None:
    """Its mean stands, its limits are not numbers."""
    both = pl.concat([rows([1.0, 3.0]), rows([5.0], "b")])
    got = intervals(both, ["x"], ["value"])
    assert got["value"].to_list() == [2.0, 5.0]
    assert math.isnan(got["value_low"][1])


def test_groups_keep_their_order() -> None:
    """The first seen comes first, not the smallest."""
    both = pl.concat([rows([1.0, 3.0], "z"), rows([5.0, 6.0], "b")])
    assert intervals(both, ["x"], ["value"])["x"].to_list() == ["z", "b"]
