"""The figures of a run. Each is two functions: tables → numbers (kept as CSV), and numbers → picture.

look      paper, language, colours, fonts, and how numbers are written
ruler     how much room words take, and words broken to fit
ticks     where axes may be marked, and which marks fit
panel     a panel, and what its words leave for its data
layout    the one way in which a sheet is laid out
notes     words set among the data, where they hide least
canvas    the few ways in which rows are drawn: lines, bars, stacks, shades
numbers   from tables to the tidy rows behind a figure
registry  every figure by name, and drawing them into files
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _import_matplotlib() -> None:
    """Import matplotlib, whatever its surroundings hold.

    While it is imported it reads MPLBACKEND and a matplotlibrc of the working directory, the environment or the home,
    and fails with them: a notebook's backend that is not installed here, a file in another encoding, a working
    directory that is gone. Nothing of that concerns our figures, so the second attempt sees none of it.
    """
    known = "matplotlib" in sys.modules
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)  # a cache it cannot keep is nobody's business
    try:
        import matplotlib.font_manager
    except Exception:
        if known:  # the caller's own, which works: nothing may be taken from it
            raise
        for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
            del sys.modules[name]
        with _quiet_surroundings():
            import matplotlib.font_manager  # noqa: F401
    finally:
        log.setLevel(level)


@contextmanager
def _quiet_surroundings() -> Iterator[None]:
    held = dict(os.environ)
    try:
        here = Path.cwd()
    except OSError:
        here = None
    os.environ.pop("MPLBACKEND", None)
    os.environ["MATPLOTLIBRC"] = os.devnull
    os.chdir(Path(__file__).parent)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(held)
        if here:
            os.chdir(here)


_import_matplotlib()
