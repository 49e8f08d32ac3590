"""A whole load run from outside: server, schedule, Locust as child processes, faults, report. Imports no Locust.

Everything the run leaves stands in one folder: load.json · driver.json and hdr.json (numbers and histograms) ·
seconds.parquet and heat.parquet · *.hgrm · sendlog-* · schedule/. Logs of the processes name machines and paths,
so they stay in a temporary folder; their ends are quoted in errors.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from loadtests.adapters import Ending, placed
from loadtests.faults import SECOND_US, Fault, Injected
from loadtests.injector import Injector, check_faults
from loadtests.job import HOME, Job, job_of
from loadtests.master import STARTED, Collector
from loadtests.recovery import backlog_peak, effects, slowest
from loadtests.report import DRIVER, write_report
from loadtests.schedule import Schedule, schedule_of
from loadtests.seconds import heat, per_second, window_s
from loadtests.sendlog import read_logs
from loadtests.slo import load_slo, located
from loadtests.tally import ENDINGS
from loadtests.target import TargetServer
from loadtests.verdict import Audit
from loadtests.warp import Warp, check_rate, make_warp
from sim.children.folders import private_folder
from sim.children.starting import Child, python
from sim.errors import Interrupted, UsageError
from sim.stopping import signals_interrupt

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
POLL_S = 0.01
END_S = 15.0  # a driver that was asked to end has so long to write its report
SLACK_S = 90.0  # beyond the schedule, before a driver counts as hung
TAIL_LINES = 12

Found = tuple[Audit, Sequence[str]]  # what an audit says: its verdict, and what is wrong
UNAUDITED: Found = ("not-audited", ())


@dataclass(frozen=True)
class LoadRun:
    """What to play, against what, how fast, and with which faults.

    rows: the trace, in the order of time (`sim.trace.Trace.rows`). facts: trace (its SHA-256), users, kinds
    (number → name). peaks and phases: spans of campaign time in µs. serve: the command of a server to start;
    without it `job.host` must be up. prepare: called with the host once the server is ready, before t0; what it
    returns goes to the adapter as options. audit: called with this run's folder and the host.
    """

    folder: Path
    rows: NDArray[np.void]
    facts: dict[str, Any] = field(default_factory=dict)
    job: Job = field(default_factory=Job)
    workers: int = 1
    peaks: Sequence[tuple[int, int]] = ()
    phases: dict[str, tuple[int, int]] = field(default_factory=dict)
    peak_rate: float | None = None
    speed: float | None = None
    floor_rate: float | None = None
    warp: Warp | None = None  # instead of peaks, rates and speed
    serve: Sequence[str] = ()
    ready_path: str = "/readyz"
    faults: Sequence[Fault] = ()
    prepare: Callable[[str], dict[str, str]] | None = None
    audit: Callable[[Path, str], Found] | None = None


@dataclass(frozen=True)
class LoadResult:
    """A finished run: its folder and the content of `load.json`."""

    folder: Path
    report: dict[str, Any]

    @property
    def exit_code(self) -> int:
        """0 met · 3 SLO missed · 4 audit failed · 5 invalid."""
        return int(self.report["exit_code"])

    @property
    def seconds(self) -> pl.DataFrame:
        """The run second by second."""
        return pl.read_parquet(self.folder / "seconds.parquet")


def run_load(run: LoadRun) -> LoadResult:
    """Play, measure, audit, decide. Raises UsageError before anything is started; Interrupted after a report.

    Whatever happens, no process that was started here is left.
    """
    run = replace(run, folder=run.folder.resolve())  # the driver runs elsewhere
    _check(run)
    warp = run.warp or make_warp(
        run.rows["due_us"].astype(np.int64), run.peaks,
        peak_rate=run.peak_rate, speed=run.speed, floor_rate=run.floor_rate,
    )  # fmt: skip
    check_faults(run.faults, warp)
    check_rate(warp, run.job.max_rate)
    schedule = schedule_of(run.rows, warp, {**run.facts, "phases": _spans(run.phases, warp)})
    schedule.write(run.folder / "schedule")
    with private_folder("load") as logs, signals_interrupt():
        server = TargetServer(run.serve, logs / "server.log", run.ready_path) if run.serve else None
        with server or nullcontext():
            host = server.host if server is not None else run.job.host
            options = {**run.job.options, **(run.prepare(host) if run.prepare else {})}
            job = replace(
                run.job, host=host, options=options, slo=located(run.job.slo), adapter=placed(run.job.adapter),
                schedule=str(run.folder / "schedule"), out=str(run.folder),
            )  # fmt: skip
            job = job_of(job.as_dict())
            injector = Injector(run.faults, warp, server)
            interrupted = _drive(job, schedule, run.workers, injector, logs)
            lost = _lost(server, injector)
            found, undone = UNAUDITED, ""
            if run.audit is not None and not interrupted and not lost:
                found, undone, interrupted = _audited(run.audit, run.folder, host)
            more = {} if server is None else {"server_cpu_s": server.cpu_s()}
    report = _assemble(run.folder, schedule, warp, injector.done, found, lost, more, undone)
    result = LoadResult(run.folder, report)
    if interrupted:
        raise Interrupted(f"stopped; what was measured is in {run.folder}")
    return result


def _lost(server: TargetServer | None, injector: Injector) -> list[str]:
    """Why there is no server to audit any more: what a run found out, not what makes it invalid."""
    if injector.failed:
        return [f"after {injector.done[-1].deed}: {injector.failed}"]
    if server is not None and server.ended is not None:
        return [f"the server ended by itself, with code {server.ended}"]
    return []


def _audited(audit: Callable[[Path, str], Found], folder: Path, host: str) -> tuple[Found, str, bool]:
    """What an audit says, why there is none, and whether it was interrupted: what was measured is kept anyhow."""
    try:
        return audit(folder, host), "", False
    except (KeyboardInterrupt, Interrupted):
        return UNAUDITED, "the audit was stopped", True
    except Exception as error:
        return UNAUDITED, f"the audit could not be done: {type(error).__name__}: {error}", False


def _check(run: LoadRun) -> None:
    if run.faults and not run.serve:
        raise UsageError(
            "faults are only done to a server that the run started itself; give its command with --serve"
        )
    if run.workers < 1:
        raise UsageError(f"--workers {run.workers}: must be at least 1")
    load_slo(run.job.slo)
    if (run.folder / "load.json").exists():
        raise UsageError(f"{run.folder}: holds a load run already; choose another folder")


def _spans(phases: dict[str, tuple[int, int]], warp: Warp) -> dict[str, list[int]]:
    return {name: warp.wall_us(np.array(span, np.int64)).tolist() for name, span in phases.items()}


# --- the driver as child processes -------------------------------------------------------------------------


def _drive(job: Job, schedule: Schedule, workers: int, injector: Injector, logs: Path) -> bool:
    """Run Locust to its end, faults on the way; whether it was interrupted. There is a report afterwards."""
    folder = Path(job.out)
    (logs / "job.json").write_text(job.to_json(), encoding="utf-8")
    limit = time.monotonic() + schedule.last_due_us / SECOND_US + job.lead_s + job.drain_s + SLACK_S
    interrupted = False
    with (logs / "locust.log").open("wb") as out:
        locust = Child(_command(logs / "job.json", workers), out=out, folder=logs, told=_secluded(logs))
        try:
            while locust.poll() is None and time.monotonic() < limit:
                injector.step(folder)
                time.sleep(POLL_S)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            injector.heal()
            interrupted |= _end(locust)
    if not (folder / DRIVER).exists():
        collector = Collector(job, schedule, workers)
        collector.invalid(f"the driver ended with code {locust.returncode} and no report:\n{_tail(logs)}")
        collector.close()
    return interrupted


def _command(job_file: Path, workers: int) -> list[str]:
    command = python(
        "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary", "--loglevel", "WARNING",
        "--job", str(job_file),
    )  # fmt: skip
    if workers > 1:
        port = str(_free_port())
        command += ["--processes", str(workers), "--master-bind-host", "127.0.0.1", "--master-bind-port", port,
                    "--master-port", port]  # fmt: skip
    return command


def _secluded(logs: Path) -> dict[str, str]:
    """Locust reads settings from the working directory and from home: neither is the user's until it has read."""
    return {"HOME": str(logs)} | ({HOME: os.environ["HOME"]} if "HOME" in os.environ else {})


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end(locust: Child) -> bool:
    """Let the driver write its report, unless somebody (told True) does not want to wait; then it is gone."""
    try:
        locust.end(END_S)
    except KeyboardInterrupt:
        return True
    return False


