"""Researchers' habits: numbers of NumPy, processes, threads, loops, odd folders, and what a notebook shows."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from sim.engine import running
from sim.errors import UsageError
from sim.runs import plan_run

ROOT = Path(__file__).parents[1]
USERS = 60
HOSTILE = '<img src=x onerror="alert(1)">&amp;\n[bold]$1 %s 养豆' + "x" * 5_000


@pytest.fixture(scope="module")
def run() -> sim.Results:
    return sim.simulate("hello", users=USERS)


@pytest.fixture
def never(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be simulated."""

    def simulated(*_: object, **__: object) -> None:
        raise AssertionError("simulated")

    monkeypatch.setattr(running, "simulate_once", simulated)


def with_world(**changes: Any) -> sim.Scenario:
    """Hello with settings of its world changed, unchecked as pydantic's copies are."""
    hello = sim.Scenario.load("hello")
    return hello.model_copy(update={"scenario": hello.scenario.model_copy(update=changes)})


def child(script: str, *, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """A script in a file (spawned children read it again) in a process of its own."""
    return subprocess.run(
        [sys.executable, "-B", "-c", script], cwd=cwd, timeout=300, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment, capture_output=True, text=True,
    )  # fmt: skip


# --- whole numbers --------------------------------------------------------------------------------------

KINDS = [np.int64, np.uint8, np.int32, np.array]


@pytest.mark.parametrize("kind", KINDS)
def test_integers_of_numpy_are_integers(run: sim.Results, kind: Any) -> None:
    """In every argument, in a scenario that is made and in one that is changed."""
    number: Any = kind(USERS)
    one: Any = kind(1)
    again = sim.simulate("hello", users=number, seed=one, replications=one, workers=one)
    assert again.outcomes[0].digest == run.outcomes[0].digest
    for scenario in (sim.Scenario.load("hello", users=number, seed=one), with_world(users=number, seed=one)):
        assert type(scenario.scenario.users) is int
        assert plan_run(scenario).key == plan_run("hello", users=USERS, seed=1).key
    made = type(run.scenario.scenario).model_validate(
        dict(run.scenario.scenario) | {"length": "3 days", "users": number}
    )
    assert type(made.users) is int
    assert type(run.scenario.beans.model_copy(update={"per_yuan": number}).per_yuan) is int


WRONG: list[Any] = [
    True,
    np.True_,
    3.0,
    np.float64(3),
    np.float32(3),
    "3",
    None,
    [3],
    np.array([3, 4]),
    2 + 0j,
]


@pytest.mark.parametrize("value", WRONG, ids=repr)
@pytest.mark.parametrize("name", ["users", "seed", "replications", "workers"])
def test_what_is_no_integer_is_refused_by_name(never: None, name: str, value: Any) -> None:
    """Before anything is simulated, with what to write instead."""
    if value is None and name in ("users", "seed"):
        return  # the scenario's own
    with pytest.raises(UsageError, match=rf"(?s)^{name}=.*: must be a whole number, for instance {name}="):
        sim.simulate("hello", **{name: value})
    if name in ("users", "seed"):
        with pytest.raises(UsageError, match=rf"{name}: must be a whole number"):
            sim.simulate(with_world(**{name: value}))
        with pytest.raises(ValueError, match=name):
            sim.Scenario.model_validate({"scenario": {name: value}})


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"workers": 0}, "workers=0: must be at least 1"),
        ({"users": 0}, "users=0: must be at least 1"),
        ({"replications": 0}, "replications=0: must be between 1 and"),
        ({"replications": 2**33}, "replications=8589934592: must be between 1 and 4294967295"),
        ({"progress": 3}, "progress=3: must be a function that takes a sim.Progress"),
        ({"design": "duble"}, "did you mean 'double'?"),
        ({"design": 3}, "design=3: must be a name in quotes"),
        ({"scenario": None}, "scenario=None: must be a name, a path or a sim.Scenario"),
        ({"scenario": {"scenario": {}}}, "must be a name, a path or a sim.Scenario"),
        ({"scenario": "helo"}, "did you mean 'hello'?"),
        ({"scenario": with_world(users=-3)}, "scenario.users: must be above 0"),
        ({"scenario": with_world(length="a day")}, "holds a value of a wrong kind"),
    ],
)
def test_a_wrong_argument_is_a_usage_error_that_says_what_to_do(
    never: None, request_: dict[str, Any], told: str
) -> None:
    """Before anything is simulated."""
    with pytest.raises(UsageError) as raised:
        sim.simulate(**{"scenario": "hello", **request_})
    assert told in str(raised.value)


