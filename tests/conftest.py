"""What all tests share: hypothesis without judging time (machines differ), the same examples at every run.

`make nightly` looks further: other examples each time, and more of them.
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
import typer.main
import typer.testing
from hypothesis import HealthCheck, settings

from tests.postgres import db, postgres

__all__ = ["db", "postgres"]  # fixtures for the tests of every folder

ANY_PACE: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("steady", **ANY_PACE, derandomize=True)
settings.register_profile("searching", **ANY_PACE, max_examples=1_000)
settings.load_profile(os.environ.get("BEANPEAK_HYPOTHESIS", "steady"))

# The background job of a script ignores Ctrl-C, one of nohup a closed terminal, and so would the children to which
# tests send them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# A thousand commands are given in this process: Typer would build the tree of all of them anew for each.
# (Its CliRunner, imported before, still does: how shells complete depends on the environment of the moment.)
vars(typer.main)["get_command"] = cache(typer.main.get_command)

COMPILE = "import sim; sim.simulate('hello', users=50)"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the rules once before there are workers: with an empty cache, as in CI, each would do it by itself."""
    if getattr(session.config.option, "numprocesses", None):  # of the process that starts workers only
        subprocess.run([sys.executable, "-c", COMPILE], check=False, stderr=subprocess.DEVNULL)


def pytest_collection_finish() -> None:
    """What is imported by now stays until the end: no later collection of garbage has to walk through it."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two figures in place of all, where what is promised does not depend on which are drawn."""
    from sim.reporting.figures.registry import FIGURES

    names = list(FIGURES)[:2]
    for name in FIGURES.keys() - names:
        monkeypatch.delitem(FIGURES, name)
    return names
