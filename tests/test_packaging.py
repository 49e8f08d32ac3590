"""What is shipped: the wheel, the lock and the two commands."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this checkout, built with the locked tools."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (file,) = folder.glob("beanpeak-*.whl")
    return zipfile.ZipFile(file)


def test_the_wheel_carries_what_runs_need(wheel: zipfile.ZipFile) -> None:
    """Both packages, scenarios, data, parameters, the font with its licence, and the types' marker."""
    names = set(wheel.namelist())
    shipped = {f"sim/scenarios/{file.name}" for file in (ROOT / "scenarios").glob("*.toml")}
    assert shipped
    assert shipped <= names
    assert {
        "loadtests/__init__.py",
        "sim/py.typed",
        "sim/data/hourly_profile.csv",
        "sim/behaviour/parameters.toml",
        "sim/reporting/fonts/BeanpeakSansSC-Regular.otf",
        "sim/reporting/fonts/OFL.txt",
    } <= names
    assert not [name for name in names if name.startswith("tests/")]


def test_the_command_is_named_beanpeak(wheel: zipfile.ZipFile) -> None:
    """And runs the command line."""
    (entry,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert "beanpeak = sim.__main__:main" in wheel.read(entry).decode()
    wheel.close()


def test_the_lock_has_hashes_and_no_places() -> None:
    """Every requirement is pinned with hashes; no machine's path and no registry's host."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^([\w.-]+)==", text, flags=re.MULTILINE)
    blocks = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pins) > 20
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"://|--index-url|--find-links|(?<![\w.])/(home|root|tmp|opt|Users)/", text)


def test_the_lock_holds_everything_that_is_asked_for() -> None:
    """Dependencies and all extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(one for extra in extras for one in extra)]
    names = {re.split(r"[<>=\[; ]", one)[0].lower() for one in wanted}
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE))
    assert names <= locked
