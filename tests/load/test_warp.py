"""Time warp: one speed for the peak, a floor elsewhere, no event lost or reordered."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from loadtests.warp import busiest_second, make_warp, warp_from, warp_text
from sim.errors import UsageError

S = 1_000_000
MINUTE = 60 * S


def spread(rate: float, start_s: float, end_s: float) -> NDArray[np.int64]:
    """Evenly spaced instants in µs."""
    return np.rint(np.arange(start_s * S, end_s * S, S / rate)).astype(np.int64)


def quiet_peak_quiet() -> NDArray[np.int64]:
    """2 a second for ten minutes, 20 a second for one minute, 2 a second for ten minutes."""
    return np.concatenate([spread(2, 0, 600), spread(20, 600, 660), spread(2, 660, 1260)])


def test_the_peak_reaches_the_asked_rate_and_no_second_exceeds_it() -> None:
    """R is the rate of the busiest second of the wall clock."""
    due = quiet_peak_quiet()
    wall = make_warp(due, [(600 * S, 660 * S)], peak_rate=500).wall_us(due)
    assert 450 <= busiest_second(wall) <= 501  # one more where rounding to µs joins neighbours


def test_other_stretches_keep_below_the_floor_rate() -> None:
    """A fifth of R unless it is given."""
    due = quiet_peak_quiet()
    for floor, most in ((None, 100), (40, 40)):
        warp = make_warp(due, [(600 * S, 660 * S)], peak_rate=500, floor_rate=floor)
        outside = [s for s in warp.stretches if not s.peak]
        assert len(outside) == 2
        for stretch in outside:
            wall = warp.wall_us(due[(due >= stretch.start_us) & (due < stretch.end_us)])
            assert 0.85 * most <= busiest_second(wall) <= most + 1


def test_a_stretch_lasts_its_length_divided_by_its_speed() -> None:
    """Speed is campaign seconds per second of the wall clock."""
    due = spread(10, 0, 100)
    warp = make_warp(due, speed=4)
    assert warp.lasts_s == pytest.approx(25, rel=0.01)
    assert warp.wall_us(np.array([40 * S])).tolist() == [10 * S]
    assert warp.campaign_us(np.array([10 * S])).tolist() == [40 * S]
    assert warp_from(warp.as_dict()) == warp


def test_without_rate_and_speed_time_is_not_warped() -> None:
    """Every stretch is played as it was, with peaks or without."""
    due = quiet_peak_quiet()
    for peaks in ([], [(600 * S, 660 * S)]):
        warp = make_warp(due, peaks)
        assert (warp.wall_us(due) == due).all()


@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=60),
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), max_size=4),
    st.floats(60, 2000),
)
def test_the_map_is_monotone_and_total(
    instants: list[int], peaks: list[tuple[int, int]], rate: float
) -> None:
    """Whatever the windows (overlapping, empty, outside), every event is due once and in the old order."""
    due = np.sort(np.array(instants, np.int64))
    wall = make_warp(due, peaks, peak_rate=rate).wall_us(due)
    assert wall[0] == 0
    assert (np.diff(wall) >= 0).all()


def test_the_busiest_second_is_found_wherever_it_begins() -> None:
    """Not on a grid: three events around the turn of a second count together."""
    assert busiest_second(np.array([0, 900_000, 1_000_000, 1_100_000, 5_000_000])) == 3


def test_a_burst_at_one_instant_does_not_slow_what_is_around_it() -> None:
    """A settlement of a thousand events: the others keep their rate, the burst comes on top and is reported."""
    alone = np.arange(0, 100 * S, S // 10, dtype=np.int64)
    burst = np.sort(np.concatenate([alone, np.full(1_000, 50 * S, np.int64)]))
    plain, settled = (make_warp(due, peak_rate=50) for due in (alone, burst))
    assert settled.lasts_s == pytest.approx(plain.lasts_s, rel=0.01)
    assert settled.busiest.rate == pytest.approx(plain.busiest.rate + 1_000, abs=2)


@pytest.mark.parametrize(
    ("due", "settings", "message"),
    [
        ([], {}, "holds no event"),
        ([5, 4], {}, "not in the order of time"),
        ([1, 2], {"peak_rate": 5.0, "speed": 2.0}, "give one of them"),
        ([1, 2], {"peak_rate": -1.0}, "must be greater than 0"),
    ],
)
def test_what_cannot_be_warped_is_refused(due: list[int], settings: dict[str, float], message: str) -> None:
    """With words that say what to do."""
    with pytest.raises(UsageError, match=message):
        make_warp(np.array(due, np.int64), **settings)  # type: ignore[arg-type]


def test_the_text_for_charts_names_users_warp_and_both_rates() -> None:
    """Nobody may read a warped chart as real time."""
    due = quiet_peak_quiet()
    warp = make_warp(due, [(600 * S, 660 * S)], peak_rate=500).as_dict()
    for zh in (False, True):
        text = warp_text(warp, 5_000, zh)
        assert "5,000" in text
        assert f"w = {warp['peak_speed']:.3g}" in text
        assert "R = 500" in text
        assert "20" in text
