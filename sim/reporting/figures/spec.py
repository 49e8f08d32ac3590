"""What a figure is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from sim.reporting.figures.canvas import Canvas
from sim.reporting.figures.numbers import Tables


@dataclass(frozen=True)
class FigureSpec:
    """A figure: its name and titles, the tables it needs, tables → numbers, and numbers → picture.

    words: series or category → (zh, en). Without rows among its numbers a figure is not drawn.
    """

    name: str
    zh: str
    en: str
    needs: tuple[str, ...]
    numbers: Callable[[Tables], pl.DataFrame]
    draw: Callable[[Canvas, pl.DataFrame], None]
    words: dict[str, tuple[str, str]] = field(default_factory=dict)


def panel(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """The rows of one panel."""
    return rows.filter(pl.col("panel") == name)
