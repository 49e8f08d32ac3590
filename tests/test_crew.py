"""Replications side by side: the same results, kept as they finish, and nobody left behind."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import sim
from sim import crew
from sim.crew import jobs_for, performing
from sim.engine.outcome import Progress
from sim.errors import BeanpeakError, Interrupted, InvariantError, UsageError
from sim.reporting.unfinished import Unfinished
from sim.runs import perform, plan_run

USERS = 500
SAYS = "import sys; sys.stdin = None; open({reads}).readline(); {does}"


def begun(out: Path, *names: str, replications: int = 2, users: int = USERS) -> list[Unfinished]:
    """Runs that are to be simulated."""
    return [Unfinished.begin(plan_run(name, replications=replications, users=users), out) for name in names]


def unwatched(_run: Unfinished, _number: int) -> Callable[[Progress], None] | None:
    return None


def side_by_side(runs: list[Unfinished], jobs: int = 2) -> None:
    """All of them, to the end."""
    with performing(runs, 1, jobs, unwatched) as finish:
        for run in runs:
            finish(run)


def test_side_by_side_is_one_after_the_other(tmp_path: Path) -> None:
    """Several scenarios and replications: the same digests and the same files, and progress up to the end."""
    names, shares = ("hello", "point_farms"), dict[tuple[str, int], float]()

    def watch(run: Unfinished, number: int) -> Callable[[Progress], None]:
        return lambda progress: shares.__setitem__((run.plan.name, number), progress.share)

    runs = begun(tmp_path / "two", *names)
    with performing(runs, 1, 2, watch) as finish:
        for run in runs:
            finish(run)
            assert not run.missing()
    assert shares == {(name, number): 1.0 for name in names for number in (0, 1)}
    for run, alone in zip(runs, begun(tmp_path / "one", *names), strict=True):
        perform(alone, 1, lambda _: None)
        assert [o.digest for o in run.outcomes()] == [o.digest for o in alone.outcomes()]
        assert files(run.folder) == files(alone.folder)


def files(folder: Path) -> list[str]:
    """What a folder holds."""
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*"))


def test_what_is_kept_is_not_simulated_again(tmp_path: Path) -> None:
    """Only what is missing is."""
    (run,) = begun(tmp_path, "hello", replications=3)
    side_by_side([run])
    times = {file: file.stat().st_mtime_ns for file in run.folder.rglob("outcome.json")}
    (run.folder / "replications" / "base-1" / "outcome.json").unlink()
    (run.folder / "replications" / "base-1").rename(run.folder / "elsewhere")
    assert run.missing() == [1]
    side_by_side([run])
    again = {file: file.stat().st_mtime_ns for file in run.folder.rglob("outcome.json")}
    assert [file.parent.name for file in times if times[file] != again[file]] == ["base-1"]


def test_asked_to_stop_all_go_on_from_their_barriers(tmp_path: Path) -> None:
    """Every process keeps what it has; taken up again, the digests are those of the straight run."""
    straight = sim.simulate("hello", users=USERS, replications=6)
    (run,) = begun(tmp_path, "hello", replications=6)
    pressed = threading.Event()

    def press_ctrl_c_once(_progress: Progress) -> None:
        if not pressed.is_set():
            pressed.set()
            os.kill(os.getpid(), signal.SIGINT)

    with (
        pytest.raises(Interrupted, match="beanpeak resume") as caught,
        performing([run], 1, 2, lambda *_: press_ctrl_c_once) as finish,
    ):
        finish(run)
    assert f"--out {tmp_path}" in str(caught.value)
    missing = run.missing()
    assert missing
    assert any(run.snapshot(number).is_file() for number in missing)
    again = Unfinished.open(run.folder)
    side_by_side([again])
    assert [o.digest for o in again.outcomes()] == [o.digest for o in straight.outcomes]


def test_the_others_are_kept_when_the_first_is_given_up(tmp_path: Path) -> None:
    """Whatever ends the caller (a full disk, Ctrl-C while it draws) ends the crew, and what it has is kept."""
    runs = begun(tmp_path, "hello", "point_farms", replications=4)
    with pytest.raises(OSError, match="full"), performing(runs, 1, 2, unwatched) as finish:  # noqa: PT012
        finish(runs[0])
        raise OSError("full")
    assert runs[0].finished() == [0, 1, 2, 3]
    said = runs[1].leave()
    assert bool(said) == runs[1].folder.is_dir()
    assert not list(tmp_path.rglob("base-*.partial"))


@pytest.mark.parametrize(
    ("does", "kind", "words"),
    [
        ("""print('{{"error": "account 1010", "exit": 4}}')""", InvariantError, "account 1010"),
        ("""print('{{"error": "not there", "exit": 2}}')""", UsageError, "not there"),
        ("""print('{{"error": "disk full", "exit": 1}}')""", BeanpeakError, "disk full"),
        ("""print('{{"error": "", "exit": 130}}')""", Interrupted, "interrupted"),
        ("sys.exit(3)", BeanpeakError, "ended with code 3"),
        ("import os; os.kill(os.getpid(), 9)", BeanpeakError, "signal 9, often for want of memory"),
    ],
)
def test_what_goes_wrong_in_a_process_goes_wrong_here(
    does: str, kind: type[BeanpeakError], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its own words and exit code; a process that ends without any is named, with the way to go on."""

    def python(_module: str, reads: str) -> list[str]:
        return [sys.executable, "-c", SAYS.format(reads=reads, does=does.format())]

    monkeypatch.setattr(crew, "python", python)
    (run,) = begun(tmp_path, "hello")
    with pytest.raises(kind, match=words) as caught:
        side_by_side([run])
    assert type(caught.value) is kind
    if "ended" in words:
        assert run.resuming in str(caught.value)
    run.leave()
    assert not run.folder.exists()


