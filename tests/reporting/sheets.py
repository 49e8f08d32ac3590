"""What is wrong with a drawn sheet, found from the boxes of what stands on it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

MM = 25.4
SLACK = 0.6  # points that boxes may share: letters are rounded to pixels
LEAST_FONT = 6.0
LEAST_SHARE = 0.4  # of the sheet's width that is data
LEAST_MM = 18.0  # of a panel with lines or areas, both ways
LEAST_ROW_MM = 3.5  # of a bar
LIGHTER = 12.0  # L* by which two greys differ to the eye when they are next to each other


def faults(figure: Figure) -> list[str]:
    """Everything that cannot be read on a figure, in words."""
    figure.draw_without_rendering()
    words = [(text, box_of(figure, text)) for text in texts(figure)]
    panels = {ax: Bbox(ax.get_window_extent().get_points() * 72 / figure.dpi) for ax in figure.axes}
    return [*_outside(figure, words), *_meeting(words), *_over(words, panels), *_small(figure, words, panels)]


def texts(figure: Figure) -> list[Text]:
    """Every text that is printed: marks beyond the limits of their axis are not."""
    hidden: set[Artist] = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            hidden |= _unseen(axis)
    return [
        text
        for text in figure.findobj(Text)
        if isinstance(text, Text) and text not in hidden and text.get_visible() and text.get_text().strip()
    ]


def _unseen(axis: Axis) -> set[Artist]:
    low, high = sorted(axis.get_view_interval())
    slack = 1e-9 * (high - low)
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    out = [tick for tick in ticks if not low - slack <= tick.get_loc() <= high + slack]
    unseen: set[Artist] = {label for tick in out for label in (tick.label1, tick.label2)}
    return unseen | {tick.label2 for tick in ticks} if axis.get_visible() else unseen


def box_of(figure: Figure, text: Text) -> Bbox:
    """The box of a text, in points."""
    return Bbox(text.get_window_extent().get_points() * 72 / figure.dpi)


def _outside(figure: Figure, words: list[tuple[Text, Bbox]]) -> Iterator[str]:
    wide, tall = figure.get_size_inches() * 72
    for text, box in words:
        if box.x0 < -SLACK or box.y0 < -SLACK or box.x1 > wide + SLACK or box.y1 > tall + SLACK:
            yield f"{_short(text)} leaves the sheet"


def _meet(one: Bbox, other: Bbox) -> bool:
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    up = min(one.y1, other.y1) - max(one.y0, other.y0)
    return across > SLACK and up > SLACK


def _meeting(words: list[tuple[Text, Bbox]]) -> Iterator[str]:
    for (text, box), (other, its) in combinations(words, 2):
        if _meet(box, its):
            yield f"{_short(text)} lies on {_short(other)}"


def _over(words: list[tuple[Text, Bbox]], panels: dict[Axes, Bbox]) -> Iterator[str]:
    """Words over data are those of the panel itself, and stand wholly inside it."""
    for text, box in words:
        for ax, room in panels.items():
            if not _meet(box, room):
                continue
            if text not in ax.texts:
                yield f"{_short(text)} lies over the panel {ax.get_label()}"
            elif not all(room.padded(SLACK).contains(*corner) for corner in box.corners()):
                yield f"{_short(text)} stands on the edge of the panel {ax.get_label()}"


def _small(figure: Figure, words: list[tuple[Text, Bbox]], panels: dict[Axes, Bbox]) -> Iterator[str]:
    for text, _ in words:
        if text.get_fontsize() < LEAST_FONT:
            yield f"{_short(text)} is printed in {text.get_fontsize()} points"
    drawn = {ax: room for ax, room in panels.items() if ax.get_label() != "shades"}
    rows: dict[float, float] = {}
    for ax, room in drawn.items():
        bars = max((len(held) for held in ax.containers if _lies(held)), default=0)
        wide, tall = room.width / 72 * MM, room.height / 72 * MM
        if wide < LEAST_MM or tall < (LEAST_ROW_MM * bars if bars else LEAST_MM):
            yield f"the panel {ax.get_label()} is only {wide:.0f} mm by {tall:.0f} mm"
        rows[round(room.y1, 2)] = rows.get(round(room.y1, 2), 0.0) + room.width
        marks = [len([v for v in axis.get_ticklocs() if _between(v, axis)]) for axis in (ax.xaxis, ax.yaxis)]
        if min(marks) < (1 if bars else 2):
            yield f"the panel {ax.get_label()} has axes with {marks} marks"
    for wide in rows.values():
        if wide < LEAST_SHARE * figure.get_figwidth() * 72:
            yield f"only {wide / figure.get_figwidth() / 72:.0%} of the sheet's width are data"


def _between(value: float, axis: Axis) -> bool:
    low, high = sorted(axis.get_view_interval())
    return low - 1e-9 * (high - low) <= value <= high + 1e-9 * (high - low)


def _lies(held: Any) -> bool:
    return isinstance(held, BarContainer) and held.orientation == "horizontal"


def _short(text: Text) -> str:
    return repr(text.get_text()[:40])


# --- series ------------------------------------------------------------------------------------------------


def alike(figure: Figure) -> list[str]:
    """Pairs of series of one panel that a black-and-white printer makes the same.

    Lines differ in dashes, or in marks; areas in hatch, or clearly in lightness.
    """
    found = []
    for ax in figure.axes:
        lines = [line for line in ax.lines if len(line.get_xdata()) > 2 and line.get_linestyle() != "None"]
        for k, (one, other) in enumerate(combinations(lines, 2)):
            if (one.get_linestyle(), _dashes(one), one.get_marker()) == (
                other.get_linestyle(), _dashes(other), other.get_marker(),
            ):  # fmt: skip
                found.append(f"{ax.get_label()}: two lines alike ({k})")
        for one, other in combinations(_areas(ax), 2):
            if one[1] == other[1] and abs(one[0] - other[0]) < LIGHTER:
                found.append(f"{ax.get_label()}: two areas alike {one} {other}")
    return found


def _dashes(line: Any) -> str:
    return repr(getattr(line, "_unscaled_dash_pattern", ""))


def _areas(ax: Axes) -> list[tuple[float, str | None]]:
    """Lightness and hatch of bars and of stacked areas."""
    bars = [held.patches[0] for held in ax.containers if isinstance(held, BarContainer) and len(held.patches)]
    stacked = [
        area for area in ax.collections if isinstance(area, PolyCollection) and area.get_alpha() is None
    ]
    found = [(lightness(patch.get_facecolor()), patch.get_hatch()) for patch in bars]
    return found + [(lightness(area.get_facecolor()[0]), area.get_hatch()) for area in stacked]


def lightness(colour: Any) -> float:
    """L* of a colour, 0 to 100."""
    parts = np.array(to_rgb(tuple(colour)[:3] if not isinstance(colour, str) else colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    y = float(linear @ np.array([0.2126, 0.7152, 0.0722]))
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y
