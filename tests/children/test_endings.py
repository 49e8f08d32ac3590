"""Every command that lasts, ended in every way: it writes what it has, says so, and leaves nobody behind."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from .conftest import Household

PACE = ("--peak-rate", "5", "--floor-rate", "5")  # a minute or so: nobody waits for its end
LOAD = ("load", "hello", "--users", "200", "--no-figures", *PACE)
CAPACITY = ("capacity", "hello", "--users", "500", "--start-rate", "10", "--warmup", "1", "--measure", "15")
RUN = ("run", "hello", "--users", "2000", "--replications", "400")
TRACE = ("trace", "hello", "--users", "100000")
HEAD = 16  # bytes before the first record of a log
LONG = pytest.mark.nightly  # what a quicker one promises too
ASKS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def sending(house: Household) -> Callable[[], bool]:
    """Whether an answer has come: a log of requests has something, and not only room for it."""
    return lambda: any(any(file.read_bytes()[HEAD:]) for file in house.folder.rglob("sendlog-*"))


def simulating(house: Household) -> Callable[[], bool]:
    """Whether a replication is finished, and the next one begun."""
    return lambda: any(house.folder.glob("results/*/*.partial/replications/base-1"))


def end(house: Household, number: signal.Signals) -> str:
    """Send the command a signal; all it said."""
    assert house.first is not None
    house.first.send_signal(number)
    return house.first.communicate(timeout=120)[0]


@pytest.mark.parametrize("number", [signal.SIGHUP, *(pytest.param(one, marks=LONG) for one in ASKS[:2])])
def test_a_load_that_is_asked_to_end_keeps_a_report(household: Household, number: signal.Signals) -> None:
    """Exit 130, where it is kept, and neither process nor folder is left."""
    running = household.start(*LOAD)
    household.until(sending(household), "nothing was sent")
    said = end(household, number)
    assert running.returncode == 130, said
    (folder,) = (household.folder / "results" / "hello").iterdir()
    assert str(folder.relative_to(household.folder)) in said
    assert json.loads((folder / "load.json").read_text())["counts"]["sent"] > 0
    household.until_gone()


@pytest.mark.parametrize(
    "command", [(*LOAD, "--workers", "2"), *(pytest.param(one, marks=LONG) for one in (LOAD, CAPACITY))]
)
def test_a_load_whose_parent_was_killed_leaves_nobody(household: Household, command: tuple[str, ...]) -> None:
    """SIGKILL tells nobody, and still ledger, master, workers and tokens go."""
    running = household.start(*command)
    household.until(sending(household), "nothing was sent")
    assert household.left_behind()
    running.kill()
    household.until_gone()


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGHUP, marks=LONG)])
def test_a_check_that_is_ended_leaves_no_ledger(household: Household, number: signal.Signals) -> None:
    """The adapter sleeps, so that there is time."""
    (household.folder / "slow.py").write_text(
        "import time\nfrom loadtests.targets.reference import Reference\n"
        "class Slow(Reference):\n    def prepare(self, agents):\n        time.sleep(600)\n"
    )
    running = household.start("load", "check-adapter", "slow:Slow")
    household.until(lambda: household.members("ledger", "serve"), "no ledger")
    running.send_signal(number)
    household.until_gone()


@pytest.mark.parametrize("number", [pytest.param(signal.SIGTERM, marks=LONG), signal.SIGHUP])
def test_a_run_that_is_asked_to_end_can_go_on(household: Household, number: signal.Signals) -> None:
    """As after Ctrl-C."""
    running = household.start(*RUN)
    household.until(simulating(household), "nothing was simulated")
    said = end(household, number)
    assert running.returncode == 130, said
    assert "beanpeak resume" in said
    if number == signal.SIGHUP:
        running = household.start("resume")
        household.until(lambda: household.members("resume"), "it does not go on")
        household.until(lambda: "preparing" in _first_line(running), "it does not go on")
        assert "beanpeak resume" in end(household, number)
        assert running.returncode == 130


def test_a_run_whose_parent_was_killed_leaves_nobody(household: Household) -> None:
    """Those who simulate end in order, without a traceback, and what they have finished is kept."""
    running = household.start(*RUN, "--jobs", "2")
    household.until(simulating(household), "nothing was simulated")
    assert household.members("sim.hand")
    running.kill()
    household.until_gone()
    assert "Traceback" not in running.communicate(timeout=120)[0]
    assert not list(household.folder.rglob("replications/*.partial"))


def _first_line(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return running.stdout.readline()


def test_a_closed_terminal_loses_nothing(household: Household) -> None:
    """The bar has nobody to draw for any more; what is finished is kept all the same."""
    ours, theirs = pty.openpty()
    running = household.start(
        *RUN, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, preexec_fn=_own_terminal
    )
    os.close(theirs)
    os.set_blocking(ours, False)

    def watched() -> bool:
        with suppress(BlockingIOError):
            os.read(ours, 65_536)
        return simulating(household)()

    household.until(watched, "nothing was simulated")
    os.close(ours)
    assert running.wait(120) == 130
    (partial,) = household.folder.glob("results/hello/*.partial")
    assert len(list(partial.glob("replications/base-*"))) >= 2
    household.until_gone()


def _own_terminal() -> None:
    """Let standard input be the terminal whose closing is told to us."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@LONG
