"""What decorates a whole run: the commit in its manifest, figures/ and summary.md.

The run has its digest, books, tables, verdict and final name already. Each part here may fail, with one line on
stderr; `beanpeak results figures RUN` makes figures and summary again, as the run itself would have.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from sim.doors import written_whole
from sim.errors import Interrupted
from sim.reporting.folders import read_manifest
from sim.reporting.manifest import commit, to_json
from sim.reporting.results import Results
from sim.reporting.summary import markdown, summarise
from sim.softly import softly


def decorate(results: Results) -> None:
    """All of it, for a run that has just been finished. Raises Interrupted, with the run whole."""
    folder = results.folder
    if folder is None:
        return
    try:
        note_commit(folder)
        redraw(results, folder)
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted while drawing; {folder} is whole; `{drawing(folder)}` makes the rest"
        ) from None


def drawing(folder: Path) -> str:
    """The command that makes figures and summary again, as it is typed."""
    return f"beanpeak results figures {shlex.quote(str(folder))}"


def note_commit(folder: Path) -> None:
    """Name the checkout's commit in a manifest. Not made again later: by then it may be another."""
    with softly("the commit in manifest.json"):
        head = commit()
        if head is not None:
            text = to_json(read_manifest(folder) | {"commit": head})
            with written_whole(folder / "manifest.json") as file:
                file.write_text(text, encoding="utf-8")


def redraw(results: Results, folder: Path) -> list[str]:
    """figures/ and summary.md in a run's own folder; what could not be made."""
    drawn: dict[str, bool] = {}
    again = drawing(folder)
    with softly("figures", again) as lost:
        # Whatever matplotlib stumbles over when it is imported costs figures only.
        from sim.reporting.figures.look import Look
        from sim.reporting.figures.registry import draw_each

        drawn = draw_each(results, folder / "figures", Look(), again=again)
    with softly("summary.md", again) as unwritten:
        text = markdown(summarise(results), [name for name, done in drawn.items() if done])
        with written_whole(folder / "summary.md") as file:
            file.write_text(text, encoding="utf-8")
    failed = [name for name, done in drawn.items() if not done]
    return [*failed, *(["figures"] if lost else []), *(["summary.md"] if unwritten else [])]
