"""The figures of one `make bench`, and their table when all is measured."""

from __future__ import annotations

import pytest

from tests.benchmarks.asked import Figures

_figures = Figures()


@pytest.fixture
def figures() -> Figures:
    """Where a test notes what it measured."""
    return _figures


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Measured beside asked; ratios within this run are what counts, machines differ."""
    if _figures.values:
        terminalreporter.section("speed and size")
        for line in _figures.table():
            terminalreporter.write_line(line)
