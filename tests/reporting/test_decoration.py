"""A run is whole before it is decorated: whatever fails afterwards costs one line and can be made again."""

from __future__ import annotations

import dataclasses
import errno
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from sim.engine.outcome import Outcome
from sim.errors import Interrupted
from sim.reporting import decoration, manifest
from sim.reporting.decoration import decorate, drawing, redraw
from sim.reporting.figures.registry import FIGURES
from sim.reporting.folders import finished_runs, read_manifest
from sim.reporting.results import Results, load_run
from sim.reporting.unfinished import RunPlan, Unfinished
from sim.scenario import Scenario

Make = Callable[..., Outcome]


@pytest.fixture
def whole(tmp_path: Path, scenario: Scenario, make_outcome: Make) -> Results:
    """A made-up run that has just been finished."""
    run = Unfinished.begin(RunPlan("hello", scenario, scenario), tmp_path)
    run.keep(make_outcome(0))
    return run.finish()


def folder_of(results: Results) -> Path:
    assert results.folder is not None
    return results.folder


def files(folder: Path) -> dict[str, bytes]:
    """summary.md and everything in figures/."""
    found = [*(folder / "figures").iterdir(), folder / "summary.md"]
    return {file.name: file.read_bytes() for file in found}


def save(_: Figure, file: Path, **__: object) -> None:
    """Nothing is really drawn."""
    file.write_bytes(b"picture")


def failing(error: BaseException) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_a_finished_run_is_whole_without_decoration(whole: Results, tmp_path: Path) -> None:
    """Under its final name, with digest, books and verdict."""
    assert finished_runs(tmp_path) == [whole.folder]
    assert read_manifest(folder_of(whole))["audit"]["balanced"] is True
    assert load_run("latest", tmp_path).balanced


def test_decoration_is_made_again_byte_for_byte(whole: Results, tmp_path: Path) -> None:
    """As the run itself made it, from what is on disk."""
    folder = folder_of(whole)
    decorate(whole)
    before = files(folder)
    shutil.rmtree(folder / "figures")
    (folder / "summary.md").unlink()
    assert redraw(load_run("latest", tmp_path), folder) == []
    assert files(folder) == before
    assert {f"{name}.png" for name in FIGURES} <= before.keys()


@pytest.mark.parametrize("at", [0, 1])
def test_one_figure_that_fails_costs_the_others_nothing(
    at: int,
    few: list[str],
    whole: Results,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line names it and the command; nothing half written lies about. (Nothing is really drawn here.)"""
    name = few[at]
    monkeypatch.setattr(Figure, "savefig", save)
    broken = dataclasses.replace(FIGURES[name], draw=failing(ValueError("a title that\nno font has")))
    monkeypatch.setitem(FIGURES, name, broken)
    decorate(whole)
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if not line.startswith("the commit")] == [
        f"figure {name}: left out: ValueError: a title that no font has; `{drawing(folder_of(whole))}` makes it again"
    ]
    made = {file.stem for file in (folder_of(whole) / "figures").glob("*.png")}
    assert made == {few[1 - at]}
    assert f"figures/{name}.png" not in (folder_of(whole) / "summary.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("few")
def test_a_disk_that_fills_while_drawing_leaves_no_half_picture(
    whole: Results, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The pictures are missing, said so, and the run is whole."""

    def half(_: Figure, file: Path, **__: object) -> None:
        file.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", half)
    decorate(whole)
    assert "No space left on device" in capsys.readouterr().err
    assert list((folder_of(whole) / "figures").iterdir()) == []
    assert (folder_of(whole) / "summary.md").is_file()


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("part", ["markdown", "summarise", "written_whole"])
def test_a_summary_that_fails_costs_only_itself(
    part: str, whole: Results, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, with the command."""
    monkeypatch.setattr(Figure, "savefig", save)
    monkeypatch.setattr(decoration, part, failing(RuntimeError("no words")))
    redraw(whole, folder_of(whole))
    assert (
        "summary.md: left out: RuntimeError: no words; `beanpeak results figures" in capsys.readouterr().err
    )
    assert list((folder_of(whole) / "figures").glob("*.png"))


GIT = {
    "missing": FileNotFoundError(errno.ENOENT, "No such file or directory", "git"),
    "broken": subprocess.CalledProcessError(128, "git"),
    "hanging": subprocess.TimeoutExpired("git", 10),
    "odd": UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
}


@pytest.mark.parametrize("how", GIT)
def test_git_costs_a_line_at_most(
    how: str,
    whole: Results,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Missing, broken, hanging, odd: the manifest stays whole and names no commit."""
    monkeypatch.setattr(manifest, "_git", failing(GIT[how]))
    monkeypatch.setattr(manifest, "PACKAGE", tmp_path / "sim")
    (tmp_path / ".git").mkdir()
    held = read_manifest(folder_of(whole))
    decoration.note_commit(folder_of(whole))
    assert read_manifest(folder_of(whole)) == held
    assert held["commit"] is None
    assert "the commit in manifest.json: left out" in capsys.readouterr().err


def test_the_commit_is_noted_in_the_manifest(whole: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing else in it changes."""
    held = read_manifest(folder_of(whole))
    monkeypatch.setattr(decoration, "commit", lambda: "c0ffee")
    decoration.note_commit(folder_of(whole))
    assert read_manifest(folder_of(whole)) == held | {"commit": "c0ffee"}


def test_ctrl_c_while_drawing_says_that_the_run_is_whole(
    whole: Results, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And how the rest is made."""
    monkeypatch.setattr(decoration, "redraw", failing(KeyboardInterrupt()))
    with pytest.raises(Interrupted) as caught:
        decorate(whole)
    assert f"{whole.folder} is whole; `{drawing(folder_of(whole))}`" in str(caught.value)
    assert finished_runs(tmp_path) == [whole.folder]
