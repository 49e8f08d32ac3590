"""A made-up run with every table, small enough to be written and drawn in no time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from sim.engine.outcome import Check, Outcome
from sim.loading import load_scenario
from sim.observation.catalogue import METRICS, TABLES
from sim.observation.words import Published
from sim.reporting.results import Results
from sim.scenario import Scenario

DAYS = 5
DAY_US = 86_400_000_000
ROWS = {
    "minutes": 1_440,
    "hours": 24 * DAYS,
    "days": DAYS,
    "hour_profile": 24,
    "festival_curve": 4,
    "cash": 31,
    "merchants": 30,
    "pledges": 5,
    "retention": DAYS,
    "buyers": 100,
    "budgets": 2,
}
CAUSES = ["education", "illness", "poverty", "environment"]
LABELS = ["签到", "公益答题", "老人餐", "爱心捐赠", "旧衣捐赠", "植树"]
FIXED = {
    "t": lambda n: np.arange(n) * (DAY_US // 24),
    "day": np.arange,
    "date": lambda n: [str(date(2022, 9, 5) + timedelta(days=k)) for k in range(n)],
    "hour": np.arange,
    "after_s": lambda n: [21, 125, 6457, 29340][:n],
    "rank": lambda n: np.arange(1, n + 1),
    "age_days": np.arange,
    "cohort": lambda n: np.full(n, 500),
    "percentile": lambda n: np.arange(1, n + 1),
    "share_of_orders": lambda n: np.sqrt(np.arange(1, n + 1) / n),
    "simulated": lambda n: np.linspace(0.01, 0.6, n),
    "published": lambda n: np.linspace(0.012, 0.58, n),
    "donation_fen": lambda n: [2, 10, 50, 100, 900][:n],
    "cause": lambda n: [CAUSES[k % 4] for k in range(n)],
    "source": lambda n: [("order", "gift", "match", "beans", "team")[k % 5] for k in range(n)],
    "group": lambda n: ["honest", "farmer"][:n],
    "kind": lambda n: ["labour"] * n,
    "label": lambda n: LABELS[:n],
    "name": lambda n: [f"{LABELS[k % 6]}{k}" for k in range(n)],
    "category": lambda n: [("服饰", "美妆", "图书")[k % 3] for k in range(n)],
    "rule": lambda n: ["", "streak", "daily_match", "weekend_lottery", "newcomers_third_quiz", "goal"][:n],
    "why": lambda n: ["get newcomers over day 3"] * n,
    "budget_fen": lambda n: [None, *range(500, 500 + n - 1)],
    "left_fen": lambda n: [None if k == 0 else 40 * k for k in range(n)],
    "sponsor": lambda n: ["星河公益基金会"] * n,
    "pool": lambda n: [("daily", "beans")[k % 2] for k in range(n)],
    "dry_at": lambda n: [None, 90 * DAY_US // 24][:n],
    "serves": lambda n: [("gifts", "beans")[k % 2] for k in range(n)],
    "limited": lambda n: np.arange(n) % 2 == 0,
    "funded": lambda n: np.arange(n) % 3 == 0,
    "takes_part": lambda n: np.arange(n) % 4 == 0,
    "badge": lambda n: np.arange(n) % 4 == 0,
}


def made_up_table(name: str, luck: np.random.Generator) -> pl.DataFrame:
    """A table of the catalogue with plausible values."""
    n = {"abuse": 2}.get(name, ROWS.get(name, 6))
    frame = pl.DataFrame(
        {
            column: FIXED[column](n) if column in FIXED else luck.integers(10, 400, n)
            for column in TABLES[name].columns
        }
    )
    return frame.with_columns(pl.col("t") // 60) if name == "minutes" else frame


def made_up_metrics(luck: np.random.Generator) -> pl.DataFrame:
    """A value by day and one for the run of every metric."""
    rows = [(DAY_US, m.name, "day", float(luck.integers(1, 100))) for m in METRICS]
    rows += [(DAYS * DAY_US, m.name, "", float(luck.integers(1, 100))) for m in METRICS]
    rows += [(DAYS * DAY_US, "peak_10s", "", float("nan"))]
    rows = [row for row in rows if row[1] != "peak_10s" or row[3] != row[3]]
    return pl.DataFrame(rows, schema=["time", "metric", "group", "value"], orient="row")


def check(name: str, passed: bool) -> Check:
    return {"name": name, "passed": passed, "detail": ""}


def published_row(simulated: float) -> Published:
    return {
        "name": "yuan per charity order",
        "published": "0.046",
        "simulated": simulated,
        "low": 0.03,
        "high": 0.07,
        "unit": "yuan",
        "use": "fitted",
        "size": "any",
        "source": "press (F)",
        "passed": 0.03 <= simulated <= 0.07,
    }


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    return load_scenario("hello")


@pytest.fixture(scope="session")
def make_outcome(scenario: Scenario) -> Callable[..., Outcome]:
    """Make up the outcome of a replication; keywords replace its fields."""

    def make(replication: int = 0, **fields: object) -> Outcome:
        luck = np.random.default_rng(replication)
        held: dict[str, object] = {
            "scenario": scenario,
            "design": "base",
            "replication": replication,
            "metrics": made_up_metrics(luck),
            "tables": {name: made_up_table(name, luck) for name in TABLES},
            "digest": {"state": f"a{replication}", "books": f"b{replication}", "actions": f"c{replication}"},
            "audit": {
                "balanced": True,
                "checks": [{"name": "debits = credits", "passed": True, "detail": ""}],
            },
            "published": [published_row(0.04)],
            "report": [
                {
                    "name": "charity actions (人次)",
                    "value": 7.8e8 + 1e7 * replication,
                    "unit": "actions",
                    "size": "real",
                },
                {"name": "projects", "value": 24.0, "unit": "projects", "size": "simulated"},
            ],
            "stats": {"actions": 5_000.0, "wall_s": 0.5},
        }
        return Outcome(**(held | fields))  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def results(make_outcome: Callable[..., Outcome]) -> Results:
    """A run of one replication."""
    return Results("hello", (make_outcome(0),))


@pytest.fixture(scope="session")
def three(make_outcome: Callable[..., Outcome]) -> Results:
    """A run of three replications."""
    return Results("hello", tuple(make_outcome(k) for k in range(3)))
