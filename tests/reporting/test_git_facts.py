"""The commit in a manifest is this checkout's, or it is none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from sim.reporting import manifest

ME = {
    f"GIT_{who}_{what}": "nobody@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}


def git(folder: Path, *arguments: str) -> str:
    """What git says, with nothing of the environment that a test sets up."""
    seen = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | ME
    ran = subprocess.run(
        ["git", "-C", str(folder), *arguments], env=seen, capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


def repository(folder: Path) -> str:
    """A repository with one commit, and its name."""
    (folder / "sim").mkdir(parents=True)
    (folder / "sim" / "rule.py").write_text(f"# {folder.name}\n")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "Begin")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Our checkout, inside somebody else's."""
    repository(tmp_path / "around")
    name = repository(tmp_path / "around" / "ours")
    monkeypatch.setattr(manifest, "PACKAGE", tmp_path / "around" / "ours" / "sim")
    return name


def test_it_is_the_commit_and_says_when_files_differ(ours: str) -> None:
    """With `-changed`."""
    assert manifest.commit() == ours
    (manifest.PACKAGE / "rule.py").write_text("# other\n")
    assert manifest.commit() == f"{ours}-changed"


def test_another_repository_of_the_environment_is_not_asked(
    ours: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIT_DIR and its kin, as a hook of git sets them."""
    theirs = repository(tmp_path / "theirs")
    for name, value in {
        "GIT_DIR": ".git", "GIT_WORK_TREE": "", "GIT_INDEX_FILE": ".git/index", "GIT_OBJECT_DIRECTORY": ".git/objects",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(tmp_path / "theirs" / value))
    assert manifest.commit() == ours != theirs


def test_a_repository_around_ours_is_not_ours(ours: str) -> None:
    """When ours is damaged, git would go up and find another."""
    (manifest.PACKAGE.parent / ".git").rename(manifest.PACKAGE.parent / "gone")
    assert manifest.commit() is None
    (manifest.PACKAGE.parent / ".git").mkdir()
    assert manifest.commit() is None


@pytest.mark.parametrize(
    "git", ["exit 1", "kill -9 $$", "printf '\\377\\376'; exit 3", "exec sleep 600", None]
)
def test_a_git_that_fails_is_no_commit(
    ours: str, git: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says no, dies, talks nonsense, hangs, or is not there."""
    (tmp_path / "bin").mkdir()
    if git is not None:
        (tmp_path / "bin" / "git").write_text(f"#!/bin/sh\n{git}\n")
        (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin") + (os.pathsep + "/usr/bin:/bin" if git else ""))
    monkeypatch.setattr(manifest, "GIT_S", 0.5)
    assert manifest.commit() is None
