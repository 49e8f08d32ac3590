"""A panel and what is said around its data; how much room the words take, and what is left for the data.

Nothing is guessed: words are measured in their own fonts, in points, before anything is set. Nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable

from sim.reporting.figures.look import LABEL, PANEL, POINTS_PER_MM, SMALL
from sim.reporting.figures.ruler import MORE, height, longest, width, wrapped
from sim.reporting.figures.ticks import Limits, Mark, Offers, along, chosen, within

LEAST_HIGH, HIGH_TO_WIDE = 42.0 * POINTS_PER_MM, 0.5
DATA_SHARE = 0.5  # of the column is for data, whatever the words would like
NAMES_SHARE, ENDS_SHARE = 0.36, 0.3  # of the column, at most, for names of bars, and of lines at their ends
ROW = 13.0  # least height of a bar's row
EDGE = 4.0  # around the sheet
TICK, GAP = 5.5, 3.0  # a tick with its pad; between what belongs together
LEADER, RIGHT = 10.0, 6.0  # from the data to a name that had to move; the least right margin
SAMPLE, ENTRY_GAP = 20.0, 9.0  # a sample in the key, and the room between entries
SHADES, MOST_SHADES = 6.0, 6  # width of a colour bar, and its marks
MOST_TOPS = 3


@dataclass(frozen=True)
class End:
    """Where a series ends (`at` is None: nowhere), its name, the name's colour, and the style of a sample."""

    at: tuple[float, float] | None
    name: str
    colour: Any
    style: dict[str, Any]


@dataclass
class Panel:
    """One pair of axes, and everything that is to be said about it."""

    ax: Axes
    across: Offers  # marks of the x axis
    up: Offers
    title: str = ""
    x: str = ""
    y: str = ""
    bars: list[str] = field(default_factory=list)
    totals: list[tuple[float, str]] = field(
        default_factory=list
    )  # where each bar ends, what is written there
    ends: list[End] = field(default_factory=list)  # named beside the data if there is room, else in the key
    key: list[End] = field(default_factory=list)
    unnamed: list[End] = field(default_factory=list)  # the title says what it is, unless data stand beside it
    notes: list[tuple[float, float, str]] = field(default_factory=list)  # words about a point
    tops: list[tuple[float, str]] = field(default_factory=list)  # names along the upper edge
    shades: ScalarMappable | None = None
    shades_name: str = ""
    shades_marks: Offers | None = None

    def names(self, column: float) -> list[str]:
        """The names of its bars, in the lines they are written in."""
        return [wrapped(name, NAMES_SHARE * column, SMALL, 2, whole_end=True) for name in self.bars]

    def high(self, column: float) -> float:
        """The height its data want in a column of this width."""
        if not self.bars:
            return max(HIGH_TO_WIDE * column, LEAST_HIGH)
        return len(self.bars) * max(ROW, *(height(name, SMALL) + GAP for name in self.names(column)))


