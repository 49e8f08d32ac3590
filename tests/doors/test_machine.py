"""What the machine refuses costs no run: odd consoles, closed pipes, full disks, folders that are gone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim.cli import app
from sim.errors import UsageError

ROOT = Path(__file__).parents[2]
HELLO = ("run", "hello", "--users", "20")
FULL = Path("/dev/full")


def beanpeak(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own, in bytes: its console may be any."""
    told = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"} | env
    command = [sys.executable, "-m", "sim", *arguments]
    return subprocess.run(command, cwd=cwd, env=told, capture_output=True, timeout=240)


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A line of bash in which `beanpeak` is this one; the status is that of the first command of a pipe."""
    told = os.environ | {"PYTHONPATH": str(ROOT)}
    script = f'beanpeak() {{ "{sys.executable}" -m sim "$@"; }}; {line}; exit ${{PIPESTATUS[0]}}'
    return subprocess.run(
        ["bash", "-c", script], cwd=cwd, env=told, capture_output=True, text=True, timeout=240
    )


def is_decorated(out: Path) -> bool:
    (run,) = out.glob("*/*")
    return (run / "summary.md").is_file() and (run / "figures" / "beans.png").is_file()


CONSOLES = {
    "Windows": {
        "PYTHONIOENCODING": "cp1252:strict",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    },
    "ascii": {"PYTHONIOENCODING": "ascii", "MPLBACKEND": "no such backend"},
}
C = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@pytest.mark.parametrize("console", CONSOLES)
def test_no_console_costs_a_run(console: str, tmp_path: Path) -> None:
    """Letters that cannot be shown are shown as escapes; the run is whole, its verdict is said, git or no git."""
    path = {"PATH": str(tmp_path / "empty")} if console == "ascii" else {}
    ran = beanpeak(*HELLO, cwd=tmp_path, **CONSOLES[console], **path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == b"books balanced"
    assert b"Traceback" not in ran.stderr
    assert is_decorated(tmp_path / "results")


def test_the_locale_c_shows_every_title(tmp_path: Path) -> None:
    """In escapes at worst; a list says as much about a console as a run does."""
    ran = beanpeak("scenarios", "list", cwd=tmp_path, **C)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"hello" in ran.stdout


def test_json_stays_json_on_any_console(tmp_path: Path) -> None:
    """Also beyond U+FFFF."""
    text = (ROOT / "scenarios" / "hello.toml").read_text(encoding="utf-8")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "mine.toml").write_text(text.replace("养豆", "养豆🎈"), encoding="utf-8")
    ran = beanpeak("scenarios", "list", "--json", cwd=tmp_path, PYTHONIOENCODING="ascii")
    titles = {one["name"]: one["title"] for one in json.loads(ran.stdout)["scenarios"]}
    assert "养豆🎈" in titles["mine"]


@pytest.mark.parametrize("more", ["2>&1", pytest.param("--json 2>err", marks=pytest.mark.nightly)])
def test_a_closed_pipe_ends_quietly_with_the_run_whole(more: str, tmp_path: Path) -> None:
    """`beanpeak run … | head`: nobody listens to progress nor summary, and nothing is lost."""
    ran = shell(f"beanpeak {' '.join(HELLO)} --out r {more} | true", tmp_path)
    assert ran.returncode == 0
    said = (tmp_path / "err").read_text() if "err" in more else ""
    assert "Error" not in said
    assert is_decorated(tmp_path / "r")


@pytest.mark.parametrize("words", ["scenarios list", "scenarios schema", "--help"])
def test_every_list_ends_quietly_when_the_pipe_closes(words: str, tmp_path: Path) -> None:
    """No traceback, and no complaint of the interpreter about what it could not write at the end."""
    assert shell(f"beanpeak {words} | true", tmp_path).stderr == ""


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
@pytest.mark.parametrize("words", ["results metrics", "version"])
def test_a_full_disk_under_standard_output_is_one_line(words: str, tmp_path: Path) -> None:
    """Exit 1: it is not the user's mistake."""
    ran = shell(f"beanpeak {words} > {FULL}", tmp_path)
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "No space left on device" in ran.stderr


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
def test_a_full_disk_under_the_summary_leaves_the_run_whole(tmp_path: Path) -> None:
    """Digest, books and tables are there, and nothing partial."""
    ran = shell(f"beanpeak {' '.join(HELLO)} --quiet --out r > {FULL}", tmp_path)
    assert "Traceback" not in ran.stderr
    (run,) = (tmp_path / "r" / "hello").iterdir()
    assert json.loads((run / "manifest.json").read_text(encoding="utf-8"))["audit"]["balanced"] is True


