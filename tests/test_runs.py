"""Runs: the notebook's interface, and replications kept as they finish."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import sim
from sim.engine import running
from sim.engine.outcome import Outcome, Progress
from sim.errors import Interrupted, InvariantError, UsageError
from sim.observation.catalogue import METRICS, TABLES
from sim.reporting.unfinished import Unfinished
from sim.runs import asked_to_stop, perform, plan_run
from sim.scenario import Scenario
from tests.commands import PATIENCE_S

USERS = 1_000


@pytest.fixture(scope="module")
def run() -> sim.Results:
    """Hello, simulated twice with a design."""
    return sim.simulate("hello", design="double", replications=2, users=USERS)


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The engine is replaced by one that only notes which replication was asked for."""
    asked: list[int] = []

    def simulate_once(scenario: Scenario, design: str, replication: int, **_: object) -> Outcome:
        asked.append(replication)
        frame = pl.DataFrame({"time": [1], "metric": ["orders"], "group": [""], "value": [1.0]})
        digest = {"state": "", "books": "", "actions": ""}
        return Outcome(scenario, design, replication, frame, {}, digest, {"balanced": True, "checks": []})

    monkeypatch.setattr(running, "simulate_once", simulate_once)
    return asked


def unwatched(_replication: int) -> Callable[[Progress], None] | None:
    return None


# --- the notebook's interface --------------------------------------------------------------------------


def test_results_are_polars_frames(run: sim.Results) -> None:
    """Metrics and tables of both replications, with books that balance."""
    assert run.metrics["replication"].unique().to_list() == [0, 1]
    assert run.tables["days"].height == 2 * 3
    assert run.scenario.deeds["quiz"].beans == 40
    assert run.scenario.scenario.users == USERS
    assert run.design == "double"
    assert run.balanced


def test_the_engine_writes_what_the_catalogues_promise(run: sim.Results) -> None:
    """Every metric is explained, and every table has the columns that are documented."""
    assert set(run.metrics["metric"]) == {m.name for m in METRICS}
    for name, frame in run.tables.items():
        assert set(frame.columns) == {"design", "replication", *TABLES[name].columns}, name


def test_a_scenario_in_memory_is_as_good_as_its_name(run: sim.Results) -> None:
    """The same settings, the same numbers."""
    again = sim.simulate(sim.Scenario.load("hello"), design="double", replications=2, users=USERS)
    assert_frame_equal(again.metrics, run.metrics)
    assert [o.digest for o in again.outcomes] == [o.digest for o in run.outcomes]


def test_progress_is_reported_up_to_the_end() -> None:
    """Simulated time only goes forward, and the last report is complete."""
    seen: list[Progress] = []
    sim.simulate("hello", users=USERS, progress=seen.append)
    assert [p.done_us for p in seen] == sorted(p.done_us for p in seen)
    assert seen[-1].share == 1.0
    assert seen[-1].actions > 0


def test_wrong_requests_are_refused_before_anything_runs(simulated: list[int]) -> None:
    """An unknown design, no replications, too many users, a name that is none."""
    for request in (
        {"scenario": "hello", "design": "dubble"},
        {"scenario": "hello", "replications": 0},
        {"scenario": "hello", "users": 10**9},
        {"scenario": sim.Scenario.load("hello"), "users": 10**9},
        {"scenario": "helo"},
    ):
        with pytest.raises(UsageError):
            sim.simulate(**request)  # type: ignore[arg-type]
    assert simulated == []


def test_importing_sim_imports_nothing_heavy() -> None:
    """A notebook's first line, and every command, starts at once."""
    script = """
import sys
import sim
heavy = {"numba", "numpy", "polars", "matplotlib", "scipy", "pydantic", "simpy", "faker"} & sys.modules.keys()
assert not heavy, heavy
assert set(sim.__all__) <= set(dir(sim))
for name in sim.__all__:
    getattr(sim, name)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=PATIENCE_S)


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="simulat"):
        sim.simulat  # noqa: B018


# --- replications are kept -----------------------------------------------------------------------------


def test_a_finished_replication_is_never_simulated_again(tmp_path: Path, simulated: list[int]) -> None:
    """Only what is missing is."""
    begun = Unfinished.begin(plan_run("hello", replications=3), tmp_path)
    perform(begun, 1, unwatched)
    assert simulated == [0, 1, 2]
    perform(Unfinished.open(begun.folder), 1, unwatched)
    assert simulated == [0, 1, 2]


def test_an_interrupted_run_says_how_to_go_on(
    tmp_path: Path, simulated: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The finished replication stays, and the message names the command."""
    begun = Unfinished.begin(plan_run("hello", replications=3), tmp_path)
    once = running.simulate_once

    def then_interrupted(*arguments: object, **rest: object) -> Outcome:
        if simulated:
            raise KeyboardInterrupt
        return once(*arguments, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(running, "simulate_once", then_interrupted)
    with pytest.raises(Interrupted) as caught:
        perform(begun, 1, unwatched)
    assert f"1 of 3 replications; `beanpeak resume {begun.plan.key} --out {tmp_path}`" in str(caught.value)
    assert begun.finished() == [0]


def test_nothing_is_left_of_a_run_of_which_nothing_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interruption or wrong books in the first replication leave no folder behind."""
    for error in (KeyboardInterrupt, InvariantError):
        begun = Unfinished.begin(plan_run("hello"), tmp_path)

        def fail(*_: object, error: type[BaseException] = error, **__: object) -> Outcome:
            raise error

        monkeypatch.setattr(running, "simulate_once", fail)
        with pytest.raises((Interrupted, InvariantError)):
            perform(begun, 1, unwatched)
        assert not begun.folder.exists()


def test_the_run_goes_on_from_the_barrier_where_it_stopped(tmp_path: Path) -> None:
    """Stopped half way and taken up again, it ends with the digests of the straight run."""
    plan = plan_run("hello", users=USERS)
    straight = sim.simulate("hello", users=USERS).outcomes[0]
    begun = Unfinished.begin(plan, tmp_path)

    def press_ctrl_c_once(progress: Progress) -> None:
        if 0.4 < progress.share < 0.5:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted) as caught:
        perform(begun, 2, lambda _: press_ctrl_c_once)
    assert "up to its last barrier" in str(caught.value)
    again = Unfinished.open(begun.folder)
    assert again.missing() == [0]
    perform(again, 2, unwatched)
    assert again.outcomes()[0].digest == straight.digest
    assert not again.snapshot(0).exists()


def test_the_second_ctrl_c_does_not_wait() -> None:
    """The first is only noted."""
    with pytest.raises(KeyboardInterrupt), asked_to_stop() as stop:  # noqa: PT012
        assert not stop()
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
        os.kill(os.getpid(), signal.SIGINT)


def test_a_notebook_thread_may_simulate() -> None:
    """Signals belong to the main thread; elsewhere nobody asks to stop."""
    answers: list[bool] = []

    def ask() -> None:
        with asked_to_stop() as stop:
            answers.append(stop())

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert answers == [False]
