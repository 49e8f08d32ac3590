"""A finished load: how its folder is found again, and what is drawn and summarised from it, as often as wanted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loadtests.report import REPORT, headline
from sim.doors import read_json
from sim.errors import UsageError
from sim.reporting.figures.look import Look
from sim.reporting.folders import PARTIAL, newest_of

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


def decorate(
    folder: Path, figures: bool = True, look: Look | None = None, formats: Sequence[str] = ()
) -> None:
    """Figures, if they are wanted and anything was sent, and a summary with the report's headline."""
    report = read_report(folder)
    pictures: list[Path] = []
    if figures and report["counts"]["sent"]:
        from loadtests.figures import draw_load
        from sim.reporting.figures.registry import FORMATS

        pictures = draw_load(folder, folder / FIGURES, look, formats or FORMATS)
    shown = [f"![{file.stem}]({FIGURES}/{file.name})" for file in _one_each(pictures)]
    lines = ["# Load", "", "```", *headline(report), "```", "", *shown]
    (folder / SUMMARY).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _one_each(pictures: Sequence[Path]) -> list[Path]:
    """Every picture once, as PNG where there is one."""
    best = {file.stem: file for file in pictures}
    best |= {file.stem: file for file in pictures if file.suffix == ".png"}
    return list(best.values())
