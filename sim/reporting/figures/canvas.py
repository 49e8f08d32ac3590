"""The sheet a figure is drawn on, and the few ways in which rows are drawn.

A figure says what it shows; where its words stand is found out once all of it is known (`layout`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from sim.reporting.figures.layout import lay_out
from sim.reporting.figures.look import INK, Look
from sim.reporting.figures.panel import End, Panel
from sim.reporting.figures.ruler import plain
from sim.reporting.figures.ticks import Mark, Write, fixed, instants, numbers, powers

MARKS_A_LINE = 8
NOISY = 6.0  # ups and downs that add up to so many times a line's height make it a noisy one
BAR = 0.8  # share of a row or column that is filled
FEW_MARKS = 5  # on the axis of bars, which have their numbers beside them
STRAIGHT_BELOW = 1.0  # a logarithmic axis that begins at zero is straight so far
HOLLOW: dict[str, Any] = {
    "color": INK, "linestyle": "none", "marker": "o", "markersize": 4, "markerfacecolor": "white",
}  # fmt: skip


class Canvas:
    """One figure being drawn. `words` is series → (zh, en)."""

    def __init__(self, look: Look, words: dict[str, tuple[str, str]]) -> None:
        self.look, self.words = look, words
        self.figure = Figure()
        self._panels: dict[Axes, Panel] = {}

    def say(self, zh: str, en: str) -> str:
        """The text in the language of the figure."""
        return self.look.say(zh, en)

    def name(self, series: str) -> str:
        """What a series is called."""
        return self.say(*self.words[series]) if series in self.words else series

    def panels(self, count: int = 1) -> list[Axes]:
        """Axes, side by side where there is room for that, else one below the other."""
        made = [self.figure.add_axes((0, 0, 1, 1), label=f"panel {k}") for k in range(count)]
        for ax in made:
            self._panels[ax] = Panel(ax, numbers(self.look.number), numbers(self.look.number))
        return made

    # --- ways of drawing -----------------------------------------------------------------------------

    def lines(
        self, ax: Axes, rows: pl.DataFrame, first: int = 0, mark: bool = False, named: bool = False
    ) -> None:
        """A line per series, with its 95 % band. `mark`: every point is marked; `named`: even if it is the only one."""
        panel, parts = self._panels[ax], _parts(rows)
        if rows["x"].dtype.is_integer():
            panel.across = numbers(self.look.number, whole=True)
        for k, (series, part) in enumerate(parts, start=first):
            part = part.filter(pl.col("value").is_finite())
            if part.is_empty():
                continue
            x, y = _numbers(part["x"]), part["value"].to_numpy()
            style, every = self.look.line(k, _noisy(y)), max(1, len(x) // MARKS_A_LINE)
            marked = 1 if mark else (every * k // 3 % every, every)
            ax.plot(x, y, markevery=marked, **style)
            if "value_low" in part.columns:
                low, high = part["value_low"].to_numpy(), part["value_high"].to_numpy()
                ax.fill_between(x, low, high, color=style["color"], alpha=0.18, lw=0)
            end = self._end(k, series, style, (float(x[-1]), float(y[-1])))
            (panel.ends if named or len(parts) > 1 else panel.unnamed).append(end)

    def points(self, ax: Axes, rows: pl.DataFrame, k: int, label: str) -> None:
        """Data to compare the k-th line with: hollow marks; the key names both."""
        panel = self._panels[ax]
        ax.plot(_numbers(rows["x"]), rows["value"].to_list(), zorder=5, **HOLLOW)
        panel.key = [*panel.unnamed, End(None, plain(label), INK, HOLLOW)]

    def stack(self, ax: Axes, rows: pl.DataFrame) -> None:
        """Areas on top of each other over time, each named at its right edge."""
        parts = _parts(rows)
        x = _numbers(parts[0][1]["x"])
        below = np.zeros(len(x))
        for k, (series, part) in enumerate(parts):
            above = below + part["value"].to_numpy()
            style = self.look.area(k)
            ax.fill_between(x, below, above, **style)
            if (above > below).any():
                at = (float(x[-1]), float(below[-1] + above[-1]) / 2)
                self._panels[ax].ends.append(self._end(k, series, style, at))
            below = above
        ax.margins(x=0)
        ax.set_ylim(bottom=0)

    def bars(self, ax: Axes, rows: pl.DataFrame, first: int = 0, named: bool = False) -> None:
        """Horizontal bars over the categories x, series stacked, the total written at the end."""
        names = rows["x"].unique(maintain_order=True).to_list()
        ends = dict.fromkeys(names, 0.0)
        panel, parts = self._panels[ax], _parts(rows)
        for k, (series, part) in enumerate(parts, start=first):
            values = dict(zip(part["x"].to_list(), part["value"].to_list(), strict=True))
            widths = [values.get(name) or 0.0 for name in names]
            style = self.look.area(k)
            ax.barh(range(len(names)), widths, BAR, left=[ends[n] for n in names], **style)
            ends = {name: ends[name] + width for name, width in zip(names, widths, strict=True)}
            if named or len(parts) > 1:
                panel.key.append(self._end(k, series, style))
        totals = list(ends.values())
        if "value_low" in rows.columns and len(parts) == 1:
            half = (rows["value_high"] - rows["value"]).fill_nan(0.0).fill_null(0.0).to_list()
            ax.errorbar(totals, range(len(names)), xerr=half, fmt="none", ecolor=INK, lw=0.8)
            ends = {name: ends[name] + more for name, more in zip(names, half, strict=True)}
        panel.bars = [plain(self.name(name)) for name in names]
        panel.totals = [
            (max(end, 0.0), self.look.number(total)) for end, total in zip(ends.values(), totals, strict=True)
        ]
        whole = all(total == round(total) for total in totals)
        panel.across = numbers(self.look.number, whole, most=FEW_MARKS)
        ax.grid(visible=False, axis="y")

    def columns(self, ax: Axes, rows: pl.DataFrame) -> None:
        """Vertical bars over x, series stacked; a series may be empty at some x."""
        below: dict[float, float] = {}
        parts = _parts(rows)
        for k, (series, part) in enumerate(parts):
            x, values = _numbers(part["x"]).tolist(), part["value"].to_list()
            style = self.look.area(k)
            ax.bar(x, values, bottom=[below.get(at, 0.0) for at in x], width=BAR, **style)
            below |= {at: below.get(at, 0.0) + v for at, v in zip(x, values, strict=True)}
            self._panels[ax].key.append(self._end(k, series, style))

    def shades(self, ax: Axes, across: Any, up: Any, table: Any, name: str) -> None:
        """A table as shades between edges, zeros left white, and a bar that says what they mean."""
        shown = ax.pcolormesh(
            across, up, np.ma.masked_equal(table, 0), cmap=colormaps["Greys" if self.look.grey else "cividis_r"],
            norm=LogNorm(vmin=1, vmax=max(float(table.max()), 2.0)), rasterized=True,
        )  # fmt: skip
        panel = self._panels[ax]
        panel.shades, panel.shades_name, panel.shades_marks = shown, name, powers(self.look.number)

    # --- what is said --------------------------------------------------------------------------------

    def axes(self, ax: Axes, title: str = "", x: str = "", y: str = "", write: Write | None = None) -> None:
        """Title and units of a panel; numbers written as people write them, or by `write`."""
        panel, write = self._panels[ax], write or self.look.number
        panel.title, panel.x, panel.y = title, x, y
        panel.up = _marks(ax.get_yscale(), write)

    def dates(self, ax: Axes) -> None:
        """Times of a day, days or months on the x axis, by how long it is."""
        self._panels[ax].across = instants

    def marks(self, ax: Axes, marks: Sequence[Mark]) -> None:
        """These places on the x axis, as many as there is room for."""
        self._panels[ax].across = fixed(marks)

    def note(self, ax: Axes, x: float | datetime, y: float, text: str) -> None:
        """Words beside a point."""
        at = float(date2num(x)) if isinstance(x, datetime) else float(x)
        self._panels[ax].notes.append((at, float(y), plain(text)))

    def top(self, ax: Axes, x: float, text: str) -> None:
        """A name along the upper edge, from x on."""
        self._panels[ax].tops.append((x, plain(text)))

    def finish(self, title: str, caption: str) -> None:
        """The figure's title above and its caption below; everything finds its place."""
        lay_out(self.figure, list(self._panels.values()), self.look.width_mm, title, caption)

    def _end(self, k: int, series: str, style: dict[str, Any], at: tuple[float, float] | None = None) -> End:
        return End(at, plain(self.name(series)), self.look.text(k), style)


def _marks(scale: str, write: Write) -> Any:
    if scale == "linear":
        return numbers(write)
    return powers(write, STRAIGHT_BELOW if scale == "symlog" else 0.0)


def _parts(rows: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    return [(str(key[0]), part) for key, part in rows.group_by(["series"], maintain_order=True)]


def _numbers(x: pl.Series) -> Any:
    """Values of x as numbers; instants as matplotlib counts them, whatever converters a notebook has registered."""
    return np.asarray(date2num(x.to_list()) if x.dtype.is_temporal() else x.to_numpy(), float)


def _noisy(y: Any) -> bool:
    """Whether a line goes up and down so often that dashes would not be seen."""
    span = float(np.ptp(y))
    return span > 0 and float(np.abs(np.diff(y)).sum()) > NOISY * span
