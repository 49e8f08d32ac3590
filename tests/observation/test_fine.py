"""What is only known by the minute is not told by the second, and what was not measured is not told."""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np
import polars as pl
import pytest

from sim.engine.campaign import Campaign
from sim.observation.recorder import Recorder
from sim.spans import DAY_US, HOUR_US, MINUTE_US
from tests.systems.runs import scenario

EVE, DAY = "2018-11-10T23:00:00+08:00", "2018-11-11T{}:00:00+08:00"
WINDOWS = {
    "none": [],
    "another day": [("2018-11-01T00:00:00+08:00", "2018-11-02T00:00:00+08:00")],
    "the first hour": [(DAY.format("00"), DAY.format("01"))],
    "the day": [(EVE, "2018-11-12T00:00:00+08:00")],
    "two apart": [(DAY.format("00"), DAY.format("02")), ("2018-11-20T06:00:00+08:00", "2018-11-20T07:00:00+08:00")],
}  # fmt: skip


@pytest.fixture(scope="module")
def seen() -> dict[str, Recorder]:
    """The same festival, watched closely here and there: it is the same whoever watches."""
    recorders = {}
    for name, windows in WINDOWS.items():
        times = [[datetime.fromisoformat(at) for at in window] for window in windows]
        fine = [{"start": start, "end": end, "barrier": "1 h"} for start, end in times]
        campaign = Campaign(scenario("festival", 1_500, changes={"clock.fine": fine}), workers=1)
        campaign.run()
        campaign.population.close()
        recorders[name] = campaign.recorder
    return recorders


def peak(recorder: Recorder) -> float:
    return recorder.totals()["peak_10s"]


@pytest.mark.parametrize("name", ["none", "another day"])
def test_without_a_fine_window_on_the_day_there_is_no_peak_of_ten_seconds(
    seen: dict[str, Recorder], name: str
) -> None:
    """Orders are counted by the minute there: a minute's orders are no ten seconds'."""
    assert math.isnan(peak(seen[name]))


def test_a_window_around_the_peak_finds_the_peak_of_the_day(seen: dict[str, Recorder]) -> None:
    """Over the mean of the whole day, however little of it was watched by the second."""
    assert peak(seen["the first hour"]) == peak(seen["two apart"]) == peak(seen["the day"]) > 1


def test_the_curve_has_the_instants_that_were_measured(seen: dict[str, Recorder]) -> None:
    """A published instant within a minute is known where seconds are; one that ends a minute is known anywhere."""

    def curve(name: str) -> dict[int, float]:
        frame = seen[name].tables()["festival_curve"]
        return dict(zip(frame["after_s"], frame["simulated"], strict=True))

    whole = curve("the day")
    for name in WINDOWS:
        assert curve(name) == {s: share for s, share in whole.items() if s in curve(name)}, name
    festival = seen["the day"].world.scenario.festivals["double11"]
    assert sorted(whole) == [p.after // 1_000_000 for p in festival.curve if p.published]
    assert set(curve("none")) == {s for s in whole if s % 60 == 0}
    assert set(curve("the first hour")) == {s for s in whole if s % 60 == 0 or s <= 3_600}


def test_minutes_are_those_of_the_windows(seen: dict[str, Recorder]) -> None:
    """Each stretch is there minute by minute, and nothing between two of them."""
    recorder = seen["two apart"]
    minutes = recorder.tables()["minutes"]["t"].to_numpy() // MINUTE_US
    festival = recorder.world.festival_day * DAY_US // MINUTE_US
    wanted = np.concatenate([festival + np.arange(120), festival + 9 * 1_440 + 6 * 60 + np.arange(60)])
    assert minutes.tolist() == wanted.tolist()
    assert "minutes" not in seen["none"].tables()


@pytest.mark.parametrize("name", [name for name in WINDOWS if WINDOWS[name]])
def test_the_minutes_of_an_hour_add_up_to_it(seen: dict[str, Recorder], name: str) -> None:
    """Visits, orders and donations alike."""
    tables = seen[name].tables()
    by_hour = tables["minutes"].group_by(pl.col("t") // HOUR_US * HOUR_US).sum()
    hours = tables["hours"].filter(pl.col("t").is_in(by_hour["t"].implode()))
    assert len(hours) >= 1
    for column in ("visits", "orders", "charity_orders", "pledged_fen", "confirmed_fen"):
        assert tables["minutes"][column].sum() == hours[column].sum(), column
