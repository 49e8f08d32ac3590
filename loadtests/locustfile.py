"""The driver under Locust: `locust -f loadtests/locustfile.py --headless --job job.json`.

Locust gives the command line, the fork, the transport between processes, its console and its web page. It decides
nothing: no wait_time, no shape. One Driver a worker plays the schedule; any other idles.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

import gevent
from locust import User, events, task
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

from loadtests.adapters import Ending, Outcome
from loadtests.driver import Play
from loadtests.job import Job, read_job
from loadtests.master import Collector
from loadtests.schedule import Schedule, read_schedule

logger = logging.getLogger("loadtests")
WATCH_S = 0.1


class State:
    """This process's part in the run."""

    job: Job | None = None
    schedule: Schedule | None = None
    collector: Collector | None = None
    play: Play | None = None
    start: dict[str, Any] | None = None
    played = False


state = State()


def add_arguments(parser: Any) -> None:
    """Our arguments, for Locust's parser and for the first look before the fork."""
    parser.add_argument("--job", help="JSON file with the settings of the run", default="")


def load(job_file: str) -> None:
    """Read job and schedule, once a process; before the fork, so that all workers share the memory."""
    if job_file and state.job is None:
        state.job = read_job(Path(job_file))
        state.schedule = read_schedule(Path(state.job.schedule))


def first_look() -> None:
    """Locust reads its arguments after this file, and forks right after that."""
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    load(parser.parse_known_args()[0].job)


first_look()


@events.init_command_line_parser.add_listener
def _arguments(parser: Any, **_: Any) -> None:
    add_arguments(parser)


@events.init.add_listener
def _init(environment: Any, runner: Any, **_: Any) -> None:
    if isinstance(runner, WorkerRunner):
        runner.register_message("start_at", _on_start)
        return
    options = environment.parsed_options
    workers = options.expect_workers if isinstance(runner, MasterRunner) else 1
    options.num_users = options.spawn_rate = workers
    if isinstance(runner, LocalRunner):
        runner.register_message("start_at", _on_start)
    runner.register_message("schedule_done", _on_done)


def _on_start(environment: Any, msg: Any, **_: Any) -> None:
    state.start = msg.data


def _on_done(environment: Any, msg: Any, **_: Any) -> None:
    assert state.collector is not None
    state.collector.finish(msg.data)


@events.test_start.add_listener
def _test_start(environment: Any, **_: Any) -> None:
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        return
    assert state.job is not None
    ready = list(runner.clients) if isinstance(runner, MasterRunner) else ["local"]
    state.collector = collector = Collector(len(ready))
    t0 = collector.start(state.job.lead_s)
    for index, client in enumerate(ready):
        runner.send_message("start_at", {"t0": t0, "worker": index, "workers": len(ready)}, client)
    gevent.spawn(_watch, environment, collector)


def _watch(environment: Any, collector: Collector) -> None:
    runner = environment.runner
    while not collector.complete:
        gevent.sleep(WATCH_S)
        if isinstance(runner, MasterRunner) and runner.clients.missing:
            collector.invalid("a worker was lost")
            break
    runner.quit()


@events.report_to_master.add_listener
def _report(client_id: str, data: dict[str, Any], **_: Any) -> None:
    if state.play is not None:
        parts = {}
        for key, blob in state.play.recorder.drain():
            parts[key] = blob
            gevent.sleep(0)
        data["hdr"] = parts


@events.worker_report.add_listener
def _reported(client_id: str, data: dict[str, Any], **_: Any) -> None:
    if state.collector is not None:
        state.collector.report(data.get("hdr", {}))


@events.quitting.add_listener
def _quitting(environment: Any, **_: Any) -> None:
    collector = state.collector
    if collector is None or isinstance(environment.runner, WorkerRunner):
        return
    whole = collector.whole()
    print(
        collector.counts(),
        collector.reasons,
        whole.figures("intended"),
        whole.figures("lag"),
        file=sys.stderr,
    )
    environment.process_exit_code = 5 if collector.reasons else 0


class Driver(User):
    """Plays this worker's share of the schedule, once."""

    @task
    def play(self) -> None:
        """Wait for the start, play, say what came of it, then idle until told to leave."""
        while state.start is None:
            gevent.sleep(0.01)
        if state.played:
            gevent.sleep(3600)
            return
        state.played = True
        runner, start = self.environment.runner, state.start
        assert state.job is not None
        assert state.schedule is not None
        state.play = Play(state.job, state.schedule, start["worker"], start["workers"], self.fire)
        runner.send_message("schedule_done", state.play.run(start["t0"]))
        gevent.sleep(3600)

    def fire(self, name: str, intended_ms: float, outcome: Outcome) -> None:
        """Let Locust count it too."""
        failed = RuntimeError(outcome.code) if outcome.ending >= Ending.RETRYABLE else None
        self.environment.events.request.fire(
            request_type="POST",
            name=name,
            response_time=intended_ms,
            response_length=0,
            exception=failed,
            context={},
        )
