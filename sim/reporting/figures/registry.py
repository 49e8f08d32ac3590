"""Every figure by name, and drawing them into files with the numbers beside each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl
from matplotlib.figure import Figure

from sim.doors import written_whole
from sim.errors import UsageError
from sim.reporting.figures import giving, market, play, rules, traffic
from sim.reporting.figures.canvas import Canvas
from sim.reporting.figures.look import Look, printing
from sim.reporting.figures.spec import FigureSpec
from sim.reporting.manifest import version
from sim.reporting.results import Results
from sim.softly import softly
from sim.suggestions import did_you_mean

FIGURES: dict[str, FigureSpec] = {
    spec.name: spec
    for spec in (*traffic.FIGURES, *giving.FIGURES, *play.FIGURES, *rules.FIGURES, *market.FIGURES)
}
BACKENDS = {"png": "agg", "svg": "svg", "pdf": "pdf"}  # named, so that no setting of the caller's chooses
FORMATS = tuple(BACKENDS)
METADATA = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def chosen(names: Iterable[str]) -> list[FigureSpec]:
    """The figures of these names, all if there are none. Raises UsageError with the nearest name."""
    wanted = list(names) or list(FIGURES)
    for name in wanted:
        if name not in FIGURES:
            raise UsageError(f"--only {name}: there is no such figure{did_you_mean(name, list(FIGURES))}")
    return [FIGURES[name] for name in wanted]


def parse_formats(text: str) -> list[str]:
    """File formats of a text such as "png,pdf". Raises UsageError."""
    formats = [part.strip().lower() for part in text.split(",") if part.strip()]
    for name in formats or [text]:
        if name not in FORMATS:
            raise UsageError(f"--format {name}: is no format; use {', '.join(FORMATS)}")
    return formats


def draw(spec: FigureSpec, numbers: pl.DataFrame, look: Look, caption: str, heading: str) -> Figure:
    """A figure of its numbers. Call it inside `printing()`."""
    canvas = Canvas(look, spec.words)
    spec.draw(canvas, numbers)
    canvas.finish(f"{look.say(spec.zh, spec.en)} · {heading}", caption)
    return canvas.figure


def save(figure: Figure, file: Path, look: Look) -> None:
    """Write a figure in the format its file's name ends with. Call it inside `printing()`."""
    form = file.suffix[1:]
    figure.savefig(file, format=form, backend=BACKENDS[form], dpi=look.dpi, metadata=METADATA[form])


def numbers_of(spec: FigureSpec, results: Results) -> pl.DataFrame | None:
    """The numbers behind a figure, or None if the run has nothing to show in it."""
    filled = {name: frame for name, frame in results.tables.items() if len(frame)}
    if any(need not in filled for need in spec.needs):
        return None
    rows = spec.numbers(filled)
    return rows if len(rows) and rows["value"].fill_nan(0.0).abs().sum() > 0 else None


def caption_of(results: Results, look: Look) -> str:
    """Users and source of a figure, and what its bands are."""
    world, count = results.scenario.scenario, len(results.outcomes)
    real = look.number(world.real_users)
    key = results.settings_hash[:8]
    words = look.say(
        f"模拟 {world.users:,} 名用户（现实 {real}）；方案 {results.design}；",
        f"{world.users:,} users simulated for {real}; design {results.design}; ",
    )
    if count > 1:
        words += look.say(
            f"{count} 次重复的均值与 95% 区间；", f"mean and 95 % interval of {count} replications; "
        )
    return words + look.say(
        f"来源：Beanpeak {version()}，设置 {key}", f"source: Beanpeak {version()}, settings {key}"
    )


def draw_each(
    results: Results,
    folder: Path,
    look: Look,
    formats: Sequence[str] = ("png",),
    only: Iterable[str] = (),
    again: str = "",
) -> dict[str, bool]:
    """Draw figures and their numbers (CSV) into a folder: of those the run has something for, whether it worked.

    A figure that cannot be drawn costs the others nothing; `again` is the command that draws it again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    caption, heading = caption_of(results, look), results.scenario.scenario.title
    drawn = {}
    with printing():
        for spec in chosen(only):
            with softly(f"figure {spec.name}", again) as failed:
                numbers = numbers_of(spec, results)
                if numbers is None:
                    continue
                figure = draw(spec, numbers, look, caption, heading)
                _save(spec.name, figure, numbers, folder, look, formats)
            drawn[spec.name] = not failed
    return drawn


def _save(
    name: str, figure: Figure, numbers: pl.DataFrame, folder: Path, look: Look, formats: Sequence[str]
) -> None:
    """The picture in each format and its numbers, each whole or not there."""
    for form in formats:
        with written_whole(folder / f"{name}.{form}") as file:
            save(figure, file, look)
    with written_whole(folder / f"{name}.csv") as file:
        numbers.write_csv(file)


def draw_all(
    results: Results, folder: Path, look: Look, formats: Sequence[str] = ("png",), only: Iterable[str] = ()
) -> list[str]:
    """Like `draw_each`; the names of the figures that were drawn."""
    return [name for name, done in draw_each(results, folder, look, formats, only).items() if done]
