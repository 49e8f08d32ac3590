"""One load run's settings, frozen: read from the command line or a JSON file, the same in every process."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from loadtests.hosts import address_of, checked_host
from sim.doors import read_json
from sim.errors import UsageError
from sim.suggestions import did_you_mean

HOME = "BEANPEAK_HOME"  # the user's home, for a driver that was started away from it
MOST = 1_000_000  # of any number in a job
RUN_ID = re.compile(r"[A-Za-z0-9_.-]{1,40}")


@dataclass(frozen=True)
class Job:
    """What to send, where, how fast, and what counts as good. Durations in seconds."""

    schedule: str = ""  # folder written by loadtests.schedule
    host: str = "http://127.0.0.1:8000"
    out: str = "."  # folder for send logs and the report
    run: str = "run"  # idempotency keys read run:n
    adapter: str = "loadtests.adapters:HttpAdapter"
    options: dict[str, str] = field(default_factory=dict)  # of the adapter
    slo: str = "default"  # a name in loadtests/slo or a path
    senders: int = 64  # connections of one worker
    warmup_s: float | None = None  # None: a tenth of the run, at most 10 s
    cooldown_s: float = 0.0
    lead_s: float = 2.0  # between "start" and the first possible event
    timeout_s: float = 10.0  # without any answer, the connection is given up
    shed_after_s: float = 30.0
    retry_budget_s: float = 30.0
    drain_s: float = 60.0  # after the last event was due
    max_rate: float = 20_000.0  # events per second a target is asked for at most
    i_own: tuple[str, ...] = ()  # hosts beyond this machine that may be loaded

    def to_json(self) -> str:
        """The job as a file that `--job` reads."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `job_of` takes them."""
        return asdict(self)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return address_of(self.host)


def job_of(settings: dict[str, Any]) -> Job:
    """A checked job. Raises UsageError for an unknown key, a strange host or a run id that is none."""
    job = Job(**_checked(settings))
    if not RUN_ID.fullmatch(job.run):
        raise UsageError(f"load job: run {job.run!r}: must be 1 to 40 of A-Z a-z 0-9 _ . -")
    return replace(job, host=checked_host(job.host, job.i_own))


def _checked(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of the right kind. Raises UsageError with everything that is wrong."""
    known, wrong, values = {one.name: one for one in fields(Job)}, [], dict(settings)
    for key, value in settings.items():
        if key not in known:
            wrong.append(f"load job: {key}: there is no such setting{did_you_mean(key, list(known))}")
        elif problem := _problem(value, str(known[key].type)):
            wrong.append(f"load job: {key} {value!r}: must be {problem}")
    if wrong:
        raise UsageError("\n".join(wrong))
    if "i_own" in values:
        values["i_own"] = tuple(values["i_own"])
    return values


def _problem(value: Any, kind: str) -> str:
    """What a value must be and is not; "" if it is."""
    if kind == "str":
        return "" if isinstance(value, str) else "a text"
    if kind == "int":
        whole = isinstance(value, int) and not isinstance(value, bool)
        return "" if whole and 1 <= value <= MOST else f"a whole number from 1 to {MOST:,}"
    if kind == "dict[str, str]":
        sound = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
        return "" if sound else "texts by name"
    if kind == "tuple[str, ...]":
        sound = isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
        return "" if sound else "a list of hosts"
    if value is None and "None" in kind:
        return ""
    sound = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST
    return "" if sound else f"a number from 0 to {MOST:,}"


def read_settings(file: Path) -> dict[str, Any]:
    """The settings of a JSON file. Raises UsageError."""
    settings = read_json(file)
    if not isinstance(settings, dict):
        raise UsageError(f'{file}: must be one JSON object; write the settings as {{"schedule": …}}')
    return settings
