"""The sheet a figure is drawn on, and the few ways in which rows are drawn."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.reporting.figures.look import DASHES, HATCHES, INK, MM_PER_INCH, SIDE_BY_SIDE_MM, Look

PANEL_RATIO = 0.6  # height of a panel to its width
LEAST_HEIGHT_MM, ROW_MM, ROUND_ROWS_MM = 66.0, 4.8, 28.0
HOURS_UPTO_DAYS, DATES_UPTO_DAYS = 1.5, 150.0
LABEL_GAP = 0.075  # least distance of two direct labels, as a share of the axes
MM_A_LETTER = 1.15  # width of a letter of the caption, on average
MARKS_A_LINE = 8
MANY_POINTS = 300  # a noisy line of so many points is drawn thin, without marks and dashes
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


End = tuple[Any, float, str, str]  # where a series ends (x, y), its name and its colour


class Canvas:
    """One figure being drawn. `words` is series → (zh, en)."""

    def __init__(self, look: Look, words: dict[str, tuple[str, str]]) -> None:
        self.look, self.words = look, words
        self.figure = Figure(layout="constrained")
        self._of_bars: set[Axes] = set()  # whose y axis names categories
        self._with_legend: set[Axes] = set()  # whose title must stand above a legend
        self._ends: list[tuple[Axes, list[End]]] = []  # names to be set when the axes are final

    def say(self, zh: str, en: str) -> str:
        """The text in the language of the figure."""
        return self.look.say(zh, en)

    def name(self, series: str) -> str:
        """What a series is called."""
        return self.say(*self.words[series]) if series in self.words else series

    @property
    def beside(self) -> bool:
        """Whether panels stand side by side."""
        return self.look.width_mm >= SIDE_BY_SIDE_MM

    def panels(self, count: int = 1, rows: int = 0) -> list[Axes]:
        """Axes side by side, or one below the other on narrow paper; tall enough for `rows` bars."""
        across, down = (count, 1) if self.beside else (1, count)
        width = self.look.width_mm
        free = max(PANEL_RATIO * width / across, LEAST_HEIGHT_MM)
        height = ROW_MM * rows + ROUND_ROWS_MM if rows else free
        self.figure.set_size_inches(width / MM_PER_INCH, height * down / MM_PER_INCH)
        axes = self.figure.subplots(down, across, squeeze=False)
        return [ax for row in axes for ax in row]

    # --- ways of drawing -----------------------------------------------------------------------------

    def lines(self, ax: Axes, rows: pl.DataFrame, first: int = 0, mark: bool = False) -> None:
        """A line per series, with its 95 % band, and its name at its end if there are several."""
        ends: list[End] = []
        for k, (series, part) in enumerate(_parts(rows), start=first):
            x, y = part["x"].to_list(), part["value"].to_list()
            colour = self.look.colour(k)
            many, every = len(x) > MANY_POINTS, max(1, len(x) // MARKS_A_LINE)
            ax.plot(
                x, y, color=colour, linestyle="-" if many else DASHES[k % len(DASHES)],
                linewidth=0.7 if many else 1.4, marker="" if many else MARKERS[k % len(MARKERS)],
                markersize=3.2, markevery=1 if mark else (every * k // 3 % every, every),
                label=self.name(series),
            )  # fmt: skip
            if "value_low" in part.columns:
                low, high = part["value_low"].to_numpy(), part["value_high"].to_numpy()
                ax.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
            ends.append((x[-1], y[-1], self.name(series), colour))
        if len(ends) > 1:
            self._ends.append((ax, ends))

    def points(self, ax: Axes, rows: pl.DataFrame, k: int, label: str) -> None:
        """Data to compare a line with: hollow marks; both are named in a legend."""
        ax.plot(
            rows["x"].to_list(), rows["value"].to_list(), color=INK, linestyle="none", marker="o",
            markersize=4,
            markerfacecolor="white", markeredgecolor=_darker(self.look.colour(k)), label=label, zorder=5,
        )  # fmt: skip
        ax.legend(frameon=False, loc="best", handletextpad=0.2)

    def stack(self, ax: Axes, rows: pl.DataFrame) -> None:
        """Areas on top of each other over time, each named at its right edge."""
        parts = _parts(rows)
        x = parts[0][1]["x"].to_list()
        below = [0.0] * len(x)
        ends: list[End] = []
        for k, (series, part) in enumerate(parts):
            above = [b + v for b, v in zip(below, part["value"].to_list(), strict=True)]
            ax.fill_between(
                x, below, above, facecolor=self.look.area(k), hatch=HATCHES[k % len(HATCHES)],
                edgecolor="white", linewidth=0.4,
            )  # fmt: skip
            if above[-1] > below[-1]:
                ends.append((x[-1], (below[-1] + above[-1]) / 2, self.name(series), self.look.colour(k)))
            below = above
        ax.set_ylim(bottom=0)
        ax.margins(x=0)
        self._ends.append((ax, ends))

    def bars(self, ax: Axes, rows: pl.DataFrame, first: int = 0) -> None:
        """Horizontal bars over the categories x, series stacked, the total written at the end."""
        names = rows["x"].unique(maintain_order=True).to_list()
        ends = dict.fromkeys(names, 0.0)
        parts = _parts(rows)
        for k, (series, part) in enumerate(parts, start=first):
            values = dict(zip(part["x"].to_list(), part["value"].to_list(), strict=True))
            widths = [values.get(name) or 0.0 for name in names]
            ax.barh(
                range(len(names)), widths, left=[ends[n] for n in names], color=self.look.area(k),
                hatch=HATCHES[k % len(HATCHES)], edgecolor="white", linewidth=0.4, label=self.name(series),
            )  # fmt: skip
            ends = {name: ends[name] + width for name, width in zip(names, widths, strict=True)}
        if "value_low" in rows.columns and len(parts) == 1:
            half = (rows["value_high"] - rows["value"]).fill_nan(0.0).fill_null(0.0)
            ax.errorbar(rows["value"].to_list(), range(len(names)), xerr=half, fmt="none", ecolor=INK, lw=0.8)
            ends = dict(zip(names, (rows["value"] + half).to_list(), strict=True))
        self._bar_axes(ax, names, ends, rows)
        if len(parts) > 1:
            self.legend(ax, len(parts))

    def columns(self, ax: Axes, rows: pl.DataFrame) -> None:
        """Vertical bars over x, series stacked; a series may be empty at some x."""
        below: dict[Any, float] = {}
        parts = _parts(rows)
        for k, (series, part) in enumerate(parts):
            x, values = part["x"].to_list(), part["value"].to_list()
            ax.bar(
                x, values, bottom=[below.get(at, 0.0) for at in x], width=0.85, color=self.look.area(k),
                hatch=HATCHES[k % len(HATCHES)], edgecolor="white", linewidth=0.3, label=self.name(series),
            )  # fmt: skip
            below |= {at: below.get(at, 0.0) + v for at, v in zip(x, values, strict=True)}
        if len(parts) > 1:
            self.legend(ax, len(parts))

    # --- axes ----------------------------------------------------------------------------------------

    def axes(self, ax: Axes, title: str = "", x: str = "", y: str = "") -> None:
        """Title and units of a panel; numbers written as people write them."""
        ax.set_title(title, pad=17 if ax in self._with_legend else None)
        ax.set_xlabel(x)
        ax.set_ylabel(y)
        if ax not in self._of_bars:
            ax.yaxis.set_major_formatter(FuncFormatter(self.look.number))

    def note(self, ax: Axes, x: float, y: float, text: str, below: bool = False) -> None:
        """Words beside a point."""
        ax.annotate(
            text, (x, y), xytext=(6, -9 if below else 2), textcoords="offset points", fontsize=7, color=INK
        )

    def finish(self, title: str, caption: str) -> None:
        """The figure's title above and its caption below, broken to the width of the paper."""
        per_line = int(self.look.width_mm / MM_A_LETTER)
        for ax, ends in self._ends:
            self._label_ends(ax, ends)
        self.figure.suptitle(_broken(title, int(per_line * 0.75)), x=0.01, ha="left", fontsize=9.5)
        self.figure.supxlabel(_broken(caption, per_line), x=0.01, ha="left", fontsize=6, color="#5A5A5A")

    def dates(self, ax: Axes) -> None:
        """Instants, days or months on the x axis, by how long it is, few enough to be read."""
        low, high = ax.get_xlim()
        days = high - low
        locator: dates.DateLocator = dates.AutoDateLocator(minticks=3, maxticks=6)
        if days <= HOURS_UPTO_DAYS:
            form = "%H:%M"
        elif days <= DATES_UPTO_DAYS:
            form, locator = "%m-%d", dates.DayLocator(interval=math.ceil(days / 6))
        else:
            form = "%Y-%m"
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(dates.DateFormatter(form))

    def legend(self, ax: Axes, count: int) -> None:
        """Names of stacked series above the axes, in their order."""
        ax.legend(
            frameon=False, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=min(count, 5), borderpad=0,
            handlelength=1.4, columnspacing=1.0, fontsize=7,
        )  # fmt: skip
        self._with_legend.add(ax)

    def peak(self, ax: Axes, at: datetime, height: float, text: str) -> None:
        """Name the highest point of a line, towards the middle of the axes."""
        low, high = ax.get_xlim()
        left = dates.date2num(at) < (low + high) / 2
        ax.annotate(
            text, (dates.date2num(at), height), xytext=(5 if left else -5, 4), textcoords="offset points",
            ha="left" if left else "right", fontsize=7, color=INK,
        )  # fmt: skip

    def _bar_axes(self, ax: Axes, names: list[str], ends: dict[str, float], rows: pl.DataFrame) -> None:
        totals = dict(rows.group_by("x").agg(pl.col("value").sum()).iter_rows())
        for place, name in enumerate(names):
            ax.annotate(
                self.look.number(totals[name]), (max(ends[name], 0.0), place), xytext=(3, 0),
                textcoords="offset points", va="center", fontsize=7, color=INK,
            )  # fmt: skip
        self._of_bars.add(ax)
        ax.set_yticks(range(len(names)), [self.name(n) for n in names])
        ax.invert_yaxis()
        ax.grid(visible=False, axis="y")
        ax.margins(x=0.14)
        ax.set_xlim(left=0)
        ax.xaxis.set_major_locator(MaxNLocator(4, integer=all(v == round(v) for v in totals.values())))
        ax.xaxis.set_major_formatter(FuncFormatter(self.look.number))

    def _label_ends(self, ax: Axes, ends: list[End]) -> None:
        """Names to the right of the axes, at the height of the line's end, moved apart where they meet."""
        to_axes = ax.transScale + ax.transLimits
        number: Callable[[Any], Any] = ax.xaxis.convert_units
        placed = sorted(
            (float(to_axes.transform((float(number(x)), y))[1]), text, colour) for x, y, text, colour in ends
        )
        heights = _apart([min(max(height, 0.0), 1.0) for height, _, _ in placed])
        for height, (_, text, colour) in zip(heights, placed, strict=True):
            ax.text(
                1.01, height, text, transform=ax.transAxes, va="center", color=_darker(colour), fontsize=7
            )  # fmt: skip