def test_a_deleted_working_directory_is_no_obstacle(tmp_path: Path) -> None:
    """With absolute paths everything works; with relative ones a line says so."""
    (tmp_path / "gone").mkdir()
    scenario = ROOT / "scenarios" / "hello.toml"
    out = tmp_path / "out"
    gone = f'mkdir -p "{tmp_path}/gone" && cd "{tmp_path}/gone" && rmdir "{tmp_path}/gone" && '
    ran = shell(f"{gone} beanpeak run {scenario} --users 50 --quiet --out {out}", tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert shell(f"{gone} beanpeak results show hello --out {out}", tmp_path).returncode == 0
    for words in ("run hello --users 50", "results list"):
        refused = shell(f"{gone} beanpeak {words}", tmp_path)
        assert (refused.returncode, "Traceback" in refused.stderr) == (2, False), refused.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_an_unwritable_working_directory_is_no_obstacle(tmp_path: Path) -> None:
    """With `--out` elsewhere; without, it is refused before anything is simulated."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    assert beanpeak(*HELLO, "--quiet", "--out", str(tmp_path / "out"), cwd=closed).returncode == 0
    refused = beanpeak(*HELLO, cwd=closed)
    assert (refused.returncode, b"cannot be written" in refused.stderr) == (2, True)


@pytest.mark.parametrize("words", ["run hello", "trace hello"])
@pytest.mark.parametrize("out", ["file", "file/below", "/proc/nowhere", "x" * 300, "loop"])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    words: str, out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file, below a file, nowhere, a name too long, a link to itself: exit 2, and nothing simulated."""
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    Path("loop").symlink_to("loop")
    refused = CliRunner().invoke(app, [*words.split(), "--users", "50", "--out", out])
    assert isinstance(refused.exception, UsageError), refused.exception
    assert f"--out {out}" in str(refused.exception)
    assert "preparing" not in refused.stderr


@pytest.mark.parametrize("words", [["run", "hello", "--replications", "500"], ["trace", "year_fy2022"]])
def test_ctrl_c_is_one_line_and_130(words: list[str], tmp_path: Path) -> None:
    """Pressed as soon as something is said, never a traceback; what is printed to go on can be typed."""
    out = tmp_path / "o 'x' [v1]"
    process = subprocess.Popen(
        [sys.executable, "-m", "sim", *words, "--out", str(out)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = process.stderr.readline()
    if words[0] == "run":
        deadline = time.monotonic() + 200
        while not list(out.glob("*/*.partial/replications/base-1")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in said + rest
    (line,) = [line for line in rest.splitlines() if "interrupted" in line]
    if words[0] == "run":
        _finished_by(line, out, tmp_path)


def _finished_by(line: str, out: Path, cwd: Path) -> None:
    """The hint is typed into a shell; it finishes the run. (Cut to what is kept, so that it is quick.)"""
    (partial,) = out.glob("hello/*.partial")
    kept = [folder for folder in partial.glob("replications/base-*") if folder.is_dir()]
    request = json.loads((partial / "request.json").read_text(encoding="utf-8"))
    (partial / "request.json").write_text(json.dumps(request | {"replications": len(kept)}))
    hint = line.split("`")[1]
    ran = shell(f"{hint} --quiet", cwd)
    assert ran.returncode == 0, ran.stderr
    assert is_decorated(out)
    shutil.rmtree(out)