def test_nohup_is_respected(household: Household) -> None:
    """Who ignores that the terminal is closed goes on to the end."""
    running = household.start(
        "load", "hello", "--users", "100", "--no-figures", "--slo", "relaxed", "--fail-on", "audit",
        "--peak-rate", "20", "--floor-rate", "20", preexec_fn=_ignore_hang_up,
    )  # fmt: skip
    household.until(sending(household), "nothing was sent")
    said = end(household, signal.SIGHUP)
    assert running.returncode == 0, said
    household.until_gone()


def _ignore_hang_up() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=LONG), *ASKS[1:]])
def test_a_ledger_that_is_asked_to_end_answers_and_ends(household: Household, number: signal.Signals) -> None:
    """With 0, also when its terminal is closed."""
    running = household.start("ledger", "serve", "--db", "a.db", "--port", "0")
    assert running.stdout is not None
    for line in running.stdout:
        if line.startswith("listening"):
            break
    end(household, number)
    assert running.returncode == 0


def test_a_trace_that_is_asked_to_end_says_so(household: Household) -> None:
    """Nothing is written; exit 130."""
    running = household.start(*TRACE)
    household.until(lambda: "preparing" in _first_line(running), "it does not begin")
    assert "no trace was written" in end(household, signal.SIGTERM)
    assert running.returncode == 130
    assert not (household.folder / "trace").exists()


def test_a_capacity_search_that_is_interrupted_keeps_its_probes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`capacity.json` says "interrupted", with the bracket as far as it is known; of none it says that."""
    from loadtests import capacity
    from loadtests.capacity import Probe, Prober, Search, find_capacity
    from loadtests.job import Job
    from sim.errors import Interrupted
    from sim.runs import plan_run

    def probe(self: Any, rate: float) -> Probe:
        if len(self.probes) == least:
            raise KeyboardInterrupt
        return Probe(rate, rate < 900, rate, 1.0, 1.0, ())

    class Traced:
        sha256 = "0" * 64

    monkeypatch.setattr(Prober, "_probe", probe)
    monkeypatch.setattr(capacity, "simulate", lambda *_: Traced())
    search = Search(plan_run("hello"), Job(), start_rate=500.0)
    least = 3
    with pytest.raises(Interrupted, match="3 probes are kept"):
        find_capacity(search, tmp_path, quiet=True)
    (file,) = tmp_path.glob("hello/*-capacity/capacity.json")
    found = json.loads(file.read_text())
    assert (found["verdict"], found["holds"], found["breaks"]) == ("interrupted", (500 * 1000) ** 0.5, 1000)
    assert len(found["probes"]) == 3
    least = 0
    with pytest.raises(Interrupted, match="nothing is kept"):
        find_capacity(search, tmp_path / "none", quiet=True)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("measured", [False, True])
def test_a_load_that_is_stopped_outside_its_play_says_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measured: bool
) -> None:
    """While it prepares there is nothing to keep, and while it audits all that was measured."""
    from loadtests import nights
    from sim.errors import Interrupted
    from sim.runs import plan_run

    class Traced:
        sha256 = "0" * 64

    def stopped(_trace: object, folder: Path, *_: object, **_more: object) -> None:
        if measured:
            (folder / "load.json").write_text("{}")
        raise KeyboardInterrupt

    monkeypatch.setattr(nights, "simulate", lambda *_: Traced())
    monkeypatch.setattr(nights, "load_campaign", stopped)
    monkeypatch.setattr(nights, "decorate_softly", lambda *_: None)
    with pytest.raises(Interrupted, match="what was measured is in" if measured else "nothing is kept"):
        nights.load_night(nights.Night(plan_run("hello")), tmp_path, quiet=True)
    assert [file.suffix for file in (tmp_path / "hello").iterdir()] == ([""] if measured else [])
