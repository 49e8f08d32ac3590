"""The driver's own command line, on top of Locust's: a job file, single settings that override it, or both."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from loadtests.job import Job, job_of, read_settings
from sim.errors import UsageError

# option → (setting of the job, type, help)
OPTIONS: dict[str, tuple[str, Any, str]] = {
    "--schedule": ("schedule", str, "folder written by `python -m loadtests.planning`"),
    "--out": ("out", str, "folder for send logs and the report"),
    "--run-id": ("run", str, "idempotency keys read RUN:n; a new id for every run against the same ledger"),
    "--adapter": ("adapter", str, "package.module:Class of the ledger's adapter"),
    "--slo": ("slo", str, "thresholds: a name in loadtests/slo or a TOML file"),
    "--senders": ("senders", int, "connections of one worker"),
    "--warmup": ("warmup_s", float, "seconds that are sent and not measured (default: a tenth, at most 10)"),
    "--cooldown": ("cooldown_s", float, "seconds at the end that are sent and not measured"),
    "--lead": ("lead_s", float, "seconds between start and the first event"),
    "--shed-after": ("shed_after_s", float, "seconds after which a waiting event is given up; fails the run"),
    "--retry-budget": ("retry_budget_s", float, "seconds of attempts with the same key"),
    "--drain": ("drain_s", float, "seconds to empty the backlog after the last event was due"),
    "--max-rate": ("max_rate", float, "events per second the target may be asked for"),
}


def add_arguments(parser: Any) -> None:
    """Our arguments, for Locust's parser or one of our own."""
    group = parser.add_argument_group("Beanpeak")
    group.add_argument("--job", default="", help="JSON file with the settings of the run")
    for option, (setting, kind, text) in OPTIONS.items():
        group.add_argument(option, dest=f"load_{setting}", type=kind, default=None, help=text)
    group.add_argument("--i-own", dest="load_i_own", action="append", default=None, metavar="HOST",
                       help="a host beyond this machine that is yours to load")  # fmt: skip


def job_from(parsed: Any) -> Job | None:
    """The job that parsed arguments describe, or None if they name no schedule. Raises UsageError."""
    given = {
        name.removeprefix("load_"): value
        for name, value in vars(parsed).items()
        if name.startswith("load_") and value is not None
    }
    if getattr(parsed, "host", None):
        given["host"] = parsed.host
    if not parsed.job and "schedule" not in given:
        return None
    job = job_of({**(read_settings(Path(parsed.job)) if parsed.job else {}), **given})
    if not job.schedule:
        raise UsageError("the load job names no schedule; write one with `python -m loadtests.planning`")
    return job


def first_look() -> Job | None:
    """The job of this process's command line, before Locust has read it: Locust forks right after reading."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-H", "--host", default=None)
    add_arguments(parser)
    return job_from(parser.parse_known_args()[0])
