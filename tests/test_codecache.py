"""Compiled code on disk: never required, never trusted unseen, said once when something is wrong with it."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import codecache
from sim.codecache import KEPT_FOLDERS, Shelf, remove_old, user_folder

VERSION = "0123456789abcdef"
ROOT = Path(__file__).parents[1]
DATA = bytes(range(256)) * 3
MAKE = """
import importlib.util, sys
from pathlib import Path
from sim.compiling import rule

def fresh(file):
    spec = importlib.util.spec_from_file_location("probe", file)
    module = sys.modules["probe"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.probe
"""
PROBE = "from sim.compiling import rule\n@rule\ndef probe(x):\n    return x * 2.0 + 1.0\n"
DAMAGED = """
import os, random, resource
from sim import codecache
cache, file = Path(sys.argv[1]), sys.argv[2]
assert fresh(file)(1.0) == 3.0
(code,) = cache.rglob("*.code")
whole = code.read_bytes()
chance = random.Random(1)
broken = {f"cut at {at}": whole[:at] for at in (0, 1, 15, 16, 47, 48, 60, len(whole) // 2, len(whole) - 1)}
for _ in range(6):
    at = chance.randrange(len(whole) - 40)
    broken[f"random at {at}"] = whole[:at] + chance.randbytes(40) + whole[at + 40:]
broken["zeros"] = bytes(len(whole))
broken["random"] = chance.randbytes(len(whole))
for what, data in broken.items():
    code.write_bytes(data)
    probe = fresh(file)
    assert probe(1.0) == 3.0, what
    assert sum(probe.stats.cache_hits.values()) == 0, what
    assert codecache._checked(code.read_bytes()), what
probe = fresh(file)
assert probe(1.0) == 3.0 and sum(probe.stats.cache_hits.values()) == 1
code.unlink()
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))  # as on a disk that is full
assert fresh(file)(1.0) == 3.0
assert not [left for left in cache.rglob("*") if left.is_file()]
"""


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test is a process of its own for what is said once."""
    monkeypatch.setattr(codecache, "_told", set())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory and a folder of temporary files; nothing else is said about caches."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(codecache.SETTINGS, "CACHE_DIR", "")
    (tmp_path / "home").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "temporary"))
    return tmp_path / "home"


@pytest.fixture
def shelf(home: Path) -> Shelf:
    return Shelf(lambda: VERSION)


