"""What `docs/ledger.md` shows is what happens: its session is played against a server, its table is the service's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.service import operations, pages
from sim.service.keys import ALL
from tests.commands import PATIENCE_S
from tests.service.serving import Server

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/ledger.md").read_text(encoding="utf-8")
SHOWN = "http://127.0.0.1:8080"
TOKEN = "bp_operator_…"


def console() -> list[tuple[str, str]]:
    """Commands of the session with the output shown below each."""
    steps: list[tuple[str, str]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], ""))
            else:
                steps[-1] = (steps[-1][0], steps[-1][1] + line + "\n")
    return steps


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that the session's first command starts."""
    one = Server(tmp_path_factory.mktemp("session") / "charity.db").start()
    yield one
    one.stop()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the session asks with curl")
def test_the_session_does_what_it_shows(server: Server) -> None:
    """Every command is run as it stands, but for the port and the token, and prints what stands below it."""
    steps = console()
    assert steps[0][0] == "beanpeak ledger serve --db charity.db --port 8080 --campaign-clock &"
    assert steps[0][1] == f"first key (shown once): {TOKEN}\nlistening on {SHOWN}\n"
    assert len(steps) > 10
    before = ""
    for command, shown in steps[1:]:
        real = command.replace(SHOWN, f"http://127.0.0.1:{server.port}").replace(TOKEN, server.token)
        real = re.sub(r"^beanpeak ", f"{sys.executable} -m sim ", real)
        if not shown:
            before += real + "\n"
            continue
        played = subprocess.run(
            ["bash", "-c", before + real],
            capture_output=True,
            text=True,
            cwd=server.db.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=PATIENCE_S,
            check=False,
        )
        assert played.stdout == shown, (command, played.stderr)


def test_the_table_of_operations_is_the_services() -> None:
    """Each row says operation, path, scope, binding and what it does as the table in the code has it."""
    rows = []
    for one in operations.ALL:
        bound = {ALL: "", "": "the project"}.get(one.owner, f"`{one.owner}`")
        scopes = " or ".join(sorted(one.scopes))
        rows.append(f"| `{one.op}` | `POST {one.path}` | {scopes} | {bound} | {one.summary} |")
    shown = PAGE.partition("<!-- operations -->")[2].partition("<!-- end of operations -->")[0]
    assert shown.strip().splitlines()[2:] == rows


def test_every_page_is_named() -> None:
    """What can be read stands in the text."""
    assert [page.path for page in pages.ALL if f"`{page.path}`" not in PAGE] == []
