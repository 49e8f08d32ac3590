"""The command line as people and scripts use it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sim.cli import app
from sim.engine import running
from tests.commands import PATIENCE_S, beanpeak, ended, started

ROOT = Path(__file__).parents[1]
EVERY_COMMAND = (
    "", "run", "resume", "version",
    "scenarios", "scenarios list", "scenarios show", "scenarios copy", "scenarios check", "scenarios schema",
    "scenarios explain", "scenarios diff", "scenarios upgrade",
    "results", "results list", "results show", "results figures", "results metrics", "results export",
)  # fmt: skip
HEAVY = ("numba", "numpy", "polars", "matplotlib", "scipy", "simpy", "faker", "sim.engine", "sim.scenario")


def python(script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a few lines of Python."""
    run = [sys.executable, "-c", script]
    return subprocess.run(run, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A folder in which two small scenarios were run."""
    folder = tmp_path_factory.mktemp("cli")
    return folder, beanpeak("run", "hello", "point_farms", "--users", "200", cwd=folder)


# --- help ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", EVERY_COMMAND)
def test_every_command_explains_itself(command: str) -> None:
    """--help succeeds; the top and the long commands show an example."""
    ran = CliRunner().invoke(app, [*command.split(), "--help"])
    assert ran.exit_code == 0, ran.stderr
    assert "Usage:" in ran.stdout
    if command in ("", "run", "resume", "scenarios copy", "results figures", "results export"):
        assert "Example" in ran.stdout


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"], ["version"]])
def test_help_imports_nothing_heavy(command: list[str], tmp_path: Path) -> None:
    """Help is there at once because numbers and pictures are imported inside the commands."""
    script = f"""
import sys
from sim.cli import app
try:
    app({command!r})
except SystemExit as end:
    assert end.code == 0
print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)
"""
    ran = python(script, tmp_path)
    assert ran.stderr.strip() == "[]"


# --- run -----------------------------------------------------------------------------------------------


def test_run_prints_a_summary_that_ends_with_the_verdict(
    done: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    """Both scenarios, where the figures and the data are, and books balanced at the end."""
    folder, ran = done
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "books balanced"
    assert ran.stdout.count("books balanced") == 2
    assert "Hello 养豆 (hello)" in ran.stdout
    for line in ran.stdout.splitlines():
        if line.startswith("figures:"):
            assert (folder / line.split()[1]).is_dir()


def test_progress_goes_to_stderr(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Plain lines where there is no terminal, up to the end."""
    _, ran = done
    assert "hello, point_farms: preparing" in ran.stderr
    assert "point_farms: 100 %" in ran.stderr


