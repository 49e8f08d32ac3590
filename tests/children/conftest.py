"""A household of processes: a command with all it starts, found again by a variable that all of them carry."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CACHE = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
PATIENCE_S = 90.0  # generous: a machine may be busy
MARK = "BEANPEAK_HOUSEHOLD"


@dataclass
class Household:
    """A command in a folder of its own, its temporary folder, and what it has started."""

    folder: Path
    first: subprocess.Popen[str] | None = None

    def start(self, *arguments: str, script: Path | None = None, **given: Any) -> subprocess.Popen[str]:
        """Start `beanpeak …`, or a script, there."""
        (self.folder / "tmp").mkdir(exist_ok=True)
        what = ["-m", "sim"] if script is None else [str(script)]
        self.first = subprocess.Popen(
            [sys.executable, *what, *arguments], cwd=self.folder, text=True,
            env=self.environment,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL} | given,
        )  # fmt: skip
        return self.first

    @property
    def environment(self) -> dict[str, str]:
        """Of all of them."""
        told = {"PYTHONPATH": str(ROOT), "TMPDIR": str(self.folder / "tmp"), MARK: self.mark}
        return {**os.environ, **told}

    @property
    def mark(self) -> str:
        """What all its processes carry."""
        return str(self.folder)

    def members(self, *words: str) -> dict[int, str]:
        """Number and command line of each that lives and whose command line has these words."""
        sign, found = f"\0{MARK}={self.mark}\0".encode(), {}
        for place in Path("/proc").glob("[0-9]*"):
            try:
                told = b"\0" + (place / "environ").read_bytes() + b"\0"
                line = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if sign in told and all(word in line for word in words):
                found[int(place.name)] = line
        return found

    def left_behind(self) -> list[str]:
        """Temporary folders."""
        return [file.name for file in (self.folder / "tmp").glob("beanpeak-*")]

    def until(self, found: Callable[[], Any], what: str) -> Any:
        """What a function finds, as soon as it does."""
        end = time.monotonic() + PATIENCE_S
        while not (value := found()):
            assert time.monotonic() < end, (what, self.members(), self.left_behind())
            time.sleep(0.05)
        return value

    def until_gone(self) -> None:
        """Wait until no process and no folder is left."""
        self.until(lambda: not self.members() and not self.left_behind(), "something is left")


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    """One; whoever is left of it at the end is ended."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("processes are only found where the system shows their environment")
    house = Household(tmp_path)
    yield house
    for number in house.members():
        os.kill(number, signal.SIGKILL)
    if house.first is not None:
        house.first.communicate()
