"""Means and 95 % intervals over replications."""

from __future__ import annotations

import math
from collections.abc import Callable

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sim.reporting.statistics import averaged, intervals


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


def cells(*held: dict[str, float | None]) -> pl.DataFrame:
    """Rows of replications, each with its cells: x → value."""
    return pl.DataFrame(
        [
            {"replication": k, "x": x, "value": value}
            for k, one in enumerate(held)
            for x, value in one.items()
        ],
        schema={"replication": pl.Int64, "x": pl.String, "value": pl.Float64},
    )


NAN = float("nan")


@pytest.mark.parametrize(
    "means", [lambda r: intervals(r, ["x"], ["value"], 0.0), lambda r: averaged(r, ["x"], 0.0)]
)
def test_a_cell_that_is_missing_counts_as_one_that_is_zero(
    means: Callable[[pl.DataFrame], pl.DataFrame],
) -> None:
    """Mean and interval are the same, whether a count of nothing was written down or left out."""
    left_out = means(cells({"a": 4.0, "b": 6.0}, {"a": 2.0}, {"a": 3.0, "b": 3.0}))
    written = means(cells({"a": 4.0, "b": 6.0}, {"a": 2.0, "b": 0.0}, {"a": 3.0, "b": 3.0}))
    assert_frame_equal(left_out, written)
    assert written["value"].to_list() == [3.0, 3.0]


def test_what_does_not_apply_is_no_zero() -> None:
    """A mean is over the replications that have a number, and says over how many."""
    got = averaged(cells({"a": 4.0, "b": 6.0, "c": NAN}, {"a": NAN, "b": 2.0}, {"a": 2.0, "b": 4.0}), ["x"])
    assert got["value"].to_list()[:2] == [3.0, 4.0]
    assert math.isnan(got["value"][2])
    assert got["over"].to_list() == [2, 3, 0]
    two = averaged(cells({"a": 4.0}, {"a": 2.0}), ["x"])
    assert got["value_high"][0] == two["value_high"][0]  # as if there were no third


def test_a_number_that_one_replication_has_is_told_beside_a_width_that_none_has() -> None:
    """The columns are the same however many have it."""
    got = averaged(cells({"a": 4.0}, {"a": NAN}, {"a": NAN}), ["x"]).row(0, named=True)
    assert (got["value"], got["over"]) == (4.0, 1)
    assert math.isnan(got["value_low"])
