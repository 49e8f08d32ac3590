"""The catalogue of metrics and its page."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import UsageError
from sim.observation.catalogue import METRICS
from sim.reporting.metrics import markdown, metric

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
# What the design promises at least.
PROMISED = [
    "participants",
    "actions",
    "new_players",
    "d1",
    "d7",
    "orders",
    "charity_orders",
    "charity_share",
    "pledged_fen",
    "confirmed_fen",
    "gifts",
    "gift_fen",
    "matched_fen",
    "beans_issued",
    "beans_harvested",
    "beans_donated",
    "beans_redeemed",
    "beans_expired",
    "beans_revoked",
    "minutes_labour",
    "minutes_donated",
    "general_participation",
    "subsidy_fen",
    "subsidy_per_participant",
    "overrun",
    "farmer_share",
    "wrongly_blocked",
    "top1_ngo_share",
    "top10_ngo_share",
    "ngo_gini",
    "funded_share",
    "pool_empty_at",
    "peak_10s",
    "viewable_share",
    "helped",
]


def test_the_page_is_generated_from_the_catalogue() -> None:
    """docs/metrics.md says what the code says; `make docs` refreshes it."""
    assert PAGE.read_text(encoding="utf-8") == markdown()


@pytest.mark.parametrize("name", PROMISED)
def test_every_promised_metric_is_explained(name: str) -> None:
    """Each has a unit and a definition."""
    assert metric(name).unit
    assert len(metric(name).definition) > len(name)


def test_names_are_unique() -> None:
    """A name means one thing."""
    names = [m.name for m in METRICS]
    assert len(set(names)) == len(names)


def test_an_unknown_name_suggests_the_nearest() -> None:
    """A slip of the pen costs no search."""
    with pytest.raises(UsageError) as caught:
        metric("charity_order")
    assert "did you mean 'charity_orders'?" in str(caught.value)
