"""Speed of the load driver, printed: `make bench`. One worker against the stub, both on this machine.

5,000 events a second must leave with a dispatch lag of at most 10 ms at p99: the default limit of a valid run.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loadtests.adapters import Ending, HttpAdapter, Outcome, Target
from loadtests.campaign import Against, Pace, load_campaign
from loadtests.capacity import beginning
from loadtests.harness import LoadResult, LoadRun, run_load
from loadtests.job import Job
from loadtests.latency import Recorder, make_windows
from loadtests.schedule import Schedule, schedule_of
from loadtests.senders import wire_bytes
from loadtests.sendlog import SendLog
from loadtests.synthetic import constant_rate
from loadtests.tally import Tally
from loadtests.warp import make_warp
from sim.runs import plan_run
from sim.tracing.generate import trace_slice
from sim.tracing.window import span_of

pytestmark = pytest.mark.bench

STUB = (sys.executable, "-m", "loadtests.stub")
RATE, SECONDS = 5_000.0, 20.0
LEDGER_RATE, LEDGER_SECONDS = 4_000.0, 15.0
LAG_LIMIT_MS = 10.0
ATTEMPTS = 3
S = 1_000_000
FIRE = """
import time
from locust.env import Environment
from locust import events
env = Environment(events=events); env.create_local_runner()
fire = env.events.request.fire
begun = time.perf_counter()
for _ in range(20000):
    fire(request_type="POST", name="x", response_time=1.5, response_length=0, exception=None, context={})
print((time.perf_counter() - begun) / 20000 * 1e6)
"""


def show(title: str, row: dict[str, Any]) -> None:
    """One line of the report."""
    print(f"\n{title}: " + " · ".join(f"{name} {value:,.4g}" for name, value in row.items()))


def played(folder: Path, rate: float, seconds: float, workers: int = 1) -> LoadResult:
    """A run at a constant rate against the stub."""
    rows = constant_rate(rate, seconds, chains=round(rate), kinds=8)
    return run_load(LoadRun(folder, rows, job=Job(warmup_s=3.0), workers=workers, serve=STUB))


def test_four_thousand_events_a_second_on_the_ledger(tmp_path: Path) -> None:
    """The peak night's requests, evenly spaced, against the durable ledger on SQLite: intended p99 below 100 ms."""
    plan = plan_run("double11_2018", users=150_000)
    span = span_of(plan.scenario, "2018-11-10T23:30", "2018-11-11T03:00")
    trace = beginning(trace_slice(plan.scenario, plan.name, span), round(LEDGER_RATE * LEDGER_SECONDS))
    for attempt in range(ATTEMPTS):
        folder = tmp_path / f"ledger{attempt}"
        report = load_campaign(trace, folder, Job(), Pace(even_rate=LEDGER_RATE), Against()).report
        show_run(report)
        if report["exit_code"] == 0:
            break
    assert report["counts"]["accepted"] == len(trace)
    assert report["intended_ms"]["p99"] < 100


def test_five_thousand_events_a_second_from_one_worker(tmp_path: Path) -> None:
    """Held for the whole run, valid under the default limit, and the CPU that each side took.

    Other work on the machine makes a generator late, so there are three attempts; every one is shown.
    """
    for attempt in range(ATTEMPTS):
        report = played(tmp_path / f"run{attempt}", RATE, SECONDS).report
        show_run(report)
        assert report["counts"]["sent"] == RATE * SECONDS
        if report["exit_code"] in (0, 3):  # valid; how fast the target was is not the question here
            break
    assert report["dispatch_lag_ms"]["p99"] <= LAG_LIMIT_MS


def show_run(report: dict[str, Any]) -> None:
    """Latency of one run, and who used the processor."""
    count = report["counts"]["sent"]
    user, system = report["cpu_s"]
    show(f"one worker, {report['offered_rate']:,.0f}/s for {report['lasted_s']:.0f} s", {
        "sent": count, **{f"lag_{k}_ms": v for k, v in report["dispatch_lag_ms"].items()},
        **{f"intended_{k}_ms": v for k, v in report["intended_ms"].items()},
    })  # fmt: skip
    show("CPU", {
        "driver_user_us_an_event": 1e6 * user / count, "driver_system_us_an_event": 1e6 * system / count,
        "driver_share_of_a_core": (user + system) / report["lasted_s"],
        "server_share_of_a_core": (report["server_cpu_s"] or 0.0) / report["lasted_s"],
    })  # fmt: skip


def test_what_an_event_costs_the_driver(tmp_path: Path) -> None:
    """The parts around the network, each by itself, in µs an event."""
    log = SendLog(tmp_path, 0, 200_000)
    row = {name: cost(work) for name, work in parts(log).items()}
    log.finish()
    fired = subprocess.run([sys.executable, "-c", FIRE], capture_output=True, text=True, check=True)
    show("µs an event", {**row, "locust_count": float(fired.stdout.split()[-1])})
    assert sum(row.values()) < 100


def parts(log: SendLog) -> dict[str, Callable[[int], Any]]:
    """The driver's own work on the k-th event, part by part."""
    schedule = made()
    windows = make_windows(schedule.last_due_us, None, 0.0)
    recorder, read = Recorder(windows, schedule.kind_names()), schedule.reader()
    tally = Tally(windows, schedule.due_us, schedule.rows["kind"], schedule.kind_names())
    adapter = HttpAdapter(Target("http://127.0.0.1:1", "r"))
    done = Outcome(Ending.ACCEPTED, 7)
    body, headers = b'{"seq":7}', {"content-type": "application/json"}

    def keep(k: int) -> None:
        log.close(log.open(k, 0, k, k, k, 0), k + 9, done, 1, 0)

    return {
        "build": lambda k: wire_bytes(adapter.encode(read(k % 1_000)), "127.0.0.1:1", "r"),
        "classify": lambda k: adapter.classify(201, headers, body),
        "record": lambda k: recorder.record(0, k, k + 5, k + 50, k + 900 + k % 500, 0),
        "send_log": keep,
        "count": lambda k: tally.count(0, k, k + 900, done, 1),
    }


def made() -> Schedule:
    """A thousand rows."""
    rows = constant_rate(1_000, 1)
    return schedule_of(rows, make_warp(rows["due_us"]))


def cost(work: Callable[[int], Any], times: int = 20_000) -> float:
    """µs of one call: the best of five rounds."""
    rounds = []
    for _ in range(5):
        begun = time.perf_counter()
        for k in range(times):
            work(k)
        rounds.append((time.perf_counter() - begun) / times * 1e6)
    return float(np.min(rounds))
