"""What a run is, in ten lines: what a notebook and a debugger show instead of every frame."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from sim.units import format_duration

if TYPE_CHECKING:
    import polars as pl

    from sim.reporting.results import Results

WIDTH = 100  # letters of a line
MOST_LINES = 10


class Tables(dict[str, "pl.DataFrame"]):
    """Frames by name, shown as names and heights."""

    def __repr__(self) -> str:
        return f"Tables({heights({name: frame.height for name, frame in self.items()})})"


def heights(rows: Mapping[str, int]) -> str:
    """Tables with how many rows each has."""
    return ", ".join(f"{name} {count:,}" for name, count in rows.items()) or "none"


def card(results: Results) -> list[tuple[str, str]]:
    """Label and text of every line."""
    world, count = results.scenario.scenario, len(results.outcomes)
    rows: Counter[str] = Counter()
    for outcome in results.outcomes:
        rows.update({name: frame.height for name, frame in outcome.tables.items()})
    lines = [
        ("run", f"{results.name}, design {results.design}"),
        ("scenario", f"{world.title}, {format_duration(world.length)} from {world.start:%Y-%m-%d}"),
        ("users", f"{world.users:,} for {world.real_users:,}, seed {world.seed}"),
        ("replications", f"{count:,}"),
        ("verdict", _verdict(results)),
        ("tables", heights(rows)),
    ]
    return lines if results.folder is None else [*lines, ("folder", str(results.folder))]


def as_text(results: Results) -> str:
    """The card as text; the list of tables takes what lines are left."""
    left, shown = MOST_LINES, []
    lines = card(results)
    for k, (label, text) in enumerate(lines):
        most = left - (len(lines) - k - 1) if label == "tables" else 1
        begins = f"{label:<13} "
        wrapped = textwrap.wrap(
            text, WIDTH, initial_indent=begins, subsequent_indent=" " * len(begins), max_lines=most, placeholder=" …"
        ) or [begins.rstrip()]  # fmt: skip
        shown += wrapped
        left -= len(wrapped)
    return "\n".join(shown)


def as_html(results: Results) -> str:
    """The card as a table; what was written by people is text and never markup."""
    rows = "".join(
        f"<tr><th>{escape(label)}</th><td>{escape(text)}</td></tr>" for label, text in card(results)
    )
    return f"<table>{rows}</table>"


def _verdict(results: Results) -> str:
    books = "books balanced" if results.balanced else "the books do NOT balance"
    published = [row["passed"] for outcome in results.outcomes for row in outcome.published]
    return f"{books}; published volumes met: {sum(published)} of {len(published)}" if published else books
