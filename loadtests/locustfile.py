"""The driver under Locust: `locust -f loadtests/locustfile.py --headless --job job.json`.

Locust gives the command line, the fork, the transport between processes, its console and its web page. It decides
nothing: no wait_time, no shape. One Driver a worker plays the schedule; any other idles.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import gevent
import psutil
from locust import User, events, task
from locust.runners import MasterRunner, WorkerRunner

from loadtests import arguments, livetab
from loadtests.adapters import Ending, Outcome
from loadtests.driver import Play
from loadtests.job import HOME, Job, job_of
from loadtests.master import Collector
from loadtests.schedule import Schedule, read_schedule
from loadtests.verdict import INVALID
from sim.errors import UsageError

logger = logging.getLogger("loadtests")
WATCH_S = 0.1
LAST_WORDS_S = 5.0  # after a cancel, so long is waited for what the workers have measured
PARENT_S = 1.0
LOADED_BY = os.getpid()  # the master: this file is read before it forks
DEFECT = 1
NOTHING = {"counts": {}, "scopes": {}, "hdr": {}, "last_ended_us": 0, "cpu_s": [0.0, 0.0]}


class State:
    """This process's part in the run."""

    job: Job | None = None
    schedule: Schedule | None = None
    collector: Collector | None = None  # master, or the only process
    play: Play | None = None  # worker, or the only process
    start: dict[str, Any] | None = None
    played = False


state = State()


def _load(job: Job | None) -> None:
    """Read the schedule, once a process; before the fork, so that all workers share the memory."""
    if job is not None and state.job is None:
        state.job, state.schedule = job, read_schedule(Path(job.schedule))
        Path(job.out).mkdir(parents=True, exist_ok=True)


def _leave(error: UsageError) -> None:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)


try:
    _load(arguments.first_look())
except UsageError as wrong:
    _leave(wrong)


@events.init_command_line_parser.add_listener
def _arguments(parser: Any, **_: Any) -> None:
    arguments.add_arguments(parser)


@events.init.add_listener
def _init(environment: Any, runner: Any, web_ui: Any, **_: Any) -> None:
    if HOME in os.environ:  # Locust has read its settings now
        os.environ["HOME"] = os.environ.pop(HOME)
    # Added here, hence after the runner's own, and called before it: `quitting` fires in reverse.
    environment.events.quitting.add_listener(_quitting)
    options = environment.parsed_options
    if not isinstance(runner, MasterRunner):
        runner.register_message("start_at", _on_start)
        runner.register_message("halt", _on_halt)
    if isinstance(runner, WorkerRunner):
        if options.processes:
            gevent.spawn(_follow_parent, runner, LOADED_BY)
        return
    if state.job is None:
        _leave(UsageError("there is nothing to send: give --job FILE or --schedule FOLDER"))
    runner.register_message("schedule_done", _on_done)
    options.num_users = options.spawn_rate = options.expect_workers if isinstance(runner, MasterRunner) else 1
    gevent.signal_handler(signal.SIGTERM, _early_end, environment)
    if options.processes:
        atexit.register(_outlive_children)
    if web_ui is not None:
        livetab.add(web_ui, lambda: state.collector)


# --- master, or the only process ---------------------------------------------------------------------------


@events.test_start.add_listener
def _test_start(environment: Any, **_: Any) -> None:
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        return
    if state.collector is not None:
        logger.error("this schedule has been played; start Locust anew for another run")
        gevent.spawn(runner.stop)
        return
    assert state.job is not None
    assert state.schedule is not None
    ready = list(runner.clients) if isinstance(runner, MasterRunner) else [None]
    try:
        state.collector = collector = Collector(state.job, state.schedule, len(ready))
    except UsageError as error:
        print(error, file=sys.stderr)
        environment.process_exit_code = error.exit_code
        gevent.spawn(runner.quit)
        return
    if runner.target_user_count not in (0, len(ready)):  # 0: the only process does not know yet
        collector.invalid(
            f"{runner.target_user_count} users were asked for; ask for one a worker: {len(ready)}"
        )
    said = {**collector.start(), "job": state.job.as_dict()}
    for worker, client in enumerate(ready):
        runner.send_message("start_at", {**said, "worker": worker}, client)
    gevent.spawn(_watch, environment, collector)


def _watch(environment: Any, collector: Collector) -> None:
    """Wait for the end, write the report, leave. Whatever goes wrong here must not keep the run open."""
    runner = environment.runner
    try:
        _wait(environment, collector)
    finally:
        _conclude(environment, collector)
        if environment.web_ui is None:
            runner.quit()
        else:
            runner.stop()


def _wait(environment: Any, collector: Collector) -> None:
    """Until every worker has said its last word, or one cannot any more. A lost worker ends the run at once."""
    distributed = isinstance(environment.runner, MasterRunner)
    while not collector.complete and collector.report is None:
        gevent.sleep(WATCH_S)
        if not distributed:
            collector.reported(_news())
        elif _alive(environment) < collector.workers and not collector.complete:
            collector.invalid("a worker was lost; what it had not sent was not sent")
            _last_words(environment, collector)
            return
        if collector.overdue:
            collector.invalid("a worker did not report its end")
            return


def _alive(environment: Any) -> int:
    """How many workers there are. Locust notices a silent one after four seconds; a forked one is our child."""
    runner, forked = environment.runner, environment.parsed_options.processes
    present: int = len(runner.clients) - len(runner.clients.missing)
    if not forked:
        return present
    return min(present, len(_children()))


