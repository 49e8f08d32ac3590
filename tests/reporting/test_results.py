"""Runs written, found and read again."""

from __future__ import annotations

import getpass
import json
import math
import socket
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sim.engine.outcome import Outcome
from sim.errors import UsageError
from sim.reporting.exporting import export
from sim.reporting.folders import find_run, finished_runs, read_manifest
from sim.reporting.results import Results, load_run
from sim.reporting.unfinished import RunPlan, Unfinished
from sim.scenario import Scenario

Make = Callable[..., Outcome]


def kept(out: Path, scenario: Scenario, make: Make, replications: int = 1, name: str = "hello") -> Results:
    """A made-up run, written whole."""
    run = Unfinished.begin(RunPlan(name, scenario, scenario, "base", replications), out)
    for k in range(replications):
        run.keep(make(k))
    return run.finish()


def test_a_run_comes_back_as_it_was(tmp_path: Path, scenario: Scenario, make_outcome: Make) -> None:
    """Settings, rows, digests, audit, published rows, report and stats survive the disk."""
    written = kept(tmp_path, scenario, make_outcome, 3)
    read = load_run("latest", tmp_path)
    assert read.scenario == scenario
    assert_frame_equal(read.metrics, written.metrics)
    assert read.tables.keys() == written.tables.keys()
    for name, frame in written.tables.items():
        assert_frame_equal(read.tables[name], frame)
    for before, after in zip(written.outcomes, read.outcomes, strict=True):
        assert (after.digest, after.audit, after.published) == (before.digest, before.audit, before.published)
        assert (after.report, after.stats, after.replication) == (
            before.report,
            before.stats,
            before.replication,
        )


def test_rows_name_their_origin(results: Results, three: Results) -> None:
    """Metrics and tables carry design and replication in front."""
    assert results.metrics.columns == ["design", "replication", "time", "metric", "group", "value"]
    assert three.tables["days"]["replication"].unique().to_list() == [0, 1, 2]
    assert three.tables["days"].columns[:3] == ["design", "replication", "day"]


def test_totals_are_of_the_run_and_only_what_applies(results: Results) -> None:
    """Daily values and NaN are left out."""
    totals = results.totals
    assert totals["metric"].n_unique() == len(totals)
    assert "peak_10s" not in totals["metric"].to_list()


def test_the_manifest_tells_what_made_the_run(tmp_path: Path, scenario: Scenario, make_outcome: Make) -> None:
    """Settings, seeds, versions, lock, time, memory, digest and audit."""
    manifest = read_manifest(Path(str(kept(tmp_path, scenario, make_outcome).folder)))
    assert manifest["settings"]["rules"]["daily_cap"]["form"]["cap"] == 200
    assert manifest["seeds"] == {"seed": 1, "replications": [0]}
    assert {"python", "beanpeak", "numpy", "numba", "polars"} <= manifest["versions"].keys()
    assert len(manifest["lock_hash"]) == 64
    assert manifest["wall_s"] == 0.5
    assert manifest["peak_memory_mb"] > 1
    assert manifest["digest"] == {"state": "a0", "books": "b0", "actions": "c0"}
    assert manifest["audit"]["balanced"] is True
    assert manifest["audit"]["checks"][0]["name"] == "debits = credits"


def test_several_replications_have_a_digest_of_all(
    tmp_path: Path, scenario: Scenario, make_outcome: Make
) -> None:
    """It changes when any of them changes."""
    one = read_manifest(Path(str(kept(tmp_path / "a", scenario, make_outcome, 2).folder)))["digest"]

    def other(replication: int) -> Outcome:
        return make_outcome(replication, digest={"state": "a0", "books": "b0", "actions": "c0"})

    two = read_manifest(Path(str(kept(tmp_path / "b", scenario, other, 2).folder)))["digest"]
    assert one.keys() == two.keys() == {"state", "books", "actions"}
    assert all(one[part] != two[part] for part in one)


