"""What a child sees of its caller's environment, and what it can import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.children.environment import environment
from sim.children.starting import python, run

from .conftest import ROOT

STAYS_OUT = (
    "LOCUST_HOST", "LOCUST_USERS", "LOCUST_LOCUSTFILE", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PYTHONINSPECT",
    "PYTHONSAFEPATH", "PYTHONWARNINGS", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "MPLBACKEND", "MPLCONFIGDIR",
    "MATPLOTLIBRC", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "no_proxy", "GEVENT_LOOP", "GEVENT_RESOLVER",
    "NUMBA_DEBUG", "LD_PRELOAD", "XPATH", "PATH_INFO", "MY_HOME", "homebrew", "NUMBA_DISABLE_JIT_TOO",
)  # fmt: skip
COMES_IN = (
    "PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "XDG_CACHE_HOME", "SSL_CERT_FILE",
    "SSL_CERT_DIR", "NUMBA_DISABLE_JIT", "NUMBA_CACHE_DIR", "BEANPEAK_ADMIN_TOKEN", "SYSTEMROOT",
)  # fmt: skip
STRAYS = (
    "random",
    "polars",
    "numpy",
    "locust",
    "gevent",
    "json",
    "sitecustomize",
    "sim",
    "loadtests",
    "typing",
)
SAYS = """
import os, sys, json, random, mine, loadtests.job, sim.units
names = ("random", "json", "sim", "loadtests", "mine")
places = {name: getattr(sys.modules[name], "__file__", None) or "" for name in names}
print(json.dumps({"names": sorted(os.environ), "places": places}))
"""


@pytest.fixture
def strewn(tmp_path: Path) -> Path:
    """A folder with a module of the user's and scripts that are named like libraries."""
    for name in STRAYS:
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('the stray {name}.py was imported')\n")
    (tmp_path / "mine.py").write_text("import random\nrandom.random()\n")
    return tmp_path


def test_only_what_is_listed_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is not on the list stays outside, names that only look like it too; what is told wins."""
    for name in (*STAYS_OUT, *COMES_IN):
        monkeypatch.setenv(name, "theirs")
    seen = environment({"HOME": "/ours", "GIT_CEILING_DIRECTORIES": "/"})
    assert not set(STAYS_OUT) & set(seen)
    assert set(COMES_IN) <= set(seen)
    assert (seen["HOME"], seen["TZ"], seen["GIT_CEILING_DIRECTORIES"]) == ("/ours", "theirs", "/")


def test_a_child_imports_what_its_parent_can_and_no_stray(
    strewn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module beside the user is found; one named like a library's or like ours is not taken for it."""
    monkeypatch.chdir(strewn)
    monkeypatch.syspath_prepend("")  # as in a notebook or after `python -m`
    monkeypatch.setenv("PYTHONPATH", ".")
    monkeypatch.setenv("PYTHONSTARTUP", str(strewn / "random.py"))
    (strewn / "says.py").write_text(SAYS)
    done = run(python("says"))
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["places"]["mine"] == str(strewn / "mine.py")
    assert {name for name, file in said["places"].items() if file.startswith(str(strewn))} == {"mine"}
    assert not {"PYTHONPATH", "PYTHONSTARTUP"} & set(said["names"])


def test_what_a_child_says_is_read_as_utf8_whatever_the_locale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child speaks UTF-8."""
    (tmp_path / "speaks.py").write_text("print('公益')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("LC_ALL", "C")
    assert run(python("speaks")).stdout == "公益\n"


def test_a_command_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TimeoutError, which is an OSError, and nobody is left."""
    (tmp_path / "sleeps.py").write_text(
        f"import os, pathlib, time; pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()));"
        "time.sleep(600)"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(TimeoutError):
        run(python("sleeps"), 3.0)
    if (tmp_path / "pid").exists():  # on a slow machine it did not come so far
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_working_directory_that_is_gone_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names no module; everything else is found, by the command and by its children."""
    place = tmp_path / "gone"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.syspath_prepend("")
    place.rmdir()
    done = run(python("sim", "version"))
    assert (done.returncode, done.stdout.split()[:1]) == (0, ["beanpeak"]), done.stderr


def test_strays_of_pythonpath_come_after_the_libraries(strewn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in the command itself, from its first import on."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(strewn)]))
    monkeypatch.chdir(strewn)
    for name in ("sim", "loadtests", "typing", "json", "sitecustomize"):  # those Python takes before we begin
        (strewn / f"{name}.py").unlink()
    ran = subprocess.run([sys.executable, "-m", "sim", "scenarios", "list"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