def ran(script: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """A script in a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA")}
    return subprocess.run(
        [sys.executable, "-B", "-c", script, *map(str, arguments)],
        env=kept | {"PYTHONPATH": str(ROOT)} | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


# --- damage ----------------------------------------------------------------------------------------------


def test_damaged_code_is_compiled_anew_and_a_full_disk_costs_nothing(tmp_path: Path) -> None:
    """Cut at any length, overwritten or emptied: the process goes on, mends the file, and says so in one line."""
    (tmp_path / "probe.py").write_text(PROBE)
    cache = tmp_path / "cache"
    done = ran(MAKE + DAMAGED, cache, tmp_path / "probe.py", XDG_CACHE_HOME=str(cache))
    assert done.returncode == 0, done.stderr
    damaged, full = done.stderr.splitlines()
    assert "is damaged; its function is compiled anew" in damaged
    assert "compiled code is not kept: File too large" in full


@given(st.integers(0, len(DATA) + 47), st.integers(1, 255))
def test_no_changed_byte_and_no_lost_end_goes_unnoticed(at: int, change: int) -> None:
    """What is handed out is what was written, or nothing."""
    whole = codecache.FORMAT + codecache.hashlib.sha256(DATA).digest() + DATA
    assert codecache._checked(whole) == DATA
    assert codecache._checked(whole[:at]) is None
    assert codecache._checked(whole[:at] + bytes([whole[at] ^ change]) + whole[at + 1 :]) is None


def test_code_of_another_function_under_its_name_is_not_run(tmp_path: Path) -> None:
    """The key stands inside the file too."""
    (tmp_path / "probe.py").write_text(PROBE)
    (tmp_path / "other.py").write_text(PROBE.replace("2.0", "5.0"))
    script = MAKE + (
        "cache, file, other = Path(sys.argv[1]), sys.argv[2], sys.argv[3]\n"
        "assert fresh(file)(1.0) == 3.0\n"
        "(first,) = cache.rglob('*.code')\n"
        "assert fresh(other)(1.0) == 6.0\n"
        "(second,) = set(cache.rglob('*.code')) - {first}\n"
        "second.write_bytes(first.read_bytes())\n"
        "assert fresh(other)(1.0) == 6.0\n"
    )
    cache = tmp_path / "cache"
    done = ran(script, cache, tmp_path / "probe.py", tmp_path / "other.py", XDG_CACHE_HOME=str(cache))
    assert done.returncode == 0, done.stderr


def test_processes_that_compile_at_once_do_each_other_no_harm(tmp_path: Path) -> None:
    """Both are right, one file is left, and the next process compiles nothing."""
    (tmp_path / "probe.py").write_text(PROBE)
    script = MAKE + ("probe = fresh(sys.argv[1])\nprint(probe(1.0), sum(probe.stats.cache_hits.values()))\n")
    command = [sys.executable, "-B", "-c", script, str(tmp_path / "probe.py")]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [one.communicate()[0].split()[0] for one in both] == ["3.0", "3.0"]
    assert len([file for file in (tmp_path / "cache").rglob("*") if file.is_file()]) == 1
    assert subprocess.check_output(command, env=environment, text=True).split() == ["3.0", "1"]


@pytest.fixture(scope="module")
def warm() -> Path:
    """The folder of compiled code as a run leaves it."""
    import sim
    from sim.compiling import rule

    sim.simulate("hello", users=50)
    assert rule.shelf.folder is not None
    return rule.shelf.folder


def test_a_run_survives_a_flipped_bit_of_its_code(warm: Path, tmp_path: Path) -> None:
    """`beanpeak run` ends well and says that the file was damaged."""
    copy = tmp_path / "cache" / "beanpeak" / warm.name
    shutil.copytree(warm, copy)
    copy.parent.chmod(0o700)
    (kernel,) = copy.glob("sim.kernel.playing.list_errands-*.code")  # quick to compile
    data = bytearray(kernel.read_bytes())
    data[len(data) // 2] ^= 1
    kernel.write_bytes(data)
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [
        sys.executable,
        "-m",
        "sim",
        "run",
        "hello",
        "--users",
        "50",
        "--quiet",
        "--out",
        str(tmp_path),
    ]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("is damaged; its function is compiled anew") == 1
    assert Path(done.stdout.strip()).is_dir()


# --- whose, and where --------------------------------------------------------------------------------------


def nowhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecache.os.path, "expanduser", lambda path: path)  # as for a user without an entry


def gone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.rmdir()


def no_path(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "some/where")


def a_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".cache").write_text("")


def a_link(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".cache").mkdir()
    (home / "elsewhere").mkdir()
    (home / ".cache" / "beanpeak").symlink_to(home / "elsewhere")


def open_to_all(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / ".cache" / "beanpeak"
    folder.mkdir(parents=True)
    folder.chmod(0o777)


def of_another(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is ours, so somebody else is asking; what that user makes among the temporary files is its own."""
    (home / ".cache" / "beanpeak").mkdir(parents=True, mode=0o700)
    real = Path.lstat

    def lstat(path: Path) -> os.stat_result:
        found = list(real(path))
        found[stat.ST_UID] += home in path.parents
        return os.stat_result(found)

    monkeypatch.setattr(Path, "lstat", lstat)


def xdg_in_a_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "file"))


def numba_in_a_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").write_text("")
    monkeypatch.setattr(codecache.SETTINGS, "CACHE_DIR", str(home / "file"))


UNUSABLE = [nowhere, gone, no_path, a_file, a_link, open_to_all, of_another, xdg_in_a_file, numba_in_a_file]
Spoil = Callable[[Path, pytest.MonkeyPatch], None]


