"""The decorator for compiled functions of the audit. What one calls and the constants it uses are frozen into it, so
all of them are kept by the text of all."""

from __future__ import annotations

from pathlib import Path

from sim.compiling import Rules

SOURCES = [
    file
    for folder in (Path(__file__).parent, Path(__file__).parents[1] / "rerun")
    for file in sorted(folder.glob("*.py"))
]

rule = Rules(SOURCES)
making_rule = Rules(SOURCES, makes=True)  # a rule that makes arrays
