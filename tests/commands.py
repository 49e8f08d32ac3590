"""Commands of `beanpeak`: in this process, which takes no time to start, or in one of their own, as users have them."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from sim.cli import main

ROOT = Path(__file__).parents[1]
PATIENCE_S = 300.0  # nobody waits so long, unless something hangs
Done = subprocess.CompletedProcess[str]


def beanpeak(*arguments: str | Path, cwd: Path, **environment: str) -> Done:
    """A command to its end in this process: exit code, output and errors are those of `beanpeak`."""
    words = ["beanpeak", *map(str, arguments)]
    said, wrong = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", words),
        mock.patch.dict(os.environ, {"COLUMNS": "100"} | environment),
        chdir(cwd),
        redirect_stdout(said),
        redirect_stderr(wrong),
    ):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return subprocess.CompletedProcess(words, code, said.getvalue(), wrong.getvalue())


def started(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    """A command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "sim", *map(str, arguments)],
        cwd=cwd, env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"} | environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> Done:
    """What a process said until its end."""
    said, wrong = process.communicate(timeout=PATIENCE_S)
    return subprocess.CompletedProcess(process.args, process.returncode, said, wrong)