def test_a_process_that_never_begins_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has read no order."""
    monkeypatch.setattr(crew, "python", lambda *_: [sys.executable, "-S", "-c", "raise SystemExit(7)"])
    runs = begun(tmp_path, "hello", "point_farms")
    with pytest.raises(BeanpeakError, match=r"ended with code 7.* --jobs 1"):
        side_by_side(runs)


def test_threads_are_shared_but_by_who_outlasts_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes its share of them, and one that takes longer than all others together takes all."""
    noted = tmp_path / "orders"
    script = (
        "import sys\n"
        "for order in open({reads}):\n"
        f"    open({str(noted)!r}, 'a').write(order)\n"
        "    print('{{\"kept\": 0}}', flush=True)"
    )
    monkeypatch.setattr(crew, "python", lambda _, reads: [sys.executable, "-c", script.format(reads=reads)])
    short, long = begun(tmp_path, "hello"), begun(tmp_path, "hello", replications=1, users=1_000_000)
    with performing([*short, *long], 4, 2, unwatched) as finish:
        for run in (*short, *long):
            finish(run)
    orders = [json.loads(line) for line in noted.read_text().splitlines()]
    assert sorted((order["folder"] == str(long[0].folder), order["workers"]) for order in orders) == [
        (False, 2), (False, 2), (True, 4),
    ]  # fmt: skip


# --- how many side by side ----------------------------------------------------------------------------


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_cores", lambda: 4)
    monkeypatch.setattr(crew, "fitting_at_once", lambda users: 1_000_000_000 // users)


def sized(name: str, users: int, replications: int, out: Path) -> Unfinished:
    """A run of which nothing is kept, and whose size needs no memory here."""
    plan = plan_run(name, users=USERS)
    size = plan.scenario.scenario.model_copy(update={"users": users})
    world = plan.scenario.model_copy(update={"scenario": size})
    return Unfinished(replace(plan, world=world, scenario=world, replications=replications), out, "")


@pytest.mark.usefixtures("four_cores")
@pytest.mark.parametrize(
    ("runs", "jobs"),
    [
        ([], 1),
        ([(500, 2)], 1),  # quicker than a process starts
        ([(1_000_000, 1)], 1),  # there is only one
        ([(1_000_000, 3)], 3),
        ([(500, 1_000)], 4),
        ([(1_000_000, 100)], 4),
        ([(400_000_000, 8)], 2),  # memory holds two
        ([(900_000_000, 8)], 1),
        ([(10_000_000, 1), (500, 1)], 1),  # the short one saves next to nothing
        ([(1_000_000, 1), (1_000_000, 1)], 2),
    ],
)
def test_as_many_as_pay(runs: list[tuple[int, int]], jobs: int, tmp_path: Path) -> None:
    """One a core, no more than there are, no more than fit, and only if it saves more than a start takes."""
    assert jobs_for([sized("hello", users, times, tmp_path) for users, times in runs]) == jobs
