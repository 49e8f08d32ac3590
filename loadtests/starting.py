"""An adapter to begin with, as a file of the user's."""

from __future__ import annotations

from pathlib import Path

from sim.doors import new_file

EXAMPLE = Path(__file__).parent / "targets" / "example.py"


def write_adapter(file: Path) -> None:
    """Copy the example. Raises UsageError if the file is there already or cannot be written."""
    new_file(file).write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
