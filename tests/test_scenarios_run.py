"""Every scenario that comes with Beanpeak runs at a small size, closes its books every day, and has content."""

from __future__ import annotations

from functools import cache
from unittest import mock

import pytest

from sim.engine import simulate_once
from sim.engine.books import Books
from sim.engine.outcome import Outcome
from sim.loading import list_scenarios, load_scenario
from sim.observation.catalogue import TABLES
from sim.spans import DAY_S, SECOND

SIZES = {
    "double11_2018": 1_500,
    "hello": 3_000,
    "ideas": 3_000,
    "match_pools": 4_000,
    "point_farms": 4_000,
    "week95_2022": 5_000,
    "year_fy2022": 1_500,
    "zhejiang_account": 4_000,
}
# What a scenario is there to show: tables that are not empty, and metrics above 0.
SHOWS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "double11_2018": (
        ("festival_curve", "cash", "buyers", "minutes"),
        ("charity_orders", "confirmed_fen", "helped"),
    ),
    "hello": (
        ("deeds", "pools", "retention"),
        ("gifts", "matched_fen", "beans_issued", "minutes_labour", "affordable"),
    ),
    "ideas": (
        ("rules", "pools", "teams"),
        ("gifts", "matched_fen", "beans_redeemed", "new_players", "d7", "programme_cost_fen"),
    ),
    "match_pools": (
        ("pools", "sources"),
        ("gifts", "matched_fen", "pool_empty_at", "unmet_claims", "helped"),
    ),
    "point_farms": (
        ("abuse",),
        (
            "farmer_share",
            "beans_donated",
            "farmer_beans",
            "farmer_subsidy_fen",
            "matched_fen",
            "recycled_fen",
            "helped",
        ),
    ),
    "week95_2022": (
        ("teams", "channels", "segments", "abuse", "benefits", "minutes"),
        (
            "gifts",
            "beans_donated",
            "beans_redeemed",
            "beans_expired",
            "funded_share",
            "new_players",
            "d1",
            "unmet_claims",
            "helped",
        ),
    ),
    "year_fy2022": (
        ("cash", "teams", "channels", "benefits"),
        ("charity_orders", "helped", "minutes_labour", "minutes_donated", "staff_minutes", "notices"),
    ),
    "zhejiang_account": (("benefits", "segments"), ("general_participation", "minutes_labour", "helped")),
}


@pytest.fixture(scope="module", params=sorted(SIZES))
def played(request: pytest.FixtureRequest) -> tuple[Outcome, list[int]]:
    """An outcome, and the days whose books were closed."""
    closed: list[int] = []
    close_day = Books.close_day

    def watched(books: Books, day: int, *args: object, **kwargs: object) -> object:
        checks = close_day(books, day, *args, **kwargs)  # type: ignore[arg-type]
        assert len(checks) >= 7
        assert all(check["passed"] for check in checks)
        closed.append(day)
        return checks

    scenario = load_scenario(request.param, overrides={"users": SIZES[request.param]})
    with mock.patch.object(Books, "close_day", watched):
        return simulate_once(scenario), closed


def test_all_scenarios_are_here() -> None:
    """A new scenario must be run here too."""
    assert set(list_scenarios()) == set(SIZES) == set(SHOWS)


def test_the_books_close_every_day(played: tuple[Outcome, list[int]]) -> None:
    """Each day of the calendar is closed once, in order, with every check passed."""
    outcome, closed = played
    days = outcome.scenario.scenario.length // (DAY_S * SECOND)
    assert closed == list(range(days))
    assert outcome.audit["balanced"]


def test_a_run_has_content(played: tuple[Outcome, list[int]]) -> None:
    """The tables and metrics a scenario is there for say something."""
    outcome, _ = played
    metrics = dict(
        outcome.metrics.filter(outcome.metrics["group"] == "").select("metric", "value").iter_rows()
    )
    name = next(
        n for n, size in SIZES.items() if load_scenario(n).scenario.title == outcome.scenario.scenario.title
    )
    tables, numbers = SHOWS[name]
    assert [t for t in tables if len(outcome.tables[t]) == 0] == []
    assert {n: metrics[n] for n in numbers if not metrics[n] > 0} == {}
    assert outcome.stats["actions"] > SIZES[name] / 2


def test_a_run_keeps_to_the_catalogue_of_tables(played: tuple[Outcome, list[int]]) -> None:
    """Every table stands in the catalogue with exactly its columns."""
    for table, frame in played[0].tables.items():
        assert set(frame.columns) == set(TABLES[table].columns), table


def test_only_the_calibrated_scenario_is_held_against_published_volumes(
    played: tuple[Outcome, list[int]],
) -> None:
    """A table of published volumes is printed where they are known; tests/systems/test_volumes.py holds them to it."""
    outcome, _ = played
    assert bool(outcome.published) == outcome.scenario.scenario.calibrated


def test_the_report_stands_at_real_size(played: tuple[Outcome, list[int]]) -> None:
    """The lines of the annual charity report are printed for every run."""
    real = {line["name"] for line in played[0].report if line["size"] == "real"}
    assert {"charity orders", "money raised", "people helped"} <= real


QUICK = ("hello", "match_pools", "point_farms", "week95_2022", "zhejiang_account")
DESIGNS = [(name, design) for name in QUICK for design in load_scenario(name).designs]


@cache
def outcome(name: str, design: str) -> Outcome:
    """A scenario under a design, with two thousand users."""
    return simulate_once(load_scenario(name, design, {"users": 2_000}), design)


@pytest.mark.parametrize(("name", "design"), DESIGNS, ids=[f"{n}-{d}" for n, d in DESIGNS])
def test_every_design_changes_what_happens(name: str, design: str) -> None:
    """A design of a scenario leads to other actions than the scenario without it, and its books close."""
    changed, base = outcome(name, design), outcome(name, "base")
    assert changed.audit["balanced"]
    if (name, design) == ("zhejiang_account", "clean_partner"):  # repeats add nothing: this is what it shows
        assert changed.digest == base.digest
    else:
        assert changed.digest["actions"] != base.digest["actions"]