class Fit:
    """A panel in a column of a given width, with data of a given height: what its words take on every side."""

    def __init__(self, panel: Panel, column: float, high: float, named: bool = True) -> None:
        self.panel, self.column, self.high = panel, column, high
        self.y_limits, self.top_rows = self._headroom()
        y_axis = panel.ax.yaxis
        self.y_marks = [] if panel.bars else chosen(panel.up, y_axis, self.y_limits, high)
        self.names = panel.names(column) if panel.bars and named else []
        self.y = wrapped(panel.y, high, LABEL, most=3)
        words = self.names or [text for _, text in self.y_marks]
        self.left = TICK + max((width(text, SMALL) for text in words), default=0.0)
        self.left += height(self.y, LABEL) + GAP if self.y else 0.0
        self.ends = self._ends()
        self.shades = self._shades()
        self.right = RIGHT + self._right()
        self.wide = column - self.left - self.right
        self.x_limits = self._x_limits()
        self.x_marks = chosen(
            panel.across, panel.ax.xaxis, self.x_limits, self.wide, (self.left + EDGE, self.right + EDGE)
        )
        self.x = wrapped(panel.x, column, LABEL, most=3)
        self.title = wrapped(panel.title, column, PANEL, most=3)
        self.key, self.key_high = self._key()
        self.above = max(self.key_high, height(panel.shades_name, SMALL))
        self.top = sum(part + GAP for part in (height(self.title, PANEL), self.above) if part)
        self.bottom = TICK + max((height(text, SMALL) for _, text in self.x_marks), default=0.0)
        self.bottom += GAP + height(self.x, LABEL) if self.x else 0.0

    def _headroom(self) -> tuple[Limits, list[int]]:
        """Limits of the y axis with room above the data for notes and names; and the row of each name.

        The rows are found for data half a column wide: wider ones only move the names apart.
        """
        ax = self.panel.ax
        rows = self._rows(self.panel.tops)
        over = self._rows([(x, text) for x, _, text in self.panel.notes])
        lines = sum(max(each, default=-1) + 1 for each in (rows, over))
        if not lines:
            return ax.get_ylim(), rows
        share = min(lines * height("Xg", SMALL) / self.high, 0.5)
        scale = ax.yaxis.get_transform()
        low, high = scale.transform(np.array(ax.get_ylim(), float))
        raised = float(scale.inverted().transform(np.array([low + (high - low) / (1 - share)]))[0])
        return (ax.get_ylim()[0], raised), rows

    def _rows(self, words: list[tuple[float, str]]) -> list[int]:
        """The row of each of some words that begin at x, so that they do not meet."""
        ax, wide = self.panel.ax, DATA_SHARE * self.column
        widths = [width(text, SMALL) + GAP for _, text in words]
        places = along(ax.xaxis, ax.get_xlim(), [x for x, _ in words], wide)
        return _in_rows([min(at, wide - need) for at, need in zip(places, widths, strict=True)], widths)

    def _ends(self) -> list[tuple[float, float, str]]:
        """Each series' end, where its name stands (heights), and the name in its lines; none if there is no room."""
        ends = [(end.at, end.name) for end in self.panel.ends if end.at is not None]
        room = min(ENDS_SHARE, 1 - DATA_SHARE - (self.left + LEADER) / self.column) * self.column
        names = [wrapped(name, room, SMALL, most=2) for _, name in ends] if room > 0 else []
        if (
            not names
            or any(name.endswith(MORE) for name in names)
            or max(longest(n, SMALL) for _, n in ends) > room
        ):
            return []
        heights = along(self.panel.ax.yaxis, self.y_limits, [at[1] for at, _ in ends], self.high)
        order = sorted(range(len(ends)), key=heights.__getitem__)
        placed = apart([heights[k] for k in order], [height(names[k], SMALL) + 1.0 for k in order], self.high)
        where = dict(zip(order, placed or [], strict=bool(placed)))
        return [(heights[k], where[k], names[k]) for k in range(len(ends))] if placed else []

    def _shades(self) -> list[Mark]:
        """The marks of the colour bar."""
        panel = self.panel
        if panel.shades is None or panel.shades_marks is None:
            return []
        low, high = panel.shades.get_clim()
        offers = (
            within(offer, (low or 1.0, high or 1.0)) for offer in panel.shades_marks(low or 1.0, high or 1.0)
        )
        return next((marks for marks in offers if len(marks) <= MOST_SHADES), [])

    def _right(self) -> float:
        """Room right of the data for names of lines, or for a colour bar."""
        if self.panel.shades is not None:
            return SHADES + TICK + max((width(text, SMALL) for _, text in self.shades), default=0.0)
        moved = any(abs(at - placed) > GAP for at, placed, _ in self.ends)
        names = max((width(name, SMALL) for _, _, name in self.ends), default=0.0)
        return names + (LEADER if moved else GAP) - RIGHT + 1.0 if self.ends else 0.0

    def _x_limits(self) -> Limits:
        """Limits of the x axis; behind the longest bar there is room for its number."""
        low, high = self.panel.ax.get_xlim()
        if not self.panel.totals:
            return low, high
        needs = [
            end * self.wide / max(self.wide - width(text, SMALL) - 2 * GAP, 1.0)
            for end, text in self.panel.totals
        ]
        return 0.0, max(*needs, 0.0) or 1.0

    def _key(self) -> tuple[list[tuple[float, float, str, End]], float]:
        """Entries of the key, in rows: left, height above the key's foot, name; and the height of all."""
        entries = [*self.panel.key, *(() if self.ends else self.panel.ends)]
        rows: list[list[tuple[float, str, End]]] = [[]]
        left = 0.0
        for entry in entries:
            name = wrapped(entry.name, self.column - SAMPLE - GAP, SMALL, 1, whole_end=True)
            need = SAMPLE + GAP + width(name, SMALL)
            if rows[-1] and left + need > self.column:
                rows.append([])
                left = 0.0
            rows[-1].append((left, name, entry))
            left += need + ENTRY_GAP
        line = max((height(name, SMALL) for row in rows for _, name, _ in row), default=0.0) + 1.0
        placed = [
            (left, (len(rows) - 1 - k) * line, name, entry)
            for k, row in enumerate(rows)
            for left, name, entry in row
        ]
        return placed, len(rows) * line if entries else 0.0


def apart(wanted: Sequence[float], sizes: Sequence[float], length: float) -> list[float] | None:
    """Ascending middles, moved as little as needed so that things of these sizes do not meet and stay inside.

    None if they cannot.
    """
    if sum(sizes) > length:
        return None
    moved: list[float] = []
    foot = 0.0
    for want, size in zip(wanted, sizes, strict=True):
        moved.append(max(want, foot + size / 2))
        foot = moved[-1] + size / 2
    head = length
    for k in range(len(moved) - 1, -1, -1):
        moved[k] = min(moved[k], head - sizes[k] / 2)
        head = moved[k] - sizes[k] / 2
    return moved


def _in_rows(places: Sequence[float], widths: Sequence[float]) -> list[int]:
    """The lowest row for each in which it does not meet those before it; -1 beyond the last row."""
    filled = [-1e9] * MOST_TOPS
    rows = []
    for place, wide in zip(places, widths, strict=True):
        row = next((k for k, end in enumerate(filled) if end <= place), -1)
        if row >= 0:
            filled[row] = place + wide
        rows.append(row)
    return rows
