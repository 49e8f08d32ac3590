"""A finished load: how its folder is found again, and what is drawn and summarised from it, as often as wanted."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loadtests.report import REPORT, headline
from sim.doors import read_json
from sim.errors import UsageError
from sim.reporting.figures.look import Look
from sim.reporting.figures.registry import FORMATS
from sim.reporting.folders import PARTIAL, newest_of
from sim.softly import softly

FIGURES, SUMMARY = "figures", "summary.md"


def finished_loads(out: Path) -> list[Path]:
    """Folders of finished loads under `out`, oldest first within a scenario."""
    return sorted(file.parent for file in out.glob(f"*/*/{REPORT}") if not file.parent.name.endswith(PARTIAL))


def find_load(run: str, out: Path) -> Path:
    """A finished load by its folder, the start of its name or trace, its scenario (the newest) or "latest".

    Raises UsageError with a hint if there is none.
    """
    given = Path(run)
    if "\0" not in run and (given / REPORT).is_file():
        return given
    loads = finished_loads(out)
    if not loads:
        raise UsageError(f"{out}: holds no finished load; make one with `beanpeak load hello`, or give --out")
    return newest_of(run, loads, out)


def read_report(folder: Path) -> dict[str, Any]:
    """What `load.json` of a folder says. Raises UsageError if it is none of ours."""
    report = read_json(folder / REPORT)
    if not isinstance(report, dict) or not {"verdict", "counts", "audit"} <= set(report):
        raise UsageError(f"{folder / REPORT}: is no report of a load; name another folder")
    return report


def decorate(folder: Path, look: Look | None = None, formats: Sequence[str] = ()) -> None:
    """Figures and a summary. Raises UsageError if there is nothing to draw from."""
    summarise(folder, draw(folder, look, formats))


def decorate_softly(folder: Path, figures: bool) -> None:
    """The same for a load that has just ended, which is as good without them; figures if they are wanted."""
    again, pictures = f"beanpeak load report {shlex.quote(str(folder))}", []
    if figures:
        with softly("figures", again):
            pictures = draw(folder)
    with softly("summary.md", again):
        summarise(folder, pictures)


def draw(folder: Path, look: Look | None = None, formats: Sequence[str] = ()) -> list[Path]:
    """The figures of a finished load, if anything was sent; the files."""
    if not read_report(folder)["counts"]["sent"]:
        return []
    from loadtests.figures import draw_load  # brings matplotlib

    return draw_load(folder, folder / FIGURES, look, formats or FORMATS)


def summarise(folder: Path, pictures: Sequence[Path]) -> None:
    """Write the headline, and every picture once."""
    shown = [f"![{file.stem}]({FIGURES}/{file.name})" for file in _one_each(pictures)]
    lines = ["# Load", "", "```", *headline(read_report(folder)), "```", "", *shown]
    (folder / SUMMARY).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _one_each(pictures: Sequence[Path]) -> list[Path]:
    """Every picture once, as PNG where there is one."""
    best = {file.stem: file for file in pictures}
    best |= {file.stem: file for file in pictures if file.suffix == ".png"}
    return list(best.values())
