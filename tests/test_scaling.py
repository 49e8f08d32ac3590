"""Ten times the users, the same world per head: what is counted per user must not depend on how many there are.

The week at 10,000 and at 100,000 users. What differs between seeds at 10,000 gives the standard error; the
larger runs vary a tenth as much. Peaks, concentration and the share of projects funded depend on how many
there are to be counted, and are only reported with their counts.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from sim.engine import simulate_once
from sim.loading import load_scenario

SMALL, LARGE = 10_000, 100_000
PER_HEAD = (
    "charity_orders_per_user", "yuan_per_charity_order", "charity_share", "beans_per_user", "minutes_per_user",
    "subsidy_per_user", "d1", "d7",
)  # fmt: skip
REPORTED = {"funded_share": "limited projects", "top10_ngo_share": "NGOs", "ngo_gini": "NGOs"}
Sample = dict[str, NDArray[np.float64]]


@cache
def outcome(users: int, seed: int) -> tuple[dict[str, float], dict[str, int]]:
    """The week's metrics, and how many limited projects and NGOs there were."""
    played = simulate_once(load_scenario("week95_2022", overrides={"users": users, "seed": seed}))
    assert played.audit["balanced"]
    rows = played.metrics.filter(pl.col("group") == "").select("metric", "value")
    counts = {
        "limited projects": int(played.tables["projects"]["limited"].sum()),
        "NGOs": len(played.tables["ngos"]),
    }
    return dict(rows.iter_rows()), counts


def sample(users: int, seeds: range) -> Sample:
    """Every metric over some seeds."""
    found = [outcome(users, seed)[0] for seed in seeds]
    return {name: np.array([values[name] for values in found]) for name in found[0]}


def assert_same_per_head(small: Sample, large: Sample) -> None:
    """Means agree within three standard errors of their difference."""
    far = []
    for name in PER_HEAD:
        spread = small[name].std(ddof=1)
        error = spread * np.sqrt(1 / len(small[name]) + SMALL / LARGE / len(large[name]))
        difference = large[name].mean() - small[name].mean()
        if not abs(difference) <= 3 * error:
            far.append(
                f"{name}: {small[name].mean():g} and {large[name].mean():g}, {difference / error:+.1f} errors"
            )
    assert not far, "\n".join(far)


def test_what_is_counted_per_head_does_not_depend_on_how_many_there_are() -> None:
    """Orders, yuan an order, beans, minutes, subsidy and retention: equal at 10,000 and 100,000 users."""
    assert_same_per_head(sample(SMALL, range(1, 7)), sample(LARGE, range(1, 3)))


def test_the_errors_are_small_enough_to_see_a_tenth_of_difference() -> None:
    """The comparison is no empty promise: three errors are less than a tenth of most quantities."""
    small = sample(SMALL, range(1, 7))
    width = {n: 3 * small[n].std(ddof=1) * np.sqrt(1 / 6 + 1 / 20) / small[n].mean() for n in PER_HEAD}
    assert sum(w < 0.1 for w in width.values()) >= 5, width
    assert max(width.values()) < 0.25, width


def test_counts_behind_what_is_only_reported() -> None:
    """Concentration and funded share come with how many projects and NGOs they are taken over."""
    for users in (SMALL, LARGE):
        metrics, counts = outcome(users, 1)
        for name, over in REPORTED.items():
            print(f"{users:>7} users: {name} = {metrics[name]:.3f} over {counts[over]} {over}")
            assert 0.0 <= metrics[name] <= 1.0
    assert [outcome(users, 1)[1]["NGOs"] for users in (SMALL, LARGE)] == [4_000, 4_000]


@pytest.mark.nightly
def test_per_head_over_many_seeds() -> None:
    """The same over twenty seeds at 10,000 users and six at 100,000."""
    assert_same_per_head(sample(SMALL, range(1, 21)), sample(LARGE, range(1, 7)))
