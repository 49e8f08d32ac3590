"""The capacity search: a bracket around a knee that is known, and the law that is fitted to its probes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.capacity import CLOSE, bracket, told
from loadtests.usl import FEWEST, Usl, fit
from loadtests.warp import even_warp

from .test_campaign_load import output


@given(knee=st.floats(10, 50_000), start=st.floats(10, 10_000))
def test_the_bracket_holds_the_knee_and_is_narrow(knee: float, start: float) -> None:
    """Wherever the search starts, above or below, it ends with the knee between two rates that are close."""
    low, high = bracket(lambda rate: rate <= knee, start)
    assert low <= knee < high
    assert high / low <= CLOSE


def test_what_never_breaks_has_no_upper_end() -> None:
    """The search is bounded, and says that it found no knee."""
    asked: list[float] = []
    low, high = bracket(lambda rate: not asked.append(rate), 100.0)  # type: ignore[func-returns-value]
    assert high == 0.0
    assert low == max(asked)
    assert len(asked) < 30


def test_points_of_a_known_law_give_it_back() -> None:
    """λ, σ and κ to a part in a thousand, and the N at which throughput is largest."""
    law = Usl(900.0, 0.03, 0.0004, 0.0)
    found = fit([(n, law.throughput(n)) for n in (1, 2, 4, 8, 16, 32, 64)])
    assert found is not None
    assert (found.rate, found.contention, found.coherency) == pytest.approx((900, 0.03, 0.0004), rel=1e-3)
    assert found.best_in_flight == pytest.approx(np.sqrt(0.97 / 0.0004), rel=1e-3)


def test_too_few_or_superlinear_points_have_no_law() -> None:
    """Fewer than six points, or throughput that grows faster than N, are not forced into it."""
    assert fit([(n, 100.0 * n) for n in range(1, FEWEST)]) is None
    assert fit([(n, 100.0 * n**1.5) for n in range(1, 12)]) is None


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=400, unique=True), st.floats(20, 2_000))
def test_an_even_warp_keeps_order_and_rate(instants: list[int], rate: float) -> None:
    """However uneven the campaign, each tenth of a second gets its share, and nobody overtakes anybody."""
    due = np.sort(np.array(instants, np.int64))
    warp = even_warp(due, rate)
    wall = warp.wall_us(due)
    assert (np.diff(wall) >= 0).all()
    assert warp.lasts_s == pytest.approx(len(due) / rate, rel=0.01)


@pytest.mark.nightly
def test_a_search_on_the_real_ledger_ends_with_a_bracket(tmp_path: Path) -> None:
    """Short probes on a fresh ledger each; the report has the bracket, every probe and both ends' repeats."""
    (tmp_path / "tight.toml").write_text(
        "dispatch_lag_p99_ms = 2000\nintended.p99_ms = 30\nerror_ratio = 0\n", encoding="utf-8"
    )
    said = output(
        "capacity", "week95_2022", "--users", "20000", "--slo", "tight.toml", "--start-rate", "400",
        "--warmup", "1", "--measure", "3", "--json", cwd=tmp_path,
    )  # fmt: skip
    found = json.loads(said)
    assert 0 < found["holds"] < found["breaks"] <= found["holds"] * CLOSE
    assert {len(votes) for votes in found["repeats"].values()} == {3}
    assert told(found)