def _tail(logs: Path) -> str:
    text = (logs / "locust.log").read_text(encoding="utf-8", errors="replace")
    return "\n".join(text.splitlines()[-TAIL_LINES:])


# --- what came of it ---------------------------------------------------------------------------------------


def _assemble(
    folder: Path,
    schedule: Schedule,
    warp: Warp,
    faults: Sequence[Injected],
    found: Found,
    missed: Sequence[str],
    more: dict[str, Any],
    undone: str,
) -> dict[str, Any]:
    """Add what only the send logs and the harness know; the final `load.json`."""
    records, _ = read_logs(folder)
    facts = json.loads((folder / DRIVER).read_text(encoding="utf-8"))
    length_s = window_s(schedule.due_us, records)
    per_second(schedule.due_us, records, warp, length_s).write_parquet(folder / "seconds.parquet")
    heat(records, length_s).write_parquet(folder / "heat.parquet")
    found_effects = effects(faults, records)
    more = {
        **more,
        "faults": found_effects,
        "recovery_s": slowest(found_effects, facts["lasted_s"]),
        "backlog_peak": backlog_peak(records),
    }
    invalid = [undone] if undone else []
    if not facts["complete"]:
        more["counts"] = _counts(records, len(schedule))
    elif len(records) != facts["counts"]["sent"]:
        invalid.append(
            f"{facts['counts']['sent']:,} events were sent but {len(records):,} are in the send logs"
        )
    (folder / STARTED).unlink(missing_ok=True)
    audit, audited = found
    return write_report(folder, audit=audit, audited=list(audited), more=more, invalid=invalid, missed=missed)


def _counts(records: NDArray[np.void], scheduled: int) -> dict[str, int]:
    """Counts of a run that lost a worker, from the send logs; what was open at its end is unknown."""
    endings = np.bincount(records["outcome"], minlength=len(Ending))
    counts = {name: int(endings[ending]) for ending, name in ENDINGS.items()}
    counts["unknown"] += int(endings[Ending.OPEN])
    retries = int(np.maximum(records["attempts"].astype(np.int64) - 1, 0).sum())
    return {
        "scheduled": scheduled, "sent": len(records), **counts, "shed": 0,
        "unsent": scheduled - len(records), "retries": retries,
    }  # fmt: skip


def clear(folder: Path) -> None:
    """Remove what a finished run no longer needs for its figures: schedule and send logs."""
    shutil.rmtree(folder / "schedule", ignore_errors=True)
    for file in folder.glob("sendlog-*"):
        file.unlink()
