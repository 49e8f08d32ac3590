"""The one way in which a sheet is laid out: title, panels in columns or below each other, caption.

The width is given by the paper, the height follows from what stands on it. First everything is measured (`Fit`), then
it is set, from the top down; no figure has a layout of its own.
"""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator
from matplotlib.transforms import Bbox

from sim.reporting.figures.look import CAPTION, INK, LABEL, PANEL, POINTS_PER_MM, SMALL, TITLE
from sim.reporting.figures.notes import notes
from sim.reporting.figures.panel import EDGE, GAP, LEADER, SAMPLE, SHADES, Fit, Panel
from sim.reporting.figures.ruler import extent, height, wrapped
from sim.reporting.figures.ticks import along

GUTTER, BETWEEN = 14.0, 8.0  # between columns; between rows
LEAST_WIDE = 36.0 * POINTS_PER_MM  # data narrower than this do not stand beside each other
TALLEST_BARS = 1.8  # times the height they need, beside a taller panel
MOST_TITLE, MOST_CAPTION = 3, 8  # lines
PALE = "#5A5A5A"
POINT = 1 / 72  # of an inch


def lay_out(figure: Figure, panels: list[Panel], width_mm: float, title: str, caption: str) -> None:
    """Give the sheet its size, and everything on it its place."""
    wide = width_mm * POINTS_PER_MM
    inner = wide - 2 * EDGE
    title = wrapped(title, inner, TITLE, MOST_TITLE)
    caption = wrapped(caption, inner, CAPTION, MOST_CAPTION)
    rows = _rows(panels, inner)
    tops = [max(fit.top for fit in row) for row in rows]
    talls = [top + max(fit.high + fit.bottom for fit in row) for top, row in zip(tops, rows, strict=True)]
    tall = 2 * EDGE + height(title, TITLE) + height(caption, CAPTION) + BETWEEN * (len(rows) + 1)
    tall += sum(talls)
    figure.set_size_inches(wide * POINT, tall * POINT)
    sheet = _Sheet(figure, wide, tall)

    figure.suptitle(
        title, x=EDGE / wide, y=1 - EDGE / tall, ha="left", va="top", fontsize=TITLE, linespacing=1.2
    )
    y = tall - EDGE - height(title, TITLE) - BETWEEN
    for row, top, high in zip(rows, tops, talls, strict=True):
        x = EDGE
        for fit in row:
            sheet.put(fit, x, y, y - top - fit.high)
            x += fit.column + GUTTER
        y -= high + BETWEEN
    figure.supxlabel(
        caption, x=EDGE / wide, y=EDGE / tall, ha="left", va="bottom", fontsize=CAPTION, color=PALE
    )


def _rows(panels: list[Panel], inner: float) -> list[list[Fit]]:
    """The panels side by side if their data are wide enough so, else one below the other."""
    count = len(panels)
    if count > 1:
        column = (inner - GUTTER * (count - 1)) / count
        high = max(panel.high(column) for panel in panels)
        named = [k == 0 or panels[k].bars != panels[k - 1].bars for k in range(count)]
        highs = [min(high, TALLEST_BARS * panel.high(column)) if panel.bars else high for panel in panels]
        row = [Fit(*each) for each in zip(panels, [column] * count, highs, named, strict=True)]
        if all(fit.wide >= LEAST_WIDE for fit in row):
            return [row]
    return [[Fit(panel, inner, panel.high(inner))] for panel in panels]


