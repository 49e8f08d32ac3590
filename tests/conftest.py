"""What all tests share: hypothesis without deadlines (machines differ), the same examples at every run.

`make nightly` looks further: other examples each time, and more of them.
"""

from __future__ import annotations

import gc
import os

from hypothesis import settings

from tests.postgres import db, postgres

__all__ = ["db", "postgres"]  # fixtures for the tests of every folder

settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("searching", deadline=None, max_examples=1_000)
settings.load_profile(os.environ.get("BEANPEAK_HYPOTHESIS", "steady"))


def pytest_collection_finish() -> None:
    """What is imported by now stays until the end: no later collection of garbage has to walk through it."""
    gc.collect()
    gc.freeze()
