"""Pinned headline numbers of small runs: drift is a decision, taken with `make baseline`."""

from __future__ import annotations

import json
import math
from pathlib import Path

import polars as pl

RUNS = {"hello": 5_000, "week95_2022": 2_000, "zhejiang_account": 2_000}
FILE = Path(__file__).with_name("pinned.json")


def measured(name: str) -> dict[str, float]:
    """The run totals of one scenario at its baseline size, rounded to nine digits."""
    from sim.engine import simulate_once
    from sim.loading import load_scenario

    outcome = simulate_once(load_scenario(name, "base", {"users": RUNS[name]}))
    totals = outcome.metrics.filter(pl.col("group") == "")
    values = zip(totals["metric"], totals["value"], strict=True)
    return {metric: float(f"{value:.9g}") for metric, value in values if not math.isnan(value)}


def pinned() -> dict[str, dict[str, float]]:
    """What the last `make baseline` wrote."""
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def refresh() -> None:
    """Write the present numbers over the pinned ones."""
    FILE.write_text(json.dumps({name: measured(name) for name in RUNS}, indent=1) + "\n", encoding="utf-8")