@pytest.mark.parametrize("spoil", UNUSABLE)
def test_what_cannot_be_the_users_own_folder_is_replaced_by_one_that_is(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], spoil: Spoil
) -> None:
    """Code is kept privately among the temporary files, and one line says so and why."""
    spoil(home, monkeypatch)
    for _ in range(3):
        shelf = Shelf(lambda: VERSION)
        shelf.write("one", DATA)
        assert shelf.read("one") == DATA
    folder = home.parent / "temporary" / f"beanpeak-{os.geteuid()}"
    assert shelf.folder == folder / VERSION
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"compiled code is kept in {folder}: ")


@pytest.mark.parametrize("spoil", UNUSABLE)
def test_without_any_folder_nothing_is_kept_and_nothing_fails(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], spoil: Spoil
) -> None:
    """No temporary files either: every process compiles, and one line says so."""
    (home.parent / "temporary").rmdir()
    (home.parent / "temporary").write_text("")
    spoil(home, monkeypatch)
    for _ in range(3):
        shelf = Shelf(lambda: VERSION)
        shelf.write("one", DATA)
        assert shelf.read("one") is None
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("compiled code is not kept, every process compiles again: ")


def test_the_users_own_folder_is_private_and_said_nothing_about(
    shelf: Shelf, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Folder 0700, files 0600; a relative XDG_CACHE_HOME is ignored, as its rules ask."""
    shelf.write("one", DATA)
    assert shelf.folder == home / ".cache" / "beanpeak" / VERSION
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (shelf.folder.parent, shelf.folder / "one")]
    assert modes == [0o700, 0o600]
    assert capsys.readouterr().err == ""


def test_a_relative_cache_folder_is_ignored(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be another one in every working directory."""
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert user_folder() == home / ".cache" / "beanpeak"


def test_a_folder_given_to_numba_holds_one_of_ours(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be shared with others, so each user has one of their own in it."""
    monkeypatch.setattr(codecache.SETTINGS, "CACHE_DIR", str(home / "shared"))
    assert user_folder() == home / "shared" / f"beanpeak-{os.geteuid()}"


def linked(file: Path) -> None:
    file.rename(file.with_name("target"))
    file.symlink_to("target")


def piped(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def foldered(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    "spoil", [linked, piped, foldered, lambda file: file.chmod(0o620), lambda file: file.chmod(0o602)]
)
def test_a_file_that_others_may_have_written_is_not_read(
    shelf: Shelf, capsys: pytest.CaptureFixture[str], spoil: Callable[[Path], None]
) -> None:
    """A link, a pipe, a folder, a file that others may write."""
    shelf.write("one", DATA)
    assert shelf.folder is not None
    spoil(shelf.folder / "one")
    assert shelf.read("one") is None
    assert capsys.readouterr().err.count("its function is compiled anew") == 1


def test_a_file_of_another_user_is_not_read(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash can be written by anybody; what is in the file would run as ours."""
    shelf.write("one", DATA)
    assert shelf.read("one") == DATA
    here = os.geteuid()
    monkeypatch.setattr(codecache.os, "geteuid", lambda: here + 1)
    assert shelf.read("one") is None


def test_a_disk_that_cannot_be_written_is_said_once(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is there is still read."""
    shelf.write("one", DATA)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(codecache.tempfile, "mkstemp", refuse)
    for name in ("two", "three"):
        shelf.write(name, DATA)
    assert shelf.read("one") == DATA
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("compiled code is not kept: Read-only file system")


def test_versions_used_last_are_kept_and_foreign_things_are_left_alone(tmp_path: Path) -> None:
    """Old folders go when a new version begins; whatever is not ours by its name stays."""
    versions = [tmp_path / f"{k:016x}" for k in range(KEPT_FOLDERS + 4)]
    for age, folder in enumerate(versions):
        (folder / "inside").mkdir(parents=True)
        os.utime(folder, (10**9 - age, 10**9 - age))
    others = [tmp_path / "notes", tmp_path / "0123456789abcdeg"]
    for folder in others:
        folder.mkdir()
    (tmp_path / "f").write_text("")
    link = tmp_path / ("a" * 16)
    link.symlink_to(others[0])
    remove_old(tmp_path, versions[-1])
    left = [folder for folder in versions if folder.exists()]
    assert left == [*versions[:KEPT_FOLDERS], versions[-1]]
    assert all(path.exists() for path in [*others, link, tmp_path / "f"])
