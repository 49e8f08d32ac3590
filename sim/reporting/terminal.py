"""What is shown on a terminal: text of users as it is, tables that fold, on consoles of any width."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console as RichConsole

from sim.standard import hush

if TYPE_CHECKING:
    from rich.table import Table

WIDE = 160  # columns


class Console(RichConsole):
    """A console that falls silent when nobody listens any more, instead of ending the program."""

    def on_broken_pipe(self) -> None:
        """Say nothing more."""
        self.quiet = True
        hush()


def console() -> Console:
    """Standard output: as wide as the terminal or COLUMNS says, wide enough for every table where neither does."""
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if known else WIDE)


def literal(text: str) -> str:
    """Text on one line: what would end it, move the cursor or colour it is shown as its escape."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[str] = ()) -> Table:
    """A table of texts, none of them markup; a cell too long for its column is folded, and no column vanishes."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(
            column, justify="right" if column in numbers else "left", overflow="fold", min_width=4
        )
    for row in rows:
        made.add_row(*(Text(literal(cell)) for cell in row))
    return made
