"""An adapter to begin with, as a file of the user's."""

from __future__ import annotations

from pathlib import Path

from sim.errors import UsageError

EXAMPLE = Path(__file__).parent / "targets" / "example.py"


def write_adapter(file: Path) -> None:
    """Copy the example. Raises UsageError if the file is there already or cannot be written."""
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(EXAMPLE.read_text(encoding="utf-8"))
    except FileExistsError:
        raise UsageError(f"{file}: is there already; choose another name") from None
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from None
