"""A folder of results: simulations, loads and capacities side by side, whole, unfinished or broken."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sim.cli import app
from sim.engine.outcome import Outcome
from sim.errors import UsageError
from sim.reporting.folders import LOAD, find_run, finished_runs
from sim.reporting.unfinished import RunPlan, Unfinished
from sim.scenario import Scenario

Make = Callable[..., Outcome]
LEVELS = {"p50": 1.0, "p99": 4.0, "max": 17.5}
LOAD_REPORT: dict[str, Any] = {
    "verdict": "met", "exit_code": 0, "reasons": [], "audit": {"verdict": "passed", "reasons": []},
    "counts": {"scheduled": 11_462, "sent": 11_462, "accepted": 11_462}, "clock_offset_ms": [0.1],
    "intended_ms": LEVELS, "service_ms": LEVELS, "dispatch_lag_ms": LEVELS, "design": "base", "users": 2_000,
}  # fmt: skip
CAPACITY_REPORT: dict[str, Any] = {
    "holds": 2_000.0, "breaks": 2_100.0, "repeats": {"holds": [True, True]}, "probes": [], "usl": None,
    "durability": "SQLite, durable at every commit", "slo": "default",
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, scenario: Scenario, make_outcome: Make) -> Path:
    """One finished simulation, one unfinished, a load and a capacity."""
    out = tmp_path_factory.mktemp("results")
    for name in ("hello", "gone"):
        run = Unfinished.begin(RunPlan(name, scenario, scenario), out)
        run.keep(make_outcome(0))
        if name == "hello":
            run.finish()
    for kind, report in (("load", LOAD_REPORT), ("capacity", CAPACITY_REPORT)):
        folder = out / "hello" / f"29990101T000000Z-0123abcd-{kind}"
        folder.mkdir()
        (folder / f"{kind}.json").write_text(json.dumps(report), encoding="utf-8")
    return out


@pytest.fixture
def out(whole: Path, tmp_path: Path) -> Path:
    """A copy to do anything with."""
    shutil.copytree(whole, tmp_path / "out")
    return tmp_path / "out"


def beanpeak(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "300"})


def rows(out: Path) -> dict[str, dict[str, Any]]:
    ran = beanpeak("results", "list", "--out", str(out), "--json")
    assert ran.exit_code == 0, ran.exception
    return {f"{one['kind']} {one['scenario']}".strip(): one for one in json.loads(ran.stdout)["runs"]}


def test_every_kind_is_listed_with_its_verdict(out: Path) -> None:
    """Simulation, load, capacity and what can be resumed."""
    found = {key: (one["design"], one["users"], one["verdict"]) for key, one in rows(out).items()}
    assert found == {
        "simulation hello": ("base", 5_000, "balanced"),
        "load hello": ("base", 2_000, "met, audit: passed"),
        "capacity hello": (None, None, "holds 2,000/s, breaks at 2,100/s"),
        "gone": (None, None, "unfinished"),
    }
    printed = beanpeak("results", "list", "--out", str(out)).stdout
    assert all(one["run"] in printed and one["verdict"] in printed for one in rows(out).values())


def test_a_load_is_shown_by_its_headline(out: Path) -> None:
    """By the start of its hash, or by its folder; the whole report as JSON."""
    load = next(out.glob("hello/*-load"))
    ran = beanpeak("results", "show", "0123abcd-load", "--out", str(out))
    assert ran.stdout.splitlines()[0] == "verdict: met (exit 0), audit: passed"
    assert "11,462 scheduled" in ran.stdout
    assert str(load) in ran.stdout
    held = json.loads(beanpeak("results", "show", str(load), "--json").stdout)
    assert held == LOAD_REPORT | {"folder": str(load)}


def test_a_capacity_is_shown_as_it_was_told(out: Path) -> None:
    """The bracket and its repeats."""
    ran = beanpeak("results", "show", "0123abcd-capacity", "--out", str(out))
    assert "holds 2,000/s, breaks at 2,100/s" in ran.stdout
    assert "holds 2 of 2 met" in ran.stdout


def test_latest_is_the_latest_simulation_where_only_one_will_do(out: Path) -> None:
    """A load is newer, but has neither figures nor tables to be drawn or exported from here."""
    (simulated,) = finished_runs(out)
    assert find_run("latest", out) == simulated
    ran = beanpeak("results", "export", "latest", "--out", str(out))
    assert str(simulated) in ran.stdout
    load = next(out.glob("hello/*-load"))
    for command in ("figures", "export"):
        refused = beanpeak("results", command, str(load)).exception
        assert isinstance(refused, UsageError)
        assert f"is a {LOAD} run" in str(refused)


BROKEN = {
    "empty": "",
    "cut off": '{"scenario": "hello", "users": 20',
    "foreign": '{"name": "my-web-page", "version": "1.0"}',
    "a list": "[1, 2]",
    "null": "null",
    "other kinds": '{"scenario": 1, "design": {}, "users": "many", "audit": [], "outcomes": {}}',
    "no outcome": '{"scenario": "a", "design": "b", "users": 1, "audit": {"balanced": true}, "outcomes": []}',
    "odd outcomes": '{"scenario": "a", "design": "b", "users": 1, "audit": {"balanced": true}, "outcomes": [7]}',
    "GBK": "公益".encode("gbk"),
    "deep": "[" * 100_000,
}


def break_it(file: Path, how: str) -> None:
    text = BROKEN[how]
    file.write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("name", ["manifest.json", "load.json", "capacity.json"])
def test_a_broken_report_is_named_and_costs_the_others_nothing(name: str, how: str, out: Path) -> None:
    """`results list` shows the others; whoever asks for this one is told file and remedy."""
    (file,) = out.glob(f"hello/*/{name}")
    break_it(file, how)
    found = rows(out)
    assert len(found) == 4
    (verdict,) = [one["verdict"] for one in found.values() if one["run"] == file.parent.name]
    assert verdict.startswith("broken: ")
    assert name in verdict
    for command in ("show", "figures", "export") if name == "manifest.json" else ("show",):
        refused = beanpeak("results", command, str(file.parent), "--out", str(out)).exception
        assert isinstance(refused, UsageError), command
        assert str(file) in str(refused)
    assert {one.name for one in file.parent.iterdir()} & {"figures", "csv"} == set()


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_request_is_refused_with_its_file(how: str, out: Path) -> None:
    """`resume` says which, and `list` still lists."""
    (file,) = out.glob("gone/*.partial/request.json")
    break_it(file, how)
    refused = beanpeak("resume", "gone", "--out", str(out)).exception
    assert isinstance(refused, UsageError)
    assert str(file) in str(refused)
    assert len(rows(out)) == 4


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not parquet at all"])
@pytest.mark.parametrize("name", ["metrics.parquet", "tables/days.parquet", "scenario.toml"])
def test_a_run_with_a_broken_file_is_refused_with_its_file(name: str, content: bytes, out: Path) -> None:
    """Rows cut off by a full disk, or a scenario that is none."""
    (folder,) = finished_runs(out)
    (folder / name).write_bytes(content)
    for command in ("show", "figures", "export"):
        refused = beanpeak("results", command, str(folder)).exception
        assert isinstance(refused, UsageError), command
        assert Path(name).name in str(refused)


@pytest.mark.parametrize("name", ["metrics.parquet", "scenario.toml"])
def test_a_run_that_lacks_a_file_is_refused_with_its_file(name: str, out: Path) -> None:
    """It was taken away by somebody."""
    (folder,) = finished_runs(out)
    (folder / name).unlink()
    refused = beanpeak("results", "show", str(folder)).exception
    assert isinstance(refused, UsageError)
    assert name in str(refused)


def test_a_folder_of_results_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """By every command that takes one, before anything is done."""
    file = tmp_path / "file"
    file.write_text("")
    for words in ("list", "show", "figures x", "export x"):
        refused = beanpeak("results", *words.split(), "--out", str(file)).exception
        assert isinstance(refused, UsageError)
        assert "is a file; name a folder" in str(refused)
    refused = beanpeak("resume", "--out", str(file)).exception
    assert "is a file; name a folder" in str(refused)


@pytest.mark.parametrize("command", ["figures latest --only beans", "export latest"])
def test_into_a_file_is_refused(command: str, out: Path, tmp_path: Path) -> None:
    """The folder to write to, too."""
    file = tmp_path / "file"
    file.write_text("")
    for into in (file, file / "below"):
        refused = beanpeak("results", *command.split(), "--out", str(out), "--into", str(into)).exception
        assert isinstance(refused, UsageError)
        assert f"--into {into}" in str(refused)


def test_the_command_that_goes_on_can_be_typed(
    scenario: Scenario, tmp_path: Path, make_outcome: Make
) -> None:
    """Whatever the folder of results is called: what is printed after Ctrl-C is run, and finishes the run."""
    out = tmp_path / "o 'x' [v1] $HOME"
    run = Unfinished.begin(RunPlan("hello", scenario, scenario), out)
    run.keep(make_outcome(0))
    ran = beanpeak(*shlex.split(run.resuming)[1:], "--quiet")
    assert ran.exit_code == 0, ran.exception
    assert len(finished_runs(out)) == 1


def test_the_usual_folder_of_results_need_not_be_typed(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hint is as short as it can be."""
    monkeypatch.chdir(tmp_path)
    run = Unfinished.begin(RunPlan("hello", scenario, scenario), Path("results"))
    assert run.resuming == f"beanpeak resume {run.plan.key}"


@pytest.mark.parametrize("words", ["list", "show hello", "show 0123abcd-load"])
def test_nothing_vanishes_at_sixty_columns(words: str, out: Path) -> None:
    """Cells are folded: every letter of the wide table is in the narrow one, and no line is wider."""
    asked = ["results", *words.split(), "--out", str(out)]
    narrow = CliRunner().invoke(app, asked, env={"COLUMNS": "60", "NO_COLOR": "1"}).stdout
    wide = CliRunner().invoke(app, asked, env={"COLUMNS": "300", "NO_COLOR": "1"}).stdout
    assert sorted("".join(narrow.split())) == sorted("".join(wide.split()))
    assert "\x1b" not in narrow
    if words == "list":
        assert max(map(len, narrow.splitlines())) <= 60