def _parts(rows: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    return [(str(key[0]), part) for key, part in rows.group_by(["series"], maintain_order=True)]


def _apart(heights: list[float], gap: float = LABEL_GAP) -> list[float]:
    """Ascending heights in [0, 1], moved as little as needed to stand a gap apart."""
    moved: list[float] = []
    for height in heights:
        moved.append(max(height, moved[-1] + gap) if moved else height)
    excess = max(0.0, moved[-1] - 1.0) if moved else 0.0
    for k in range(len(moved) - 1, -1, -1):
        ceiling = moved[k + 1] - gap if k + 1 < len(moved) else 1.0
        moved[k] = min(moved[k], ceiling) if excess else moved[k]
    return moved


def _broken(text: str, per_line: int) -> str:
    """Text broken into lines; a Chinese character takes two letters' room and may be broken after."""
    lines, room = [""], per_line
    for word in re.findall(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+|\s+", text):
        need = sum(2 if "\u2e80" <= letter <= "\uffef" else 1 for letter in word)
        if need > room and lines[-1] and word not in "，。；：、）":
            lines.append("")
            room = per_line
        if lines[-1] or not word.isspace():
            lines[-1] += word
            room -= need
    return "\n".join(line.rstrip() for line in lines)


def _darker(colour: str) -> tuple[float, float, float]:
    """A colour dark enough to be read as text on white."""
    red, green, blue = to_rgb(colour)
    return (0.7 * red, 0.7 * green, 0.7 * blue)