class _Sheet:
    """A sheet on which things are set in points from its lower left corner."""

    def __init__(self, figure: Figure, wide: float, tall: float) -> None:
        self.figure, self.wide, self.tall = figure, wide, tall

    def put(self, fit: Fit, x: float, top: float, foot: float) -> None:
        """A panel: its column begins at x, its title at `top`, its data at `foot`."""
        panel, ax, left = fit.panel, fit.panel.ax, x + fit.left
        ax.set_position(self._box(left, foot, fit.wide, fit.high))
        self._axes(fit, x, left, foot)
        if fit.title:
            self._text(x, top, fit.title, PANEL, va="top")
        for at, above, name, entry in fit.key:
            y = foot + fit.high + GAP + above + height(name, SMALL) / 2
            self._sample(x + at, y, entry.style)
            self._text(x + at + SAMPLE + GAP, y, name, SMALL, va="center")
        self._ends(fit, left, foot)
        if panel.shades is not None:
            self._shades(fit, panel.shades, left + fit.wide + GAP, foot)
        _totals(fit)
        _tops(fit)
        for x, y, text in notes(fit):
            _inside(fit, x, y, text)

    def _axes(self, fit: Fit, x: float, left: float, foot: float) -> None:
        panel, ax = fit.panel, fit.panel.ax
        ax.set_xlim(*fit.x_limits)
        _mark(ax.xaxis, fit.x_marks)
        if panel.bars:
            ax.set_ylim(len(panel.bars) - 0.5, -0.5)
            _mark(ax.yaxis, list(enumerate(fit.names or [""] * len(panel.bars))))
        else:
            ax.set_ylim(*fit.y_limits)
            _mark(ax.yaxis, fit.y_marks)
        middle, half = left + fit.wide / 2, extent(fit.x, LABEL)[0] / 2
        middle = min(max(middle, x + half), x + fit.column - half)
        inches = self.figure.dpi_scale_trans
        ax.set_xlabel(fit.x, va="bottom")
        ax.xaxis.set_label_coords(middle * POINT, (foot - fit.bottom) * POINT, inches)
        ax.set_ylabel(fit.y, va="top")
        ax.yaxis.set_label_coords(x * POINT, (foot + fit.high / 2) * POINT, inches)

    def _ends(self, fit: Fit, left: float, foot: float) -> None:
        """Names beside the data, with a line to those that had to move away from theirs."""
        ax, right = fit.panel.ax, left + fit.wide
        ends = [end for end in fit.panel.ends if end.at is not None]
        moved = any(abs(at - placed) > GAP for at, placed, _ in fit.ends)
        for end, (at, placed, name) in zip(ends, fit.ends, strict=bool(fit.ends)):
            self._text(
                right + (LEADER if moved else GAP), foot + placed, name, SMALL, va="center", color=end.colour
            )
            if moved and end.at is not None:
                (start,) = along(ax.xaxis, fit.x_limits, [end.at[0]], fit.wide)
                x, y = [left + start + 2, right, right + LEADER - 2], [foot + at, foot + at, foot + placed]
                self._line(x, y, color=end.colour, linewidth=0.5)

    def _sample(self, x: float, y: float, style: dict[str, Any]) -> None:
        """A piece of the line, or of the area, that a name in the key belongs to."""
        if "facecolor" in style:
            box = Rectangle(
                (x * POINT, (y - 3) * POINT),
                SAMPLE * POINT,
                6 * POINT,
                transform=self.figure.dpi_scale_trans,
                **style,
            )
            self.figure.add_artist(box)
        else:
            self._line([x, x + SAMPLE / 2, x + SAMPLE], [y, y, y], markevery=[1], **style)

    def _shades(self, fit: Fit, shown: ScalarMappable, x: float, foot: float) -> None:
        """The colour bar, and its name above it."""
        bar = self.figure.add_axes(self._box(x, foot, SHADES, fit.high).bounds, label="shades")
        self.figure.colorbar(shown, cax=bar)
        _mark(bar.yaxis, fit.shades)
        self._text(
            x - GAP - fit.wide - fit.left + fit.column,
            foot + fit.high + GAP,
            fit.panel.shades_name,
            SMALL,
            ha="right",
        )

    def _box(self, x: float, y: float, wide: float, tall: float) -> Bbox:
        return Bbox.from_bounds(x / self.wide, y / self.tall, wide / self.wide, tall / self.tall)

    def _text(self, x: float, y: float, text: str, size: float, **how: Any) -> None:
        self.figure.text(
            x * POINT, y * POINT, text, fontsize=size, transform=self.figure.dpi_scale_trans, **how
        )

    def _line(self, x: list[float], y: list[float], **style: Any) -> None:
        points = [[at * POINT for at in one] for one in (x, y)]
        self.figure.add_artist(Line2D(*points, transform=self.figure.dpi_scale_trans, **style))


def _mark(axis: Any, marks: list[tuple[float, str]]) -> None:
    axis.set_ticks([value for value, _ in marks], [text for _, text in marks])
    axis.set_minor_locator(NullLocator())


def _totals(fit: Fit) -> None:
    """The number of each bar behind its end."""
    for place, (end, text) in enumerate(fit.panel.totals):
        _say(fit.panel.ax, end, place, text, (GAP, 0.0), va="center")


def _tops(fit: Fit) -> None:
    """Names along the upper edge, each in its row, moved inside where it would stand out."""
    ax = fit.panel.ax
    places = along(ax.xaxis, fit.x_limits, [x for x, _ in fit.panel.tops], fit.wide)
    for place, (_, text), row in zip(places, fit.panel.tops, fit.top_rows, strict=True):
        wide, tall = extent(text, SMALL)
        if row >= 0:
            left = min(place + 2.0, fit.wide - wide)
            _inside(fit, left, fit.high - (row + 1) * tall, text)


def _inside(fit: Fit, x: float, y: float, text: str) -> None:
    """Words whose lower left corner is so many points from that of the data."""
    fit.panel.ax.annotate(
        text, (0, 0), xycoords="axes fraction", xytext=(x, y), textcoords="offset points", fontsize=SMALL,
        color=INK, va="bottom", zorder=7,
    )  # fmt: skip


def _say(ax: Axes, x: float, y: float, text: str, offset: tuple[float, float], **how: Any) -> None:
    ax.annotate(text, (x, y), xytext=offset, textcoords="offset points", fontsize=SMALL, color=INK, **how)
