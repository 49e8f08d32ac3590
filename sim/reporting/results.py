"""A run as frames, and outcomes on disk and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.doors import read_json, read_parquet
from sim.engine.outcome import Outcome
from sim.errors import UsageError
from sim.forking import refuse_forked
from sim.loading import load_scenario, settings_hash
from sim.reporting.card import Tables, as_html, as_text
from sim.reporting.folders import DEFAULT_OUT, find_run, read_manifest
from sim.reporting.manifest import outcome_facts, to_json

if TYPE_CHECKING:
    from sim.scenario import Scenario

ORIGIN = ("design", "replication")
BY_DAY = "day"  # the group of values that stand for one day, not for the run
NOT_A_NUMBER = float("nan")


@dataclass(frozen=True, repr=False)
class Results:
    """One run: the outcomes of its replications, and their rows together.

    metrics: frame (design, replication, time µs, metric, group, value). tables: name → frame with
    `design` and `replication` in front; columns in `docs/metrics.md`. folder: where it is kept, or None.
    """

    name: str
    outcomes: tuple[Outcome, ...]
    folder: Path | None = None

    def __post_init__(self) -> None:
        """Replications of different rules are different results."""
        if any(outcome.parameters != self.parameters for outcome in self.outcomes):
            raise UsageError(
                f"{self.name}: replications with different parameters must not be mixed; make a Results of each"
            )

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)

    @property
    def scenario(self) -> Scenario:
        """The scenario that was simulated, with the design applied."""
        return self.outcomes[0].scenario

    @property
    def design(self) -> str:
        """The design that was simulated."""
        return self.outcomes[0].design

    @property
    def parameters(self) -> dict[str, float]:
        """The behaviour rules' values that were put in place of the shipped ones."""
        return self.outcomes[0].parameters if self.outcomes else {}

    @property
    def settings_hash(self) -> str:
        """SHA-256 of all that was asked for: scenario with design, users and seed, and the varied parameters."""
        return settings_hash(self.scenario, self.parameters)

    @property
    def balanced(self) -> bool:
        """Whether the books of every replication balanced."""
        return all(o.audit["balanced"] for o in self.outcomes)

    @cached_property
    def metrics(self) -> pl.DataFrame:
        """Every metric of every replication."""
        return _together(self.outcomes, lambda o: o.metrics)

    @cached_property
    def tables(self) -> Tables:
        """Every table of every replication."""
        names = dict.fromkeys(name for o in self.outcomes for name in o.tables)
        return Tables({name: _together(self.outcomes, _table(name)) for name in names})

    @cached_property
    def totals(self) -> pl.DataFrame:
        """Run totals that apply to this run: (design, replication, metric, group, value)."""
        whole = (pl.col("group") != BY_DAY) & pl.col("value").is_finite()
        return self.metrics.filter(whole).drop("time")


def _table(name: str) -> Callable[[Outcome], pl.DataFrame | None]:
    return lambda outcome: outcome.tables.get(name)


def _together(outcomes: tuple[Outcome, ...], rows: Callable[[Outcome], pl.DataFrame | None]) -> pl.DataFrame:
    """The rows of all outcomes that have any, with design and replication in front."""
    refuse_forked("reading results")
    found = ((o, rows(o)) for o in outcomes)
    frames = [
        frame.select(
            pl.lit(o.design).alias("design"),
            pl.lit(o.replication, dtype=pl.Int64).alias("replication"),
            pl.all(),
        )
        for o, frame in found
        if frame is not None
    ]
    return pl.concat(frames, how="vertical_relaxed")


# --- one outcome on disk ---------------------------------------------------------------------------


def write_outcome(folder: Path, outcome: Outcome) -> None:
    """Write an outcome into an empty folder."""
    (folder / "tables").mkdir(parents=True)
    outcome.metrics.write_parquet(folder / "metrics.parquet")
    for name, frame in outcome.tables.items():
        frame.write_parquet(folder / "tables" / f"{name}.parquet")
    (folder / "outcome.json").write_text(to_json(outcome_facts(outcome)), encoding="utf-8")


def read_outcome(folder: Path, scenario: Scenario) -> Outcome:
    """The outcome that `write_outcome` wrote. Raises UsageError if it is not whole."""
    facts = read_json(folder / "outcome.json")
    return _outcome(facts, scenario, read_parquet(folder / "metrics.parquet"), _read_tables(folder))


def _outcome(
    facts: dict[str, Any], scenario: Scenario, metrics: pl.DataFrame, tables: dict[str, pl.DataFrame]
) -> Outcome:
    return Outcome(
        scenario=scenario,
        design=facts["design"],
        replication=facts["replication"],
        metrics=metrics,
        tables=tables,
        digest=facts["digest"],
        audit=facts["audit"],
        published=[_numbers(UNTOLD | row) for row in facts["published"]],
        report=[_numbers(line) for line in facts["report"] if isinstance(line, dict)],  # once they were texts
        stats=facts["stats"],
        trace=facts.get("trace") or "",
        parameters=facts.get("parameters") or {},
    )


UNTOLD: dict[str, Any] = {"use": "", "size": "any"}  # what published rows once did not say


def _numbers(row: dict[str, Any]) -> Any:
    """A row of a manifest, in which what is not a number is null."""
    return {key: NOT_A_NUMBER if value is None else value for key, value in row.items()}


def _read_tables(folder: Path) -> dict[str, pl.DataFrame]:
    return {file.stem: read_parquet(file) for file in sorted((folder / "tables").glob("*.parquet"))}


# --- a whole run on disk ---------------------------------------------------------------------------


def write_rows(folder: Path, results: Results) -> None:
    """metrics.parquet and tables/ of a whole run; what is there already is written anew."""
    (folder / "tables").mkdir(exist_ok=True)
    results.metrics.write_parquet(folder / "metrics.parquet")
    for name, frame in results.tables.items():
        frame.write_parquet(folder / "tables" / f"{name}.parquet")


def load_run(run: str | Path, out: str | Path = DEFAULT_OUT) -> Results:
    """A finished run by its folder, hash, scenario name (the newest) or "latest".

    Raises UsageError if there is no such run under `out`, or what is there is not whole.
    """
    refuse_forked("sim.load_run")
    folder = find_run(str(run), Path(out))
    facts = read_manifest(folder)
    design = facts["design"]
    scenario = load_scenario(folder / "scenario.toml", design)
    metrics = _of_run(folder / "metrics.parquet", read_parquet(folder / "metrics.parquet"))
    tables = {
        name: _of_run(folder / "tables" / f"{name}.parquet", frame)
        for name, frame in _read_tables(folder).items()
    }
    outcomes = tuple(
        _outcome(
            one,
            scenario,
            _only(metrics, one["replication"]),
            {name: _only(frame, one["replication"]) for name, frame in tables.items()},
        )
        for one in facts["outcomes"]
    )
    return Results(facts["scenario"], outcomes, folder)


def _of_run(file: Path, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame, once it has the columns by which replications are told apart. Raises UsageError."""
    if not set(ORIGIN) <= set(frame.columns):
        raise UsageError(
            f"{file}: lacks {' and '.join(ORIGIN)}; it was not written by Beanpeak: take it away"
        )
    return frame


def _only(frame: pl.DataFrame, replication: int) -> pl.DataFrame:
    return frame.filter(pl.col("replication") == replication).drop(ORIGIN)
