"""What can be imported: our own packages first, then the standard library, what is installed, and what lies about.

A `random.py` beside an adapter or in the working directory is somebody's script, not the module we mean.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
PACKAGES = ("sim", "loadtests")


def settle(more: Iterable[str] = ()) -> None:
    """Put what stands before the standard library behind everything, then `more`; our own packages are taken now.

    Before the library stand the working directory (`python -m`), the folder of the script and PYTHONPATH.
    """
    library = os.path.dirname(os.__file__)  # noqa: PTH120
    begin = sys.path.index(library) if library in sys.path else 0
    order = [*sys.path[begin:], *absolute(sys.path[:begin]), *more, ROOT]
    sys.path[:] = [ROOT]  # what is imported once is not looked for again
    for package in PACKAGES:
        importlib.import_module(package)
    sys.path[:] = dict.fromkeys(order)


def absolute(entries: Iterable[str]) -> list[str]:
    """The same folders, named so that they are found from any other; without those of a folder that is gone."""
    try:
        here = os.getcwd()  # noqa: PTH109
    except OSError:
        return [entry for entry in entries if os.path.isabs(entry)]  # noqa: PTH117
    return [os.path.normpath(os.path.join(here, entry)) for entry in entries]  # noqa: PTH118
