"""A bound on what will be done: what is asked for is weighed beforehand, and the absurd is refused with a knob."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sim
from loadtests.adapters import Ending
from loadtests.latency import LAST_SECONDS, Merged, Recorder, make_windows
from loadtests.planned import Planned
from loadtests.seconds import MOST_ROWS, heat, per_second
from loadtests.sendlog import RECORD
from loadtests.warp import busiest_second, make_warp
from sim import bounds
from sim.errors import UsageError

S = 1_000_000
DAY_S = 86_400


def clicks(count: int) -> np.ndarray:
    """A click a minute; each is two events, a microsecond apart."""
    first = np.arange(count, dtype=np.int64) * 60 * S
    return np.sort(np.concatenate([first, first + 1]))


@pytest.mark.parametrize("rate", [0.5, 1, 5, 20, 100])
def test_events_of_one_click_do_not_stretch_a_campaign_over_years(rate: float) -> None:
    """At any rate a load lasts about as long as its events at that rate, clicks or not."""
    due = clicks(500)
    for warp in (
        make_warp(due, peak_rate=rate),
        make_warp(due, [(0, 60 * S)], peak_rate=99, floor_rate=rate),
    ):
        assert warp.lasts_s < 2 * len(due) / rate + 10
    wall = make_warp(due, peak_rate=rate).wall_us(due)
    span_s = max(1.0, 20 / rate)
    assert busiest_second(wall, span_s * S) <= rate * span_s + 1


def test_a_load_is_said_before_and_refused_with_the_knob(tmp_path: Path) -> None:
    """Events, time and room in one line; too long is refused, and allowed by the very words of the refusal."""
    warp = make_warp(clicks(500), speed=0.2)
    planned = Planned.of(1_000, warp, 1)
    assert str(planned).startswith("planned: 1,000 events in 42 h; at most ")
    with pytest.raises(UsageError, match="raise --floor-rate.*--longest") as caught:
        planned.insist(tmp_path, bounds.seconds_of("24 h"))
    planned.insist(tmp_path, bounds.seconds_of(str(caught.value).split('--longest "')[1].rstrip('"')))


def test_what_does_not_fit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory and disk, before anything is taken of them."""
    with pytest.raises(UsageError, match="of memory.*fewer --users"):
        Planned(10**12, 1.0, 10, 10**15).insist(tmp_path, 10)
    with pytest.raises(UsageError, match="are free: .*fewer --users"):
        Planned(10**12, 1.0, 10**18, 10).insist(tmp_path / "new" / "folder", 10)
    monkeypatch.setattr(bounds, "free_memory", lambda: None)  # a system that does not tell
    Planned(10**12, 1.0, 10, 10**15).insist(tmp_path, 10)


def test_users_that_do_not_fit_are_told_how_many_would(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in Python, and what is named then fits."""
    monkeypatch.setattr(bounds, "free_memory", lambda: 350_000_000)
    with pytest.raises(UsageError, match="about 900,000 fit here: give --users 900000"):
        sim.simulate("hello", users=2_000_000)
    bounds.insist_on_users(900_000)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30 h", 108_000), ("30h", 108_000), ("90 min", 5_400), ("2 days", 172_800)]
)
def test_longest_is_written_as_times_are(text: str, seconds: float) -> None:
    """With a blank or without."""
    assert bounds.seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.5, "0.5 s"), (90, "90 s"), (7_200, "2.0 h"), (2.6e11, "8,239 years"), (1e30, "million")],
)
def test_times_are_told_as_people_say_them(seconds: float, said: str) -> None:
    """From half a second to more than anybody waits."""
    assert said in bounds.spoken(seconds)


# --- reports of long runs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [0.01, 1, 30, 3_000_000])
def test_a_report_is_as_large_as_its_events_and_not_as_its_time(days: float) -> None:
    """However long a run lasts its rows are bounded, and every event is in one of them."""
    due = np.linspace(0, days * DAY_S * S, 500).astype(np.int64)
    records = np.zeros(len(due), RECORD)
    for name in ("due", "dispatched", "started", "ended"):
        records[name] = due
    records["ended"] += 1_000
    records["attempts"], records["outcome"] = 2, Ending.ACCEPTED
    rows, cells = per_second(due, records), heat(records)
    assert len(rows) <= MOST_ROWS
    assert rows["offered"].sum() == rows["accepted"].sum() == cells["events"].sum() == len(due)
    assert rows["attempts"].sum() == 2 * len(due)
    assert rows["intended_p99_ms"].drop_nulls().to_list() == pytest.approx(
        [1.0] * rows["intended_p99_ms"].count()
    )
    assert set(cells["second"]) <= set(rows["second"])
    assert (rows["second"].diff().drop_nulls() == rows["window_s"][0]).all()
    assert (rows["window_s"][0] == 1) == (days * DAY_S < MOST_ROWS)


def test_histograms_by_the_second_are_forgotten() -> None:
    """A worker and the master hold those of the last minutes; what is reported counts every event."""
    recorder, merged = Recorder(make_windows(10_000 * S, 0.0, 0.0), ["GIFT"]), Merged()
    for second in range(3 * LAST_SECONDS):
        recorder.record(0, second * S, second * S, second * S, second * S + 1_000, 0)
        merged.add(dict(recorder.drain()))
    assert merged.seconds() == list(range(2 * LAST_SECONDS, 3 * LAST_SECONDS))
    assert merged.count("intended") == 3 * LAST_SECONDS
    assert sum("second:" in key for key in recorder.final()) <= LAST_SECONDS
