"""How long one waits, printed: `make bench`. Compilation, a first and a second run, and `make run` in all."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from tests.benchmarks.asked import Figures
from tests.benchmarks.child import ROOT, Spent, measured, spent

pytestmark = pytest.mark.bench

BEANPEAK = Path(sys.executable).with_name("beanpeak")


def hello(folder: Path, *options: str, **environment: str) -> Spent:
    """`beanpeak run hello`, its results in that folder."""
    return spent([BEANPEAK, "run", "hello", "--quiet", *options], folder, **environment)


def test_compilation_cold_and_from_cache(tmp_path: Path, figures: Figures) -> None:
    """The first run on a machine compiles; the next one loads the machine code from disk."""
    cache = str(tmp_path / "cache")
    cold = measured("compile", XDG_CACHE_HOME=cache)
    warm = measured("compile", XDG_CACHE_HOME=cache)
    figures.note("cold compilation", cold["compile_s"])
    print(f"\ncompilation, from cache: {warm['compile_s']:.3g} s")
    assert warm["compile_s"] < cold["compile_s"]


def test_a_first_and_a_second_run(tmp_path: Path, figures: Figures) -> None:
    """The whole command, with nothing compiled and with everything."""
    cache = str(tmp_path / "cache")
    figures.note("`run hello`, cold", hello(tmp_path, XDG_CACHE_HOME=cache).wall_s)
    figures.note("`run hello`, warm", hello(tmp_path, XDG_CACHE_HOME=cache).wall_s)


def test_replications_one_after_the_other_and_side_by_side(tmp_path: Path, figures: Figures) -> None:
    """Eight of the smallest scenario."""
    measured("compile")
    one = hello(tmp_path, "--replications", "8", "--jobs", "1")
    more = hello(tmp_path, "--replications", "8")
    figures.note("8 replications of hello, --jobs 1", one.wall_s)
    figures.note("8 replications of hello, side by side", more.wall_s)


def test_make_run_in_all(tmp_path: Path, figures: Figures) -> None:
    """The commands of `make run` once everything is installed and compiled, in a folder of their own."""
    venv = shlex.quote(f"VENV={BEANPEAK.parent.parent}")
    told = spent(["sh", "-c", f"make --no-print-directory -n -o install run {venv}"], ROOT).said
    assert "beanpeak run" in told
    measured("compile")
    ran = spent(["sh", "-ec", told], tmp_path)
    figures.note("make run", ran.wall_s)
    figures.note("make run, user + system", ran.cpu_s)