def _children() -> list[Any]:
    """Our forked workers that still run."""
    return [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]


def _outlive_children() -> None:
    """Locust's own wait at exit forgets a child that is still leaving; nobody may be left behind."""
    until = time.monotonic() + LAST_WORDS_S
    while _children() and time.monotonic() < until:
        time.sleep(WATCH_S)
    for child in _children():
        child.kill()


def _conclude(environment: Any, collector: Collector) -> None:
    """Write the report; its verdict is the exit code. Safe to call again."""
    try:
        report = collector.close(environment.runner.stats.num_requests)
    except Exception:
        logger.exception("the report could not be written")
        environment.process_exit_code = DEFECT
    else:
        environment.process_exit_code = report["exit_code"]


def _on_done(environment: Any, msg: Any, **_: Any) -> None:
    if state.collector is not None:
        state.collector.finish(msg.data)


@events.worker_report.add_listener
def _reported(client_id: str, data: dict[str, Any], **_: Any) -> None:
    if state.collector is not None:
        state.collector.reported(data.get("hdr", {}))


@events.test_stopping.add_listener
def _stopping(environment: Any, **_: Any) -> None:
    """Before Locust ends its users: on SIGTERM, Ctrl-C, a time limit, or the page's stop button."""
    if state.collector is not None:
        _cancel(environment, state.collector)


def _cancel(environment: Any, collector: Collector) -> None:
    """Ask for the workers' last words, if the run is not over."""
    if collector.complete or collector.report is not None:
        return
    collector.invalid("cancelled before its end")
    _last_words(environment, collector)


def _last_words(environment: Any, collector: Collector) -> None:
    """Halt the workers and wait a little for what they have measured."""
    runner = environment.runner
    runner.send_message("halt", {})
    until = time.monotonic() + LAST_WORDS_S
    while not collector.complete and time.monotonic() < until:
        if isinstance(runner, MasterRunner) and len(collector.done) >= _alive(environment):
            return
        gevent.sleep(WATCH_S)


def _early_end(environment: Any) -> None:
    """SIGTERM while workers are still coming in: Locust listens for it only later, and would leave orphans."""
    if state.collector is None:
        environment.runner.quit()
        sys.exit(INVALID)


def _quitting(environment: Any, **_: Any) -> None:
    """Fires in every process, and twice on SIGTERM."""
    if isinstance(environment.runner, WorkerRunner):
        if state.play is not None:
            state.play.halt()
            state.play.over.wait(LAST_WORDS_S)
    elif state.collector is not None:
        _cancel(environment, state.collector)
        _conclude(environment, state.collector)


# --- worker, or the only process ---------------------------------------------------------------------------


def _on_start(environment: Any, msg: Any, **_: Any) -> None:
    start = msg.data
    if state.start is not None:
        failure = "this process has played its schedule already; start Locust anew"
        last = {**NOTHING, "worker": start["worker"], "failure": failure, "clock": time.time()}
        environment.runner.send_message("schedule_done", last)
        return
    state.start = start
    _load(job_of(start["job"]))


def _on_halt(environment: Any, msg: Any, **_: Any) -> None:
    if state.play is not None:
        state.play.halt()


def _follow_parent(runner: Any, parent: int) -> None:
    """A forked worker whose parent was killed would play on for a minute."""
    while os.getppid() == parent:
        gevent.sleep(PARENT_S)
    runner.quit()


@events.report_to_master.add_listener
def _report(client_id: str, data: dict[str, Any], **_: Any) -> None:
    data["hdr"] = _news()


def _news() -> dict[str, bytes]:
    """What this process has measured since the last time."""
    parts: dict[str, bytes] = {}
    if state.play is not None:
        for key, blob in state.play.recorder.drain():
            parts[key] = blob
            gevent.sleep(0)  # an encoding takes a fifth of a millisecond
    return parts


class Driver(User):
    """Plays this worker's share of the schedule, once."""

    @task
    def play(self) -> None:
        """Wait for the start, play, say what came of it, then idle until told to leave."""
        while state.start is None or state.schedule is None:
            gevent.sleep(0.01)
        if not state.played:
            state.played = True
            playing = gevent.spawn(self._play, state.start)
            try:
                playing.join()
            finally:  # Locust ends its users by killing them
                if state.play is not None:
                    state.play.halt()
                playing.join(LAST_WORDS_S)
        gevent.sleep(3600)

    def _play(self, start: dict[str, Any]) -> None:
        assert state.job is not None
        assert state.schedule is not None
        runner = self.environment.runner
        worker, workers = start["worker"], start["workers"]
        try:
            state.play = Play(state.job, state.schedule, worker, workers, self._fire)
            said = state.play.run(start["t0"])
        except Exception as error:
            logger.exception("the play failed")
            said = {**NOTHING, "worker": worker, "failure": repr(error), "clock": time.time()}
        if isinstance(runner, WorkerRunner):
            runner._send_stats()  # so that the master has counted every request before the last word
        runner.send_message("schedule_done", said)
        if state.play is not None:
            state.play.over.set()

    def _fire(self, name: str, intended_ms: float, outcome: Outcome) -> None:
        """Let Locust count it too."""
        self.environment.events.request.fire(
            request_type="POST",
            name=name,
            response_time=intended_ms,
            response_length=0,
            exception=RuntimeError(outcome.code) if outcome.ending >= Ending.RETRYABLE else None,
            context={},
        )
