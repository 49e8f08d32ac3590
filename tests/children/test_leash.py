"""A child ends when its parent does, however that ends, and nothing stays on the disk."""

from __future__ import annotations

import os
import signal
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
