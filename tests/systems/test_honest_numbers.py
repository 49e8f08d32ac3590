"""Numbers about people are the same with many farmers as with none: what farmers do and take stands beside.

Where there is enough for all, farmers take nothing from people; then no number about people may change at all. Their
gifts do not go round here: the match that those bring a project is spent by it, and trust follows what is spent.
"""

from __future__ import annotations

import pytest
from polars.testing import assert_frame_equal

from sim.observation.catalogue import METRICS
from tests.observation.test_people import MONEY_OF_ALL, OF_EVERYBODY
from tests.systems.runs import Run, run

USERS = 4_000
PLENTY = {
    "pools__main__total": "100_000_000_000 yuan", "pools__beans__total": "100_000_000_000 yuan",
    "redemptions__voucher__stock": 900_000_000, "ngos__recycling_share": 0.0,
}  # fmt: skip
TABLES = ("retention", "deeds", "pledges", "merchants", "hours", "hour_profile")


@pytest.fixture(scope="module")
def many() -> Run:
    """A farmer for every five users, and more come."""
    return run("point_farms", USERS, farmers__share=0.2, **PLENTY)


@pytest.fixture(scope="module")
def none() -> Run:
    return run("point_farms", USERS, farmers__share=0.0, farmers__entry=False, **PLENTY)


@pytest.mark.parametrize("name", [m.name for m in METRICS if m.name not in OF_EVERYBODY])
def test_farmers_change_no_metric_about_people(many: Run, none: Run, name: str) -> None:
    """Participants, deeds, beans, minutes, gifts, costs by heads, retention: to the last digit."""
    assert many.metrics[name] == pytest.approx(none.metrics[name], rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", TABLES)
def test_farmers_change_no_table_about_people(many: Run, none: Run, name: str) -> None:
    """Row by row; all of them are there."""
    assert_frame_equal(many.tables[name], none.tables[name])


def test_farmers_change_no_day_about_people(many: Run, none: Run) -> None:
    """Every column that is no money of sponsors, nor what becomes of it."""
    left_out = [*MONEY_OF_ALL, "pool_left_fen", "disbursed_fen", "helped"]
    assert_frame_equal(many.tables["days"].drop(left_out), none.tables["days"].drop(left_out))


def test_what_farmers_take_stands_beside(many: Run, none: Run) -> None:
    """The honest row of `abuse` is the run without them, and theirs is not small."""
    honest, farmer = many.tables["abuse"].iter_rows(named=True)
    assert "abuse" not in none.tables
    for column in ("beans_issued", "beans_harvested", "beans_donated", "beans_redeemed", "beans_expired"):
        assert honest[column] == none.metrics[column], column
    assert honest["subsidy_fen"] == none.metrics["subsidy_fen"]
    for column in ("accounts", "sessions", "deeds", "beans_issued", "beans_redeemed", "subsidy_fen"):
        assert farmer[column] > 0, column
    assert many.metrics["farmer_beans"] > many.metrics["beans_issued"] > 0
    assert many.metrics["farmer_subsidy_fen"] == farmer["subsidy_fen"]
    assert many.metrics["farmer_accounts"] == farmer["accounts"]
