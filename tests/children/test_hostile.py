"""Everything at once that may lie about or be set on somebody's machine: the commands do as if it were not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import CACHE, ROOT

STRAYS = (
    "random", "polars", "numpy", "locust", "gevent", "json", "http", "sitecustomize", "usercustomize", "loadtests",
    "numba", "typer", "typing_extensions", "secrets", "uvicorn", "starlette", "configargparse", "zmq",
)  # fmt: skip
LOCUST_CONF = (
    "host = http://127.0.0.1:9\nrun-time = 1s\nusers = 7\nheadless = false\nlocustfile = /nowhere.py\n"
)
SETTINGS = {
    "LOCUST_HOST": "http://127.0.0.1:9", "LOCUST_RUN_TIME": "1s", "LOCUST_USERS": "7", "LOCUST_HEADLESS": "false",
    "LOCUST_LOCUSTFILE": "/nowhere.py", "LOCUST_MODE_WORKER": "true", "LOCUST_MASTER_PORT": "1",
    "GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/nowhere", "GIT_INDEX_FILE": "/nowhere",
    "http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9",
    "GEVENT_LOOP": "nonsense", "GEVENT_RESOLVER": "nonsense", "BEANPEAK_HOME": "/nowhere",
}  # fmt: skip
ADAPTER = """
import random, helper
from loadtests.targets.reference import Reference

class Ledger(Reference):
    def encode(self, ev):
        assert random.random() < 1 and helper.WORD == "here"
        return super().encode(ev)
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory full of strays, a home with settings, adapters that are found in three ways."""
    place = tmp_path_factory.mktemp("hostile")
    for name in STRAYS:
        (place / f"{name}.py").write_text(f"raise SystemExit('the stray {name}.py was imported')\n")
    (place / "locust.conf").write_text(LOCUST_CONF)
    (place / "pyproject.toml").write_text('[tool.locust]\nhost = "http://127.0.0.1:9"\nusers = 7\n')
    (place / "home").mkdir()
    (place / "home" / ".locust.conf").write_text(LOCUST_CONF)
    for folder, name in (("", "mine"), ("named", "onpath"), ("by path", "byfile")):
        (place / folder).mkdir(exist_ok=True)
        (place / folder / f"{name}.py").write_text(ADAPTER)
        (place / folder / "helper.py").write_text("WORD = 'here'\n")
    (place / "by path" / "random.py").write_text("raise SystemExit('the stray random.py was imported')\n")
    (place / "named" / "locust.py").write_text("raise SystemExit('the stray locust.py was imported')\n")
    (place / "mine.toml").write_text("dispatch_lag_p99_ms = 60000\n")
    (place / "faults.toml").write_text('[[fault]]\nat = "20 h"\ndo = "freeze"\nlasts = "100 ms"\n')
    return place


SCRIPT = "import sys; sys.path.insert(0, {0!r}); sys.argv[0] = 'beanpeak'; from sim.cli import main; sys.exit(main())"
WAYS = {
    "script": [sys.executable, "-P", "-c", SCRIPT.format(str(ROOT))],
    "module": [sys.executable, "-m", "sim"],
}


def beanpeak(place: Path, way: str, *arguments: str) -> str:
    """Standard output of a command that must succeed."""
    ran = subprocess.run(
        [*WAYS[way], *arguments], cwd=place, capture_output=True, text=True, check=False, timeout=300,
        env=os.environ | SETTINGS | {
            "PYTHONPATH": os.pathsep.join(["named", str(ROOT)]), "HOME": str(place / "home"), "XDG_CACHE_HOME": CACHE,
            "PYTHONSTARTUP": str(place / "random.py"),
        },
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def load(place: Path, way: str, *arguments: str) -> Any:
    """The report of a short load, every one of whose events must have arrived."""
    quick = (
        "--users",
        "100",
        "--no-figures",
        "--fail-on",
        "audit",
        "--peak-rate",
        "100",
        "--floor-rate",
        "100",
    )
    report = json.loads(beanpeak(place, way, "load", "hello", *quick, "--json", *arguments))
    assert report["audit"]["verdict"] == "passed"
    counts = report[
        "counts"
    ]  # one whose money is still on the way on another worker is answered with a refusal
    assert counts["accepted"] + counts["rejected"] == counts["sent"] == counts["scheduled"] > 0
    assert counts["accepted"] > counts["rejected"]
    return report


@pytest.mark.parametrize("way", ["module", pytest.param("script", marks=pytest.mark.nightly)])
def test_a_run_and_a_ledger_do_not_notice(hostile: Path, way: str) -> None:
    """The manifest's commit is this checkout's, or none; never another repository's."""
    folder = beanpeak(hostile, way, "run", "hello", "--users", "20", "--quiet").strip()
    manifest = json.loads((hostile / folder / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["commit"] is not None) == (ROOT / ".git").exists()
    beanpeak(hostile, way, "ledger", "init", "--db", f"{way}.db")
    assert "ok" in beanpeak(hostile, way, "ledger", "audit", "--db", f"{way}.db")


def test_a_load_does_not_notice_and_relative_paths_mean_the_same_everywhere(hostile: Path) -> None:
    """Thresholds, faults, results, adapter and database are the caller's, wherever a child works."""
    report = load(
        hostile, "script", "--slo", "mine.toml", "--faults", "faults.toml", "--out", "res", "--db", "rel.db",
        "--adapter", "./by path/byfile.py:Ledger", "--workers", "2",
    )  # fmt: skip
    assert report["slo"]["name"] == "mine"
    assert len(report["faults"]) == 1
    assert list(hostile.glob("res/hello/*-load/load.json"))
    assert "ok" in beanpeak(hostile, "script", "ledger", "audit", "--db", "rel.db")


@pytest.mark.parametrize(
    "adapter",
    [
        "mine:Ledger",
        "onpath:Ledger",
        pytest.param("by path/byfile.py:Ledger", marks=pytest.mark.nightly),  # a load of it comes before
    ],
)
def test_an_adapter_loads_in_the_check(hostile: Path, adapter: str) -> None:
    """Beside the user, in a relative part of PYTHONPATH, by its file."""
    assert beanpeak(hostile, "module", "load", "check-adapter", adapter).endswith("0 wrong\n")


@pytest.mark.nightly
@pytest.mark.parametrize("adapter", ["onpath:Ledger", "mine:Ledger"])
def test_an_adapter_loads_in_every_worker(hostile: Path, adapter: str) -> None:
    """As it does in the check."""
    load(hostile, "module", "--adapter", adapter, "--workers", "2")
