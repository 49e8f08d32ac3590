"""The summary: what a person, a file and a program are told of a run."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from sim.engine.outcome import Outcome
from sim.loading import load_scenario
from sim.reporting.amounts import amount
from sim.reporting.manifest import to_json
from sim.reporting.metrics import metric
from sim.reporting.results import Results
from sim.reporting.sections import HEADLINE, merged, totals
from sim.reporting.summary import (
    BALANCED,
    CHANGED,
    NOT_CALIBRATED,
    Summary,
    as_dict,
    markdown,
    show,
    summarise,
)

Make = Callable[..., Outcome]


def printed(results: Results) -> str:
    """What `show` writes to a wide terminal."""
    text = io.StringIO()
    show(Console(file=text, width=200), summarise(results), Path("results/hello/x"))
    return text.getvalue()


def told(summary: Summary) -> dict[str, str]:
    """Every number of the sections by its words."""
    return {line.words: line.value for section in summary.sections for line in section.lines}


def wrong_books(make: Make) -> Results:
    bad = {"name": "users' beans", "passed": False, "detail": "2 beans"}
    return Results("hello", (make(0, audit={"balanced": False, "checks": [bad]}),))


def test_the_last_line_is_the_verdict(results: Results, make_outcome: Make) -> None:
    """Books balanced, or the checks that failed."""
    assert printed(results).splitlines()[-1] == BALANCED
    assert markdown(summarise(results), []).splitlines()[-1] == BALANCED
    assert printed(wrong_books(make_outcome)).splitlines()[-1] == "books NOT balanced: users' beans"


def test_every_headline_is_in_the_catalogue() -> None:
    """No number without a definition."""
    for name in HEADLINE:
        metric(name)


@pytest.mark.parametrize(
    ("unit", "value", "high", "words"),
    [
        ("fen", 12_345.0, None, "123.45 yuan"),
        ("minutes", 90.0, None, "1.50 h"),
        ("share", 0.125, 0.135, "12.50 ± 1.00 %"),
        ("people", 1_234_567.0, None, "1,234,567"),
        ("multiple", 32.5, None, "32.50 ×"),
        ("people", 2.0, float("nan"), "2"),
    ],
)
def test_amounts_are_written_as_people_read_them(
    unit: str, value: float, high: float | None, words: str
) -> None:
    """Fen become yuan, minutes hours, shares percent; an interval is a ±."""
    assert amount(unit, value, high) == words


def test_a_scenario_without_published_totals_says_so(make_outcome: Make) -> None:
    """Whoever reads the summary learns that its levels are not calibrated."""
    silent = Results("hello", (make_outcome(0, published=[]),))
    assert NOT_CALIBRATED in markdown(summarise(silent), [])
    assert NOT_CALIBRATED in printed(silent)


def test_a_calibrated_scenario_does_not(make_outcome: Make) -> None:
    """Its published rows speak for it."""
    outcome = make_outcome(0, scenario=load_scenario("double11_2018"))
    assert NOT_CALIBRATED not in printed(Results("double11_2018", (outcome,)))


def test_published_rows_pass_or_miss_on_the_mean(make_outcome: Make) -> None:
    """0.04 and 0.12 have a mean of 0.08, outside 0.03 – 0.07."""
    ok, missed = make_outcome(0), make_outcome(1)
    row = {**ok.published[0], "simulated": 0.12, "passed": False}
    both = Results("hello", (ok, make_outcome(1, published=[row])))
    assert merged(both)[0]["simulated"] == pytest.approx(0.08)
    assert merged(both)[0]["passed"] is False
    assert "missed" in printed(both)
    assert merged(Results("hello", (ok, missed)))[0]["passed"] is True


def test_nothing_is_said_of_systems_that_are_off(make_outcome: Make) -> None:
    """Metrics that stayed at zero are left out of the headline."""
    outcome = make_outcome(0)
    frame = outcome.metrics.with_columns(
        value=outcome.metrics["value"] * (outcome.metrics["metric"] != "gifts")
    )
    words = told(summarise(Results("hello", (make_outcome(0, metrics=frame),))))
    assert HEADLINE["gifts"] not in words
    assert HEADLINE["orders"] in words


def test_replications_give_intervals(results: Results, three: Results) -> None:
    """One run has a value, several a mean with its limits."""
    assert totals(results).columns == ["metric", "value", "over"]
    row = totals(three).filter(metric="orders").row(0, named=True)
    assert row["value_low"] < row["value"] < row["value_high"]
    assert "±" in told(summarise(three))[HEADLINE["orders"]]


def test_the_file_shows_four_pictures_at_most(results: Results) -> None:
    """The favourites first, each by a path beside the file."""
    text = markdown(summarise(results), ["abuse", "beans", "traffic", "pools", "giving", "ngos"])
    assert text.count("](figures/") == 4
    assert text.index("figures/traffic.png") < text.index("figures/beans.png")


def test_programs_get_valid_json(three: Results) -> None:
    """Metrics with their intervals, published rows, digests and the verdict."""
    held = json.loads(to_json(as_dict(three)), parse_constant=pytest.fail)
    assert len(held["metrics"]["orders"]) == 3
    assert held["balanced"] is True
    assert held["replications"] == len(held["digests"]) == 3


def test_a_changed_rule_is_not_held_against_history(make_outcome: Make) -> None:
    """The published values were measured under the rules of then: the summary of a design says so."""
    world = load_scenario("double11_2018")
    base, changed = (make_outcome(0, scenario=world, design=design) for design in ("base", "no_badge"))
    assert CHANGED in printed(Results("double11_2018", (changed,)))
    assert CHANGED not in printed(Results("double11_2018", (base,)))