# --- processes, threads, loops, folders -------------------------------------------------------------------

FORK = """
import os, sys, multiprocessing, sim
from sim.errors import UsageError

def told(queue):
    try:
        queue.put(str(sim.simulate("hello", users=60).balanced))
    except UsageError as error:
        queue.put(str(error))

{before}
context = multiprocessing.get_context("fork")
queue = context.SimpleQueue()
one = context.Process(target=told, args=(queue,))
one.start()
one.join(120)
assert not one.is_alive()
print(queue.get())
"""


@pytest.mark.parametrize(
    "before",
    [
        'sim.simulate("hello", users=60)',
        pytest.param('sim.simulate("hello", users=60, workers=1)', marks=pytest.mark.nightly),
        "import polars; polars.DataFrame({'a': [1, 2] * 9}).group_by('a').len()",
    ],
)
def test_a_child_forked_after_threads_have_begun_says_use_spawn(before: str) -> None:
    """Instead of waiting for ever."""
    done = child(FORK.format(before=before))
    assert done.returncode == 0, done.stderr
    assert 'multiprocessing.get_context("spawn")' in done.stdout


@pytest.mark.parametrize("before", ["", 'sim.Scenario.load("hello")'])
def test_a_child_forked_before_any_run_works(before: str) -> None:
    """Nothing has begun that it could miss."""
    done = child(FORK.format(before=before))
    assert done.stdout == "True\n", done.stderr


def test_a_forked_child_may_not_read_results_either(run: sim.Results) -> None:
    """What a run is can be shown; its frames are put together by threads."""
    script = (
        'import os, sim\nrun = sim.simulate("hello", users=60)\nif os.fork() == 0:\n'
        "    repr(run)\n"
        "    for ask in (lambda: run.metrics, lambda: run.tables, lambda: sim.load_run('latest')):\n"
        "        try:\n            ask()\n"
        "        except sim.BeanpeakError as error:\n            print('spawn' in str(error), flush=True)\n"
        "    os._exit(0)\nos.wait()\n"
    )
    assert child(script).stdout == "True\nTrue\nTrue\n"


POOLS = ["ProcessPoolExecutor(1, mp_context=spawn)", pytest.param("spawn.Pool(1)", marks=pytest.mark.nightly)]