def test_a_run_leaves_everything_promised(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Manifest, scenario, metrics, tables, summary, and every picture with its numbers."""
    (run,) = (done[0] / "results" / "hello").iterdir()
    for name in ("manifest.json", "scenario.toml", "metrics.parquet", "summary.md", "tables/days.parquet"):
        assert (run / name).is_file()
    pictures = {file.stem for file in (run / "figures").glob("*.png")}
    assert {"traffic", "beans", "giving", "pools", "ngos"} <= pictures
    assert pictures == {file.stem for file in (run / "figures").glob("*.csv")}


@pytest.mark.usefixtures("few")
def test_json_is_one_object_and_nothing_else(tmp_path: Path) -> None:
    """For scripts; the seed and users given are those that were simulated."""
    ran = beanpeak("run", "hello", "--users", "500", "--seed", "7", "--json", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    (held,) = json.loads(ran.stdout)["runs"]
    assert (held["users"], held["seed"], held["balanced"]) == (500, 7, True)
    assert (tmp_path / held["folder"] / "manifest.json").is_file()


@pytest.mark.usefixtures("few")
def test_quiet_says_only_where(tmp_path: Path) -> None:
    """One line, and nothing on stderr; --out is the folder of results."""
    ran = beanpeak("run", "hello", "--users", "500", "--quiet", "--out", "mine", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    (line,) = ran.stdout.splitlines()
    assert line.startswith("mine/hello/")
    assert (tmp_path / line / "summary.md").is_file()


def test_mistakes_of_a_scenario_are_told_with_their_lines(tmp_path: Path) -> None:
    """All at once as file:line: key, exit 2, no traceback, nothing written."""
    text = (ROOT / "scenarios" / "hello.toml").read_text(encoding="utf-8")
    bad = text.replace('fade = "72 h"', 'fadde = "72 h"').replace("form.cap = 200", 'form.cap = "20 beans"')
    (tmp_path / "bad.toml").write_text(bad, encoding="utf-8")
    for command in ("run", "scenarios check"):
        ran = beanpeak(*command.split(), "hello", "bad.toml", cwd=tmp_path)
        line, next_one = (
            next(k for k, x in enumerate(bad.splitlines(), start=1) if x.startswith(begun))
            for begun in ("fadde", 'form.cap = "20')
        )
        assert ran.returncode == 2
        assert f"bad.toml:{line}: beans.fadde" in ran.stderr
        assert f"bad.toml:{next_one}: rules.daily_cap.form.cap" in ran.stderr
        assert "Traceback" not in ran.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["bad.toml"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "helo"], "did you mean 'hello'?"),
        (["run", "hello", "--design", "duble"], "did you mean 'double'?"),
        (["run", "hello", "--users", "0"], "--users"),
        (["run", "hello", "--replications", "0"], "--replications"),
        (["run", "hello", "--usrs", "5"], "--usrs"),
        (["run"], "Missing argument"),
        (["resume"], "holds no unfinished run"),
        (["results", "list"], "holds no run"),
        (["results", "show", "hello"], "holds no finished run"),
        (["results", "metrics", "charity_order"], "did you mean 'charity_orders'?"),
        (["results", "figures", "latest", "--width", "wide"], "write it like 85mm"),
        (["scenarios", "show", "helo"], "did you mean 'hello'?"),
    ],
)
def test_usage_errors_end_with_2_and_a_hint(arguments: list[str], words: str, tmp_path: Path) -> None:
    """On stderr, without a traceback, with nothing written."""
    ran = beanpeak(*arguments, cwd=tmp_path)
    assert ran.returncode == 2
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    """Found before anything is simulated."""
    (tmp_path / "file").write_text("")
    ran = beanpeak("run", "hello", "--out", "file", cwd=tmp_path)
    assert ran.returncode == 2
    assert "is a file; name a folder" in ran.stderr


@pytest.mark.nightly  # tests/doors/test_machine.py types what it is told to go on
def test_ctrl_c_keeps_what_is_finished_and_resume_goes_on(tmp_path: Path) -> None:
    """Exit 130 and the command that goes on; after it the run is whole and nothing was simulated twice."""
    process = started("run", "hello", "--users", "500", "--replications", "200", cwd=tmp_path)
    deadline = time.monotonic() + PATIENCE_S
    while not list(tmp_path.glob("results/*/*.partial/replications/base-1")):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    stopped = ended(process)
    assert stopped.returncode == 130
    assert "beanpeak resume" in stopped.stderr
    (partial,) = tmp_path.glob("results/hello/*.partial")
    kept = [folder for folder in partial.glob("replications/base-*") if folder.is_dir()]
    assert 2 <= len(kept) < 200
    request = json.loads((partial / "request.json").read_text())
    (partial / "request.json").write_text(json.dumps(request | {"replications": len(kept)}))
    ran = beanpeak("resume", partial.name.split("-")[1][:8], cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "preparing" not in ran.stderr
    assert f"{len(kept)} replications" in ran.stdout
    assert not list(tmp_path.glob("results/hello/*.partial"))


@pytest.mark.usefixtures("few")
def test_wrong_books_end_with_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run is written, says so, and so does the exit code."""
    once = running.simulate_once

    def unbalanced(*arguments: Any, **rest: Any) -> Any:
        checks = [{"name": "users' beans", "passed": False, "detail": "1 bean"}]
        return replace(once(*arguments, **rest), audit={"balanced": False, "checks": checks})

    monkeypatch.setattr(running, "simulate_once", unbalanced)
    ran = beanpeak("run", "hello", "--users", "500", cwd=tmp_path)
    assert ran.returncode == 4
    assert ran.stdout.splitlines()[-1] == "books NOT balanced: users' beans"
    assert "do not balance" in ran.stderr


# --- scenarios and results -----------------------------------------------------------------------------


@pytest.mark.usefixtures("few")
def test_scenarios_are_listed_shown_and_copied(tmp_path: Path) -> None:
    """A copy is sound, and runs under its own name."""
    assert "week95_2022" in beanpeak("scenarios", "list", cwd=tmp_path).stdout
    shown = beanpeak("scenarios", "show", "hello", cwd=tmp_path).stdout
    assert shown == (ROOT / "scenarios" / "hello.toml").read_text(encoding="utf-8")
    assert beanpeak("scenarios", "copy", "hello", "my/beans.toml", cwd=tmp_path).returncode == 0
    assert (tmp_path / "my" / "beans.toml").read_text(encoding="utf-8") == shown
    assert (tmp_path / "my" / "scenario.schema.json").is_file()
    assert "sound" in beanpeak("scenarios", "check", "my/beans.toml", cwd=tmp_path).stdout
    again = beanpeak("scenarios", "copy", "hello", "my/beans.toml", cwd=tmp_path)
    assert (again.returncode, "--force" in again.stderr) == (2, True)
    ran = beanpeak("run", "my/beans.toml", "--users", "500", "--quiet", cwd=tmp_path)
    assert ran.stdout.startswith("results/beans/")


def test_a_resolved_scenario_names_every_setting(tmp_path: Path) -> None:
    """With a design applied, and it can be read again."""
    text = beanpeak("scenarios", "show", "hello", "--design", "double", cwd=tmp_path).stdout
    assert "valid_months = 0" in text
    (tmp_path / "all.toml").write_text(text.split("[designs", 1)[0], encoding="utf-8")
    assert beanpeak("scenarios", "check", "all.toml", cwd=tmp_path).returncode == 0


def test_the_schema_is_json(tmp_path: Path) -> None:
    """For editors."""
    schema = json.loads(beanpeak("scenarios", "schema", cwd=tmp_path).stdout)
    assert "beans" in schema["properties"]


def test_results_are_listed_and_shown_again(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """The summary is the one that `run` printed."""
    folder, ran = done
    listed = beanpeak("results", "list", cwd=folder).stdout
    assert listed.count("balanced") == 2
    shown = beanpeak("results", "show", "hello", cwd=folder).stdout
    assert shown.splitlines() == ran.stdout.splitlines()[: len(shown.splitlines())]
    held = json.loads(beanpeak("results", "show", "hello", "--json", cwd=folder).stdout)
    assert held["scenario"] == "hello"


def test_figures_are_drawn_again_for_paper(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Format, width, language and grey as asked, into a folder that names them."""
    folder, _ = done
    ran = beanpeak(
        "results", "figures", "hello", "--only", "beans", "--format", "svg,pdf", "--width", "85mm", "--lang",
        "zh", "--grey", cwd=folder,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    (made,) = folder.glob("results/hello/*/figures-zh-85mm-grey")
    assert {file.name for file in made.iterdir()} == {"beans.svg", "beans.pdf", "beans.csv"}
    nothing = beanpeak("results", "figures", "hello", "--only", "teams", cwd=folder)
    assert (nothing.returncode, "nothing to show" in nothing.stderr) == (2, True)


def test_tables_are_exported(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """As CSV into a folder of one's own."""
    folder, _ = done
    ran = beanpeak("results", "export", "hello", "--to", "csv", "--into", "mine", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    header = (folder / "mine" / "days.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header.startswith("design,replication,day,date")


def test_the_version_is_that_of_the_project(tmp_path: Path) -> None:
    """One line."""
    ran = beanpeak("version", cwd=tmp_path)
    assert f'version = "{ran.stdout.split()[1]}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
