"""Runs under way: what breaks off leaves no half-written result that looks whole."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from sim.engine.outcome import Outcome
from sim.errors import BeanpeakError, UsageError
from sim.reporting import manifest
from sim.reporting.folders import finished_runs, unfinished_runs
from sim.reporting.unfinished import RunPlan, Unfinished
from sim.scenario import Scenario
from tests.commands import PATIENCE_S

Make = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path, scenario: Scenario) -> Unfinished:
    """A run of two replications, begun."""
    return Unfinished.begin(RunPlan("hello", scenario, scenario, "base", 2), tmp_path)


def full_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_run_under_way_is_partial(run: Unfinished, tmp_path: Path) -> None:
    """Its folder says so until it is whole."""
    assert run.folder.name.endswith(f"-{run.plan.key}.partial")
    assert unfinished_runs(tmp_path) == [run.folder]
    assert finished_runs(tmp_path) == []


def test_a_whole_run_has_no_scaffolding(run: Unfinished, tmp_path: Path, make_outcome: Make) -> None:
    """Nothing partial is left."""
    for k in (0, 1):
        run.keep(make_outcome(k))
    folder = run.finish().folder
    assert folder is not None
    assert finished_runs(tmp_path) == [folder]
    assert not list(tmp_path.rglob("*.partial"))
    assert {file.name for file in folder.iterdir()} == {
        "manifest.json", "scenario.toml", "metrics.parquet", "tables",
    }  # fmt: skip


def test_a_finished_replication_is_not_missing_any_more(run: Unfinished, make_outcome: Make) -> None:
    """Taking the run up again simulates only the rest."""
    run.keep(make_outcome(0))
    again = Unfinished.open(run.folder)
    assert (again.finished(), again.missing()) == ([0], [1])
    assert again.plan == run.plan
    assert again.outcomes()[0].digest == make_outcome(0).digest


@pytest.mark.parametrize("failing", ["write_parquet", "to_json"])
def test_a_full_disk_keeps_what_was_finished(
    run: Unfinished, make_outcome: Make, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """A replication that does not fit is not there; the one before it is."""
    run.keep(make_outcome(0))
    if failing == "write_parquet":
        monkeypatch.setattr(pl.DataFrame, "write_parquet", full_disk)
    else:
        monkeypatch.setattr("sim.reporting.results.to_json", full_disk)
    with pytest.raises(BeanpeakError) as caught:
        run.keep(make_outcome(1))
    assert "No space left on device" in str(caught.value)
    assert f"beanpeak resume {run.plan.key}" in str(caught.value)
    assert run.finished() == [0]
    monkeypatch.undo()
    run.keep(make_outcome(1))
    assert run.finish().balanced


def test_a_failure_while_finishing_leaves_no_whole_run(
    run: Unfinished, tmp_path: Path, make_outcome: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that do not fit on the disk leave the run unfinished, to be taken up again."""
    for k in (0, 1):
        run.keep(make_outcome(k))
    monkeypatch.setattr("sim.reporting.unfinished.write_rows", full_disk)
    with pytest.raises(BeanpeakError):
        run.finish()
    monkeypatch.undo()
    assert finished_runs(tmp_path) == []
    assert Unfinished.open(run.folder).missing() == []
    assert len(Unfinished.open(run.folder).finish().outcomes) == 2


