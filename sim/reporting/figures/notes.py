"""Words set among the data: each near its point, where it hides the least of lines, marks and other words."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from sim.reporting.figures.look import SMALL
from sim.reporting.figures.panel import Fit
from sim.reporting.figures.ruler import extent, wrapped
from sim.reporting.figures.ticks import along

WIDEST = 0.6  # of the data's width
DISTANCES = (4.0, 12.0, 24.0, 40.0)  # from the point, in points
FAR = 0.02  # what a point's distance weighs against a hidden point of a line
MEETING = 1e4  # what another word weighs that is hidden
FINE = 400  # points along a line, so that no word slips between two of them

Corner = tuple[float, float]
Box = tuple[float, float, float, float]


def notes(fit: Fit) -> list[tuple[float, float, str]]:
    """Lower left corner of each note, in points from that of the data, and its words in lines."""
    panel = fit.panel
    ink = np.concatenate([*(_ink(fit, line) for line in panel.ax.lines), np.empty((0, 2))])
    boxes: list[Box] = []
    placed = []
    for x, y, text in panel.notes:
        text = wrapped(text, WIDEST * fit.wide, SMALL)
        wide, tall = extent(text, SMALL)
        px, py = _at(fit, [x], [y])[0]
        best = min(
            _corners(px, py, wide, tall, fit),
            key=lambda c: (
                _hidden(c, wide, tall, ink, boxes) + FAR * (abs(c[0] + wide / 2 - px) + abs(c[1] - py))
            ),
        )
        boxes.append((*best, wide, tall))
        placed.append((*best, text))
    return placed


def _corners(px: float, py: float, wide: float, tall: float, fit: Fit) -> list[Corner]:
    """Lower left corners near a point, all of them inside."""
    return [
        (min(max(x, 1.0), fit.wide - wide - 1), min(max(y, 1.0), fit.high - tall - 1))
        for far in DISTANCES
        for x in (px + far, px - far - wide, px - wide / 2, px - wide, px)
        for y in (py + far - 2, py - far - tall, py - tall / 2, *(fit.high - row * tall for row in (1, 2, 3)))
    ]


def _hidden(corner: Corner, wide: float, tall: float, ink: Any, boxes: list[Box]) -> float:
    """How much words at a corner would hide."""
    x, y = corner
    across = (ink[:, 0] > x - 2) & (ink[:, 0] < x + wide + 2)
    up = (ink[:, 1] > y - 1) & (ink[:, 1] < y + tall + 1)
    met = sum(
        x < left + w + 2 and left < x + wide + 2 and y < foot + h + 1 and foot < y + tall + 1
        for left, foot, w, h in boxes
    )
    return float((across & up).sum()) + MEETING * met


def _ink(fit: Fit, line: Line2D) -> Any:
    """Points along a line, close together."""
    points = _at(fit, line.get_xdata(), line.get_ydata())
    if len(points) < 2:
        return points
    steps, own = np.linspace(0, len(points) - 1, max(FINE, len(points))), np.arange(len(points))
    return np.column_stack([np.interp(steps, own, points[:, k]) for k in (0, 1)])


def _at(fit: Fit, x: Any, y: Any) -> Any:
    """Where values stand among the data, in points."""
    ax = fit.panel.ax
    across = along(ax.xaxis, fit.x_limits, x, fit.wide)
    return np.array([across, along(ax.yaxis, fit.y_limits, y, fit.high)]).T
