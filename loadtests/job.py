"""One load run's settings, frozen: read from the command line or a JSON file, the same in every process."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sim.errors import UsageError
from sim.suggestions import did_you_mean

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
HOME = "BEANPEAK_HOME"  # the user's home, for a driver that was started away from it
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
        parts = urlsplit(self.host)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def job_of(settings: dict[str, Any]) -> Job:
    """A checked job. Raises UsageError for an unknown key, a strange host or a run id that is none."""
    known = [one.name for one in fields(Job)]
    for key in settings:
        if key not in known:
            raise UsageError(f"load job: {key}: there is no such setting{did_you_mean(key, known)}")
    values = dict(settings)
    if "i_own" in values:
        values["i_own"] = tuple(values["i_own"])
    job = Job(**values)
    if not RUN_ID.fullmatch(job.run):
        raise UsageError(f"load job: run {job.run!r}: must be 1 to 40 of A-Z a-z 0-9 _ . -")
    host, _ = job.address
    if not host or urlsplit(job.host).scheme not in ("http", "https"):
        raise UsageError(f"load job: host {job.host!r}: write it like http://127.0.0.1:8000")
    if host not in LOOPBACK and host not in job.i_own:
        raise UsageError(
            f"load job: host {host}: is not this machine; load only what is yours, and say so with --i-own {host}"
        )
    return job


def read_settings(file: Path) -> dict[str, Any]:
    """The settings of a JSON file. Raises UsageError."""
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise UsageError(f"{file}:{error.lineno}: is not JSON: {error.msg}") from error
    if not isinstance(settings, dict):
        raise UsageError(f"{file}: must be one JSON object")
    return settings
