"""Any table of a run may be empty: with few users nothing happens in it. Nothing that reads it may mind."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import sim
from sim.engine.outcome import Outcome
from sim.loading import list_scenarios
from sim.observation.catalogue import TABLES
from sim.reporting.exporting import export
from sim.reporting.figures.look import Look, printing
from sim.reporting.figures.registry import FIGURES, caption_of, draw, numbers_of
from sim.reporting.manifest import to_json
from sim.reporting.results import Results
from sim.reporting.summary import as_dict, markdown, summarise

Make = Callable[..., Outcome]


def read_everything(results: Results) -> list[str]:
    """Metrics, tables, summary, JSON and the numbers of every figure; which figures have something to show."""
    assert results.metrics.columns[-1] == "value"
    assert results.tables.keys() <= TABLES.keys()
    markdown(summarise(results), [])
    json.loads(to_json(as_dict(results)))
    return [spec.name for spec in FIGURES.values() if numbers_of(spec, results) is not None]


@pytest.mark.parametrize("replications", [1, 3])
@pytest.mark.parametrize("name", [*TABLES, "all", "metrics"])
def test_an_empty_table_is_read_by_everything(name: str, replications: int, make_outcome: Make) -> None:
    """Each table by itself, all of them, and the metrics; alone and over replications."""

    def emptied(number: int) -> Outcome:
        whole = make_outcome(number)
        tables = {
            key: frame.clear() if name in (key, "all") else frame for key, frame in whole.tables.items()
        }
        metrics = whole.metrics.clear() if name == "metrics" else whole.metrics
        return dataclasses.replace(whole, tables=tables, metrics=metrics)

    shown = read_everything(Results("hello", tuple(emptied(k) for k in range(replications))))
    assert (shown == []) == (name == "all")


def test_a_table_that_is_empty_in_one_replication_only(make_outcome: Make) -> None:
    """Its rows are those of the others."""
    whole = make_outcome(0)
    bare = make_outcome(1, tables={key: frame.clear() for key, frame in whole.tables.items()})
    assert "beans" in read_everything(Results("hello", (whole, bare)))
    assert "beans" in read_everything(Results("hello", (bare, dataclasses.replace(whole, replication=2))))


def test_empty_tables_are_exported(tmp_path: Path, make_outcome: Make) -> None:
    """A head without rows."""
    tables = {key: frame.clear() for key, frame in make_outcome().tables.items()}
    files = export(
        Results("hello", (make_outcome(0, tables=tables),)), tmp_path, "csv", excel=True, lang="zh"
    )
    assert len(files) == 1 + len(TABLES)


HANDFULS = [
    *((name, 1) for name in list_scenarios()),
    ("hello", 2),
    ("hello", 3),
    *(
        pytest.param(name, users, marks=pytest.mark.nightly)
        for name in list_scenarios()
        for users in (2, 3, 10)
    ),
]


@pytest.mark.parametrize(("name", "users"), HANDFULS)
def test_a_handful_of_users_is_a_run(name: str, users: int) -> None:
    """Every shipped scenario, with figures that can be drawn."""
    drawn_with(name, users)


def drawn_with(name: str, users: int) -> None:
    results = sim.simulate(name, users=users)
    assert results.balanced
    with printing():
        for figure in read_everything(results):
            numbers = numbers_of(FIGURES[figure], results)
            assert numbers is not None
            draw(FIGURES[figure], numbers, Look(), caption_of(results, Look()), "title")