@pytest.mark.parametrize("pool", POOLS)
def test_spawned_processes_simulate(run: sim.Results, tmp_path: Path, pool: str) -> None:
    """A pool of processes, after a run of the parent, hands back the same results."""
    script = tmp_path / "study.py"
    script.write_text(
        "import multiprocessing, sim\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "def one(seed):\n    return sim.simulate('hello', users=60, seed=seed)\n"
        "if __name__ == '__main__':\n"
        "    here = one(1)\n"
        "    spawn = multiprocessing.get_context('spawn')\n"
        f"    with {pool} as pool:\n"
        "        (there,) = pool.map(one, [1])\n"
        "    print(*(run.outcomes[0].digest['state'] for run in (here, there)))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.stdout.split() == [run.outcomes[0].digest["state"]] * 2, done.stderr


def test_threads_and_running_loops_simulate(run: sim.Results) -> None:
    """In a thread, and where a loop runs already as in a notebook."""
    made: list[sim.Results] = []

    def simulate() -> None:
        made.append(sim.simulate("hello", users=USERS))

    async def in_a_loop() -> None:
        simulate()
        await asyncio.to_thread(simulate)

    thread = threading.Thread(target=simulate)
    thread.start()
    asyncio.run(in_a_loop())
    thread.join()
    assert [one.outcomes[0].digest for one in made] == [run.outcomes[0].digest] * 3


def test_a_working_directory_that_is_gone_is_no_hindrance(tmp_path: Path) -> None:
    """Names are found in the package, absolute paths where they are."""
    gone = tmp_path / "gone"
    gone.mkdir()
    script = (
        f"import os, sim\nos.rmdir({str(gone)!r})\n"
        f"for name in ('hello', {str(ROOT / 'scenarios' / 'hello.toml')!r}):\n"
        "    print(sim.simulate(name, users=60).balanced)\n"
    )
    done = child(script, cwd=gone)
    assert done.stdout == "True\nTrue\n", done.stderr


def test_a_working_directory_that_may_not_be_looked_into_is_no_hindrance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor for the names of the package."""
    real = Path.is_file

    def is_file(path: Path) -> bool:
        if not path.is_absolute():
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "is_file", is_file)
    assert sim.Scenario.load("hello").scenario.users > 0


PLAIN = """
import sys, sim
for case in sys.argv[1:]:
    name, users = case.split(":")
    print(*sim.simulate(name, users=int(users)).outcomes[0].digest.values())
"""
CASES = (
    "hello:60",
    "week95_2022:15",
    "double11_2018:5",
    "zhejiang_account:30",
    "point_farms:60",
    "match_pools:30",
)


def test_without_a_compiler_the_same_happens() -> None:
    """NUMBA_DISABLE_JIT=1: play, shopping, pools, farms and the account end with the same digests."""
    done = subprocess.run(
        [sys.executable, "-B", "-W", "error::RuntimeWarning", "-c", PLAIN, *CASES], cwd=ROOT, check=False,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    compiled = [sim.simulate(n, users=int(u)) for n, u in (case.split(":") for case in CASES)]
    assert done.stdout.splitlines() == [" ".join(run.outcomes[0].digest.values()) for run in compiled]


@pytest.mark.nightly
def test_a_run_of_the_command_line_needs_no_compiler(tmp_path: Path) -> None:
    """NUMBA_DISABLE_JIT=1 beanpeak run: done, with the digest of the compiled run."""
    command = [
        sys.executable,
        "-m",
        "sim",
        "run",
        "hello",
        "--users",
        "60",
        "--quiet",
        "--out",
        str(tmp_path),
    ]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    plain = sim.load_run(done.stdout.strip())
    assert plain.outcomes[0].digest == sim.simulate("hello", users=60).outcomes[0].digest


# --- what a notebook shows ----------------------------------------------------------------------------------


class Seen(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_run_says_what_it_is_in_ten_lines(run: sim.Results) -> None:
    """Scenario, design, users, replications, verdict, tables with their heights; never frames."""
    lines = repr(run).splitlines()
    assert len(lines) <= 10
    assert max(map(len, lines)) <= 100
    shown = " ".join(repr(run).split())
    for part in ("hello", "design base", "60 for", "seed 1", "replications 1", "books balanced", "hours 72"):
        assert part in shown


def test_nothing_a_run_holds_floods_a_notebook(run: sim.Results) -> None:
    """Tables, outcomes, scenarios, and lists of them."""
    for held in (run.tables, run.outcomes, run.scenario, str(run.scenario), [run.outcomes[0]]):
        assert len(repr(held)) < 1_000
        assert len(repr(held).splitlines()) <= 10
    assert f"hours {run.tables['hours'].height}" in repr(run.tables)
    assert isinstance(run.tables, dict)


def test_a_hostile_title_is_text(run: sim.Results) -> None:
    """In the table of a notebook nothing a person wrote becomes markup; in text it keeps the ten lines."""
    title = sim.simulate(with_world(title=HOSTILE, users=USERS))
    page = Seen(title._repr_html_())
    assert page.tags == {"table", "tr", "th", "td"}
    assert '<img src=x onerror="alert(1)">&amp;' in page.text
    assert len(repr(title).splitlines()) <= 10
    assert len(repr(title.scenario).splitlines()) == 1
    assert Seen(run._repr_html_()).text.startswith("runhello, design base")
