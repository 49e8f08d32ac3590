"""A child ends when its parent does, however that ends, and nothing stays on the disk."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from sim.children.starting import PIPE, Child, python

from .conftest import Household

PARENT = """
import os, signal, sys, time
from pathlib import Path
from loadtests.target import TargetServer
from sim.children.folders import private_folder
from sim.children.starting import python
with private_folder("test") as place:
    with TargetServer(python("loadtests.stub"), place / "log") as server:
        (place / "token").write_text("secret")
        if "frozen" in sys.argv:
            server.freeze()
        print("up", flush=True)
        if "crashes" in sys.argv:
            os.abort()
        time.sleep(600)
"""


def start(house: Household, *arguments: str) -> Any:
    """A parent with a server and a folder."""
    script = house.folder / "parent.py"
    script.write_text(PARENT, encoding="utf-8")
    first = house.start(*arguments, script=script)
    assert first.stdout is not None
    assert first.stdout.readline() == "up\n"
    return first


@pytest.mark.parametrize("how", [(), ("frozen",), ("crashes",)])
def test_a_server_whose_parent_was_killed_ends_and_its_folder_goes(
    household: Household, how: tuple[str, ...]
) -> None:
    """Also one that we had stopped in its tracks, and when the parent aborts."""
    parent = start(household, *how)
    if "crashes" not in how:
        parent.send_signal(signal.SIGKILL)
    parent.wait()
    household.until_gone()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the state of a process is only told there")
def test_who_was_stopped_in_its_tracks_stands_still_when_we_go_on() -> None:
    """Not a moment later: were we killed before it stands still, nobody would let it go on."""
    for _ in range(20):
        child = Child([sys.executable, "-c", "print('up', flush=True)\nwhile True: pass"], out=PIPE)
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        child.stop_in_its_tracks()
        state = Path(f"/proc/{child.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        child.kill_all()
        child.stdout.close()
        assert state == "T"


def test_who_ended_before_cannot_be_stopped_and_keeps_nobody_waiting() -> None:
    """Whether somebody asked how it ended or not."""
    for asked in (False, True):
        child = Child([sys.executable, "-c", "pass"])
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        if asked:
            child.wait()
        child.stop_in_its_tracks()
        assert child.wait() == 0


def test_who_does_not_want_to_wait_ends_a_child_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while a child is asked to end: it is killed, and nobody waits for its patience."""
    (tmp_path / "deaf.py").write_text(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    child = Child(python("deaf"), out=PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"up\n"
    asked = child.terminate

    def terminate() -> None:
        asked()
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(child, "terminate", terminate)
    with pytest.raises(KeyboardInterrupt):
        child.end(600.0)
    assert child.returncode == -signal.SIGKILL
    child.stdout.close()
