"""The caller's matplotlib stays outside: no setting, style, file or variable reaches a figure, nor ours theirs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import matplotlib.style
import pytest

from sim.reporting.figures.look import Look
from sim.reporting.figures.registry import BACKENDS, draw_all
from sim.reporting.results import Results

SHOWN = ["beans", "cash", "traffic"]  # dates, a logarithmic axis, two panels
RUDE = {
    "text.usetex": True,
    "text.parse_math": True,
    "figure.autolayout": True,
    "figure.constrained_layout.use": True,
    "font.family": ["No Such Font"],
    "font.size": 40.0,
    "savefig.bbox": "tight",
    "savefig.dpi": 20.0,
    "savefig.transparent": True,
    "axes.unicode_minus": False,
    "axes.xmargin": 0.4,
    "date.autoformatter.day": "day %d",
    "lines.linewidth": 9.0,
    "path.sketch": (1, 100, 2),
    "svg.fonttype": "none",
    "timezone": "America/New_York",
    "axes.formatter.use_mathtext": True,
}
FILE = "\n".join(
    ["text.usetex: True", "figure.autolayout: True", "font.family: No Such Font", "savefig.bbox: tight",
     "timezone: Asia/Tokyo", "backend: nosuch", "no.such.key: 1", "savefig.dpi: many"]
)  # fmt: skip
SCRIPT = """
import sys
import polars as pl
from pathlib import Path
from sim.reporting.figures.look import Look, printing
from sim.reporting.figures.registry import FIGURES, draw, save

rows = pl.DataFrame({"panel": "d", "series": "times", "x": ["签到", "$1 for $1"], "value": [3.0, 2.0]})
with printing():
    for form in ("png", "svg", "pdf"):
        figure = draw(FIGURES["deeds"], rows, Look(85.0), "caption", "title")
        save(figure, Path(sys.argv[1]) / f"deeds.{form}", Look())
"""


def files(folder: Path, results: Results) -> dict[str, bytes]:
    """What the figures of a run are, byte by byte."""
    draw_all(results, folder, Look(lang="zh"), list(BACKENDS), SHOWN)
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory, results: Results) -> dict[str, bytes]:
    """The figures as they are drawn when nobody has touched matplotlib."""
    return files(tmp_path_factory.mktemp("clean"), results)


def rude() -> None:
    mpl.rcParams.update(RUDE)  # type: ignore[arg-type]


def dark() -> None:
    matplotlib.style.use(["dark_background", "ggplot"])


@pytest.mark.parametrize("disturb", [rude, dark])
def test_a_notebooks_settings_change_no_figure_and_are_not_changed(
    tmp_path: Path, results: Results, clean: dict[str, bytes], disturb: Callable[[], None]
) -> None:
    """Every file is the same to the byte; the settings are as they were."""
    with mpl.rc_context():
        disturb()
        before = dict(mpl.rcParams)
        drawn = files(tmp_path, results)
        assert dict(mpl.rcParams) == before
    assert [name for name in clean if drawn[name] != clean[name]] == []


def outside(folder: Path, into: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Figures drawn by a process in a folder, with these variables beside the needed ones."""
    into.mkdir()
    root = str(Path(__file__).parents[2])
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": root, **variables}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(into)],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a process has drawn that found nothing of matplotlib's."""
    folder = tmp_path_factory.mktemp("quiet")
    done = outside(folder, folder / "drawn", HOME=str(folder))
    assert done.returncode == 0, done.stderr
    return folder / "drawn"


@pytest.mark.parametrize(
    ("backend", "encoding"), [("module://matplotlib_inline.backend_inline", "utf-8"), ("nosuch", "utf-16")]
)
def test_files_and_variables_of_matplotlib_change_nothing(
    tmp_path: Path, quiet: Path, backend: str, encoding: str
) -> None:
    """A rude matplotlibrc (also one that is not text), a backend that is not there, no home, no place for a cache."""
    rc = tmp_path / "matplotlibrc"
    rc.write_text(FILE, encoding=encoding)
    nowhere = str(rc / "nothing")  # below a file: can never be made
    done = outside(
        tmp_path,
        tmp_path / "drawn",
        HOME=nowhere,
        MPLCONFIGDIR=nowhere,
        MPLBACKEND=backend,
        MATPLOTLIBRC=str(rc),
    )
    assert done.returncode == 0, done.stderr
    for file in quiet.iterdir():
        assert (tmp_path / "drawn" / file.name).read_bytes() == file.read_bytes()
