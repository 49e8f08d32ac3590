"""Histograms and windows: nothing lost on the way from workers to the report."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.latency import LONGEST_US, Merged, Recorder, Windows, figures_ms, hgrm, histogram, make_windows

S = 1_000_000
WINDOWS = Windows((1 * S, 9 * S), {"midnight": (4 * S, 5 * S)})
KINDS = ["GIFT", "DEED"]
Event = tuple[int, int, int, int, int]

events = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 10 * S),
        st.integers(0, 10_000),
        st.integers(0, 3 * S),
        st.integers(1, 2 * S),
    ),
    max_size=60,
)


def recorded(recorder: Recorder, event: Event) -> int:
    """Record kind, due, lag, backlog, service; its intended latency."""
    kind, due, lag, backlog, service = event
    started = due + lag + backlog
    recorder.record(kind, due, due + lag, started, started + service, backlog // 2)
    return lag + backlog + service


@given(st.lists(events, min_size=1, max_size=3), st.integers(1, 9))
def test_merging_over_workers_loses_nothing(workers: list[list[Event]], every: int) -> None:
    """Deltas sent at any moments add up to the final state, and both to one histogram of everything."""
    live, final, together = Merged(), Merged(), histogram()
    for mine in workers:
        recorder = Recorder(WINDOWS, KINDS)
        for k, event in enumerate(mine):
            intended = recorded(recorder, event)
            if WINDOWS.of(event[1]) == "measure":
                together.record_value(intended)
            if k % every == 0:
                live.add(dict(recorder.drain()))
        live.add(dict(recorder.drain()))
        final.add(recorder.final())
    count = sum(len(mine) for mine in workers)
    for merged in (live, final):
        assert merged.count("intended") == merged.count("service") == merged.count("lag") == count
        assert merged.figures("intended") == figures_ms(together)
    assert live.encoded() == final.encoded()


def test_two_may_drain_at_once_and_nothing_leaves_twice() -> None:
    """A periodic report that is overtaken by the final one."""
    recorder = Recorder(WINDOWS, KINDS)
    recorder.record(0, 2 * S, 2 * S, 2 * S, 2 * S + 7, 0)
    slow = recorder.drain()
    first = dict([next(slow)])
    fast = dict(recorder.drain())
    rest = dict(slow)
    assert rest == {}
    assert not first.keys() & fast.keys()
    merged = Merged()
    merged.add(first)
    merged.add(fast)
    assert merged.encoded() == {key: blob for key, blob in recorder.final().items() if key in merged.of}


def test_latency_is_counted_from_the_intended_instant() -> None:
    """Intended = lag + backlog + service, each in its own series."""
    recorder = Recorder(WINDOWS, KINDS)
    recorder.record(0, 2 * S, 2 * S + 3_000, 2 * S + 10_000, 2 * S + 30_000, 4_000)
    merged = Merged()
    merged.add(recorder.final())
    found = {
        one: merged.figures(one)["max"] for one in ("intended", "lag", "backlog", "service", "chain_wait")
    }
    assert found == pytest.approx(
        {"intended": 30, "lag": 3, "backlog": 7, "service": 20, "chain_wait": 4}, rel=2e-3
    )


def test_windows_are_by_due_time_however_late_an_event_ends() -> None:
    """An event due in the measure window that ends after it still counts there."""
    recorder = Recorder(WINDOWS, KINDS)
    for due, service in ((999_999, 5), (1 * S, 5), (8_999_999, 5 * S), (9 * S, 5)):
        recorder.record(0, due, due, due, due + service, 0)
    merged = Merged()
    merged.add(recorder.final())
    counts = {window: merged.scope_count("intended", window) for window in ("warmup", "measure", "cooldown")}
    assert counts == {"warmup": 1, "measure": 2, "cooldown": 1}


def test_kinds_and_named_phases_have_histograms_of_their_own() -> None:
    """Kinds in the measure window only, phases wherever they lie."""
    recorder = Recorder(WINDOWS, KINDS)
    for kind, due in ((0, 0), (0, 2 * S), (1, 4 * S), (1, 5 * S)):
        recorder.record(kind, due, due, due, due + 7, 0)
    merged = Merged()
    merged.add(recorder.final())
    assert merged.scope_count("intended", "kind:GIFT") == 1
    assert merged.scope_count("intended", "kind:DEED") == 2
    assert merged.scope_count("intended", "phase:midnight") == 1
    assert merged.seconds() == [0, 2, 4, 5]


def test_the_warm_up_is_a_tenth_of_the_run_and_at_most_ten_seconds() -> None:
    """Unless a time is given."""
    assert make_windows(20 * S, None, 0).measure_us == (2 * S, 20 * S + 1)
    assert make_windows(600 * S, None, 0).measure_us[0] == 10 * S
    assert make_windows(20 * S, 3, 4).measure_us == (3 * S, 16 * S + 1)


def test_percentiles_keep_three_digits() -> None:
    """Against exact percentiles of the same values."""
    values = np.sort(np.random.default_rng(1).lognormal(8, 1.5, 20_000).astype(int) + 1)
    held = histogram()
    for value in values.tolist():
        held.record_value(value)
    found = figures_ms(held)
    for name, level in (("p50", 50), ("p90", 90), ("p99", 99), ("p999", 99.9)):
        exact = values[round(len(values) * level / 100) - 1] / 1000
        assert found[name] == pytest.approx(exact, rel=2e-3)


def test_no_latency_is_too_long_to_be_recorded() -> None:
    """Beyond ten minutes it counts as ten minutes: a lost sample would flatter."""
    recorder = Recorder(WINDOWS, KINDS)
    recorder.record(0, 2 * S, 2 * S, 2 * S, 2 * S + 2 * LONGEST_US, 0)
    merged = Merged()
    merged.add(recorder.final())
    assert merged.count("intended") == 1
    assert merged.figures("intended")["p50"] == pytest.approx(LONGEST_US / 1000, rel=2e-3)


def test_hgrm_is_the_format_of_the_public_plotter() -> None:
    """Values in milliseconds, percentile, count, and the totals below; the deviation is scaled too."""
    held = histogram()
    for value in (1_000, 2_000, 3_000, 4_000):
        held.record_value(value)
    lines = hgrm(held).decode().splitlines()
    assert lines[0].split() == ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]
    first = lines[2].split()
    assert float(first[0]) == pytest.approx(1, rel=2e-3)
    assert int(first[2]) == 1
    (totals,) = [line for line in lines if line.startswith("#[Mean")]
    assert float(totals.split("=")[1].split(",")[0]) == pytest.approx(2.5, rel=2e-3)
    assert float(totals.split("=")[2].strip(" ]")) == pytest.approx(1.118, rel=1e-2)