def test_a_killed_writer_leaves_only_partial_names(tmp_path: Path) -> None:
    """SIGKILL between two tables: no replication and no run looks whole."""
    script = """
import os, signal, sys
from pathlib import Path
import polars as pl
from sim.engine.outcome import Outcome
from sim.loading import load_scenario
from sim.reporting.unfinished import RunPlan, Unfinished

scenario, write, left = load_scenario("hello"), pl.DataFrame.write_parquet, [2]

def killed(frame, file):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    write(frame, file)

pl.DataFrame.write_parquet = killed
frame = pl.DataFrame({"a": [1]})
run = Unfinished.begin(RunPlan("hello", scenario, scenario), Path(sys.argv[1]))
run.keep(Outcome(scenario, "base", 0, frame, {"days": frame}, {}, {"balanced": True, "checks": []}))
"""
    ran = subprocess.run([sys.executable, "-c", script, str(tmp_path)], timeout=PATIENCE_S)
    assert ran.returncode == -signal.SIGKILL
    assert list(tmp_path.rglob("metrics.parquet"))
    assert finished_runs(tmp_path) == []
    assert Unfinished.open(unfinished_runs(tmp_path)[0]).finished() == []


def test_another_version_of_the_model_is_not_mixed_in(
    run: Unfinished, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replications of two models would make one interval of two worlds."""
    request = run.folder / "request.json"
    held = json.loads(request.read_text(encoding="utf-8"))
    request.write_text(json.dumps(held | {"model_hash": "0" * 16}), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        Unfinished.open(run.folder)
    assert "another version of the model" in str(caught.value)


def test_the_model_hash_follows_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed rule changes it, a changed figure does not."""
    for name in ("domain/beans.py", "reporting/look.py", "data/published.toml"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("a = 1")
    monkeypatch.setattr(manifest, "PACKAGE", tmp_path)
    before = manifest.model_hash()
    (tmp_path / "reporting/look.py").write_text("a = 2")
    assert manifest.model_hash() == before
    (tmp_path / "domain/beans.py").write_text("a = 2")
    assert manifest.model_hash() != before


def test_a_place_that_cannot_be_written_is_found_first(tmp_path: Path, scenario: Scenario) -> None:
    """A file where the folder should be, or no permission: a usage error, and nothing left behind."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError) as caught:
        Unfinished.begin(RunPlan("hello", scenario, scenario), tmp_path / "file")
    assert "is a file; name a folder" in str(caught.value)


def test_two_runs_of_one_second_do_not_meet(tmp_path: Path, scenario: Scenario) -> None:
    """Each has a folder of its own."""
    runs = [Unfinished.begin(RunPlan("hello", scenario, scenario), tmp_path) for _ in range(3)]
    assert len({run.folder for run in runs}) == 3


def test_a_design_is_applied_again_when_a_run_is_taken_up(tmp_path: Path) -> None:
    """scenario.toml holds the world; the request names the design."""
    from sim.runs import plan_run

    begun = Unfinished.begin(plan_run("hello", "double", 2, seed=5), tmp_path)
    again = Unfinished.open(begun.folder)
    assert again.plan.scenario.deeds["quiz"].beans == 40
    assert again.plan.world.deeds["quiz"].beans == 20
    assert again.plan.scenario.scenario.seed == 5


def test_a_commit_is_named_without_a_place() -> None:
    """In a checkout it is a hash, marked when files differ from it; elsewhere it is absent."""
    found = manifest.commit()
    assert found is None or set(found.removesuffix("-changed")) <= set("0123456789abcdef")


def test_the_peak_memory_is_of_this_process() -> None:
    """At least what the interpreter with polars needs, at most what the machine has."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20
    assert 10 < manifest.peak_memory_mb() < total


HARMLESS = {
    "checks",
    "codecache",
    "compiling",
    "errors",
    "forking",
    "memory",
    "ledger",
    "linking",
    "plainly",
    "softly",
    "suggestions",
}


def test_whatever_the_engine_imports_is_the_model_or_known_to_move_no_number() -> None:
    """A new room that makes rows has to be hashed; these compile, check, name or refuse, and make none."""
    script = (
        "import sys, sim.engine.running; print(*{m.split('.')[1] for m in sys.modules if m[:4] == 'sim.'})"
    )
    asked = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    rooms = {name.removesuffix(".py") for name in manifest.MODEL}
    assert set(asked.stdout.split()) <= rooms | HARMLESS