def test_nothing_says_who_or_where(tmp_path: Path, scenario: Scenario, make_outcome: Make) -> None:
    """No host name, user name or absolute path in any file."""
    folder = kept(tmp_path, scenario, make_outcome).folder
    assert folder is not None
    private = [str(tmp_path), str(Path.home()), str(Path(__file__).parents[2])]
    if len(socket.gethostname()) > 4:  # a shorter name stands in compressed bytes by chance
        private.append(socket.gethostname())
    if getpass.getuser() not in str(scenario.model_dump()):
        private.append(f'"{getpass.getuser()}"')
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert len(files) > 10
    for file in files:
        content = file.read_bytes().decode("utf-8", errors="ignore")
        assert [word for word in private if word in content] == [], file.name


def test_what_is_not_a_number_is_null_in_json(tmp_path: Path, scenario: Scenario, make_outcome: Make) -> None:
    """The manifest stays valid JSON, and a NaN comes back as NaN."""
    row = {**make_outcome().published[0], "simulated": math.nan}
    folder = kept(tmp_path, scenario, lambda k: make_outcome(k, published=[row])).folder
    assert folder is not None
    text = (folder / "manifest.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=pytest.fail)["outcomes"][0]["published"][0]["simulated"] is None
    assert math.isnan(load_run(folder, tmp_path).outcomes[0].published[0]["simulated"])


def test_a_run_is_found_by_folder_hash_name_or_latest(
    tmp_path: Path, scenario: Scenario, make_outcome: Make
) -> None:
    """Of several the newest is meant."""
    first = kept(tmp_path, scenario, make_outcome).folder
    second = kept(tmp_path, scenario, make_outcome).folder
    assert first is not None
    assert second is not None
    assert first != second
    key = second.name.rpartition("-")[2]
    assert [find_run(how, tmp_path) for how in ("latest", "hello", key, key[:4], second.name)] == [second] * 5
    assert find_run(str(first), tmp_path) == first
    assert find_run(first.name, tmp_path) == first


def test_an_unknown_run_suggests_the_nearest(tmp_path: Path, scenario: Scenario, make_outcome: Make) -> None:
    """And an empty folder says how to make one."""
    kept(tmp_path, scenario, make_outcome)
    with pytest.raises(UsageError) as caught:
        find_run("helo", tmp_path)
    assert "did you mean 'hello'?" in str(caught.value)
    with pytest.raises(UsageError) as caught:
        find_run("hello", tmp_path / "empty")
    assert "beanpeak run hello" in str(caught.value)


def test_runs_are_listed_oldest_first(tmp_path: Path, scenario: Scenario, make_outcome: Make) -> None:
    """Unfinished ones are not among them."""
    folders = [kept(tmp_path, scenario, make_outcome).folder for _ in range(2)]
    Unfinished.begin(RunPlan("hello", scenario, scenario), tmp_path)
    assert finished_runs(tmp_path) == folders


@pytest.mark.parametrize(("to", "read"), [("csv", pl.read_csv), ("parquet", pl.read_parquet)])
def test_everything_can_be_exported(
    tmp_path: Path, results: Results, to: str, read: Callable[[Path], pl.DataFrame]
) -> None:
    """One file for the metrics and one for every table."""
    files = export(results, tmp_path / "out", to)
    assert {file.stem for file in files} == {"metrics", *results.tables}
    days = read(tmp_path / "out" / f"days.{to}")
    assert days["orders"].to_list() == results.tables["days"]["orders"].to_list()


def test_export_refuses_other_formats_and_places(tmp_path: Path, results: Results) -> None:
    """It says which formats there are, and why a place does not do."""
    with pytest.raises(UsageError) as caught:
        export(results, tmp_path, "xlsx")
    assert "use csv or parquet" in str(caught.value)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError) as caught:
        export(results, tmp_path / "file", "csv")
    assert "is a file; name a folder" in str(caught.value)
