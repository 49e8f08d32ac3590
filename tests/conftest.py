"""What all tests share: hypothesis without deadlines (machines differ), the same examples at every run.

`make nightly` looks further: other examples each time, and more of them.
"""

from __future__ import annotations

import os
import signal

from hypothesis import settings

from tests.postgres import db, postgres

__all__ = ["db", "postgres"]  # fixtures for the tests of every folder

settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("searching", deadline=None, max_examples=1_000)
settings.load_profile(os.environ.get("BEANPEAK_HYPOTHESIS", "steady"))

# The background job of a script ignores Ctrl-C, and so would the children to which tests send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
