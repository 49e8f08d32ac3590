"""The cache of compiled rules: a changed rule finds an empty folder, so nothing stale is ever run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sim import compiling

PACKAGE = compiling.PACKAGE
# A kernel of its own in a copy of the package, calling a rule of another file.
PROBE = """
from sim.behaviour.habit import faded_habit
from sim.compiling import rule

@rule
def probe(habit):
    return faded_habit(habit, 0.5)
"""
Run = Callable[..., str]
# How code is kept, how errors are said, how plain Python reads tables: nothing of it is compiled.
NO_RULES = {
    "__init__.py", "codecache.py", "errors.py", "forking.py", "plainly.py", "seeding.py", "softly.py",
    "suggestions.py",
}  # fmt: skip


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package's sources, looked at instead of the package."""
    there = tmp_path / "sim"
    shutil.copytree(PACKAGE, there, ignore=shutil.ignore_patterns("__pycache__", "*.otf", "*.ttf"))
    monkeypatch.setattr(compiling, "PACKAGE", there)
    return there


def edit(file: Path) -> None:
    file.write_text(file.read_text(encoding="utf-8") + "\n# another version\n", encoding="utf-8")


def imported_by_the_kernel() -> set[str]:
    """Paths, relative to the package, of all its modules that the compiled files import."""
    script = (
        "import sys; before = set(sys.modules)\n"
        "import sim.kernel.playing, sim.kernel.allotment, sim.kernel.alias\n"
        "for name in set(sys.modules) - before:\n"
        "    if name.startswith('sim'): print(sys.modules[name].__file__)"
    )
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-c", script]
    listed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return {str(Path(line).relative_to(PACKAGE)) for line in listed.stdout.split()}


def test_every_file_that_can_reach_the_kernel_renames_the_cache(copy):
    """Editing any module the compiled files import changes the hash, but for those that hold no rule."""
    files = imported_by_the_kernel()
    assert {"kernel/rules.py", "behaviour/habit.py", "domain/hours.py", "streams.py"} <= files
    silent = set()
    for name in files:
        before = compiling.sources_hash()
        edit(copy / name)
        if compiling.sources_hash() == before:
            silent.add(name)
    assert silent == NO_RULES


def test_a_new_rule_file_renames_the_cache_and_other_files_do_not(copy):
    """A file added beside the rules counts; editing figures or the command line compiles nothing again."""
    before = compiling.sources_hash()
    edit(copy / "cli.py")
    edit(copy / "reporting" / "metrics.py")
    assert compiling.sources_hash() == before
    (copy / "behaviour" / "more.py").write_text("", encoding="utf-8")
    assert compiling.sources_hash() != before


def test_the_hash_is_that_of_the_text(copy):
    """An edit that is undone finds the old cache again; a renamed file is another source."""
    before = compiling.sources_hash()
    file = copy / "kernel" / "rules.py"
    text = file.read_bytes()
    edit(file)
    assert compiling.sources_hash() != before
    file.write_bytes(text)
    assert compiling.sources_hash() == before
    file.rename(file.with_name("rules_2.py"))
    assert compiling.sources_hash() != before


@pytest.fixture
def run(copy: Path, tmp_path: Path) -> Run:
    """Runs the probe kernel in a process of its own, over the copy, with a cache of its own."""
    (copy / "behaviour" / "probe.py").write_text(PROBE, encoding="utf-8")

    def run() -> str:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA")}
        environment = kept | {"PYTHONPATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        done = subprocess.run(
            [sys.executable, "-B", "-c", "from sim.behaviour.probe import probe; print(probe(1.0))"],
            env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


def test_an_edited_rule_is_run_and_not_its_old_machine_code(copy, run, tmp_path):
    """Numba alone looks only at the kernel's own file and would run the old rule; here the new one is run."""
    assert run() == "0.5"
    habit = copy / "behaviour" / "habit.py"
    text = habit.read_text(encoding="utf-8")
    assert "return habit * keep" in text
    habit.write_text(text.replace("return habit * keep", "return habit * keep * keep"), encoding="utf-8")
    assert run() == "0.25"
    folders = [folder for folder in (tmp_path / "cache" / "beanpeak").iterdir() if any(folder.iterdir())]
    assert len(folders) == 2


def test_a_folder_that_moved_finds_what_it_had_compiled(copy, tmp_path):
    """Nothing in a key or in the code names the place: the same text elsewhere compiles nothing again."""
    (copy / "behaviour" / "probe.py").write_text(PROBE, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA")}
    script = "from sim.behaviour.probe import probe; print(probe(1.0), *probe.stats.cache_hits.values())"

    def run(place: Path) -> str:
        environment = kept | {"PYTHONPATH": str(place), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        command = [sys.executable, "-B", "-c", script]
        return subprocess.run(
            command, cwd=place, env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    assert run(tmp_path) == "0.5"
    elsewhere = tmp_path / "else" / "where"
    elsewhere.mkdir(parents=True)
    copy.rename(elsewhere / "sim")
    assert run(elsewhere) == "0.5 1"
