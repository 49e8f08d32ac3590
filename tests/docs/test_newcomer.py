"""A newcomer's hour: every command that a page shows, in the order of the pages, and then each with a mistake.

The commands are read from the pages; only their size is changed, and a port or a name that stands for anything.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from sim.cli import main
from tests.docs.test_docs import ROOT, calls

PAGES = ("README.md", "CONTRIBUTING.md", "docs/load.md", "docs/ledger.md", "docs/model.md")
OURS = "loadtests.targets.reference:Reference"  # a newcomer's own adapter speaks to a ledger we do not have
STANDS_FOR = {"NAME": "hello", "N": "0", "HOST": "127.0.0.1", "mine:Ledger": OURS, "mine.py:Ledger": OURS}
SMALL = {  # what makes a command small enough for a test
    "run": ["--users", "300"],
    "load": ["--users", "100", "--peak-rate", "900", "--floor-rate", "900", "--slo", "calm.toml"],
}
MADE_BY_MAKE_RUN = ["run", "week95_2022", "double11_2018", "--users", "300"]
LONG = "capacity"  # a search of many probes: tests/load/test_capacity.py plays one
FAULTS = '[[fault]]\nat = "40 h"\ndo = "freeze"\nlasts = "100 ms"\n'
SETTLEMENT = "reference,fen\n"
CALM = "dispatch_lag_p99_ms = 60000\n"  # no test judges the machine
NONSENSE = "no such thing §"
EXPECTED = (0, 2, 3, 4, 5)  # 1 is a defect of ours


def spelled(page: str) -> Iterator[list[str]]:
    """The arguments of every call on a page that is meant to be typed."""
    for line in calls(page, ".venv/bin/beanpeak") + calls(page, "beanpeak"):
        words = [STANDS_FOR.get(word, word) for word in shlex.split(re.split(r" [|&>]", line)[0])[1:]]
        if words and not any("…" in word or "|" in word for word in words):
            yield words


def smaller(words: list[str]) -> list[str]:
    """The same command for few users, on any free port, against an embedded ledger."""
    kept, skip = [], False
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if skip or (word == "--host" and after.endswith(":9000")):
            skip = not skip
            continue
        kept.append(word)
    if "--port" in kept:
        kept[kept.index("--port") + 1] = "0"
    if kept[0] == "ledger" and kept[1] != "dump-openapi" and "--db" not in kept:
        kept += ["--db", "charity.db"]
    given = [] if kept[1] in ("init-adapter", "check-adapter", "report") else SMALL.get(kept[0], [])
    for option, value in zip(given[::2], given[1::2], strict=True):
        if option in kept:
            kept[kept.index(option) + 1] = value
        else:
            kept += [option, value]
    return kept


HOUR = [smaller(words) for page in PAGES for words in spelled(page)]


def typed(words: list[str], folder: Path, capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code and everything printed; a traceback would come out of here as itself."""
    before = sys.argv
    sys.argv = ["beanpeak", *words]
    code = 0
    try:
        with chdir(folder):
            main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        sys.argv = before
    said = capfd.readouterr()
    return code, said.out + said.err


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a newcomer works: nothing but the files that the pages let them write."""
    place = tmp_path_factory.mktemp("newcomer")
    (place / "faults.toml").write_text(FAULTS, encoding="utf-8")
    (place / "calm.toml").write_text(CALM, encoding="utf-8")
    (place / "day.csv").write_text(SETTLEMENT, encoding="utf-8")
    return place


def serves(words: list[str], folder: Path) -> None:
    """A server says where it listens, and ends when it is asked to."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "sim", *words]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert any("listening on http://127.0.0.1:" in line for line in server.stdout)
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0


def test_every_command_of_the_pages_works_in_their_order(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What is shown can be typed, from the first page to the last."""
    assert len(HOUR) > 15
    assert typed(MADE_BY_MAKE_RUN, folder, capfd)[0] == 0
    done: list[list[str]] = []
    for words in HOUR:
        if words in done or words[0] == LONG:
            continue
        if words[:2] == ["ledger", "serve"]:
            serves(words, folder)
        else:
            code, said = typed(words, folder, capfd)
            assert code == 0, f"{words}: exit {code}\n{said}"
        done.append(words)


def mistaken(words: list[str]) -> Iterator[list[str]]:
    """The command with one thing wrong: an option that is none, a value that is nonsense, the last word left out."""
    yield [*words, "--no-such-option"]
    for place in range(1, len(words)):
        if not words[place].startswith("-"):
            yield [*words[:place], NONSENSE, *words[place + 1 :]]
    if len(words) > 1:
        yield words[:-1]


SLIPS = [slip for words in HOUR for slip in mistaken(words)]


def test_a_slip_in_any_of_them_is_told_and_never_a_traceback(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever is mistyped, the answer is one of the documented exit codes with words, without a traceback."""
    for words in {tuple(slip) for slip in SLIPS}:
        if (words[:2] == ("ledger", "serve") or words[0] == LONG) and "--no-such-option" not in words:
            continue  # some of these are right wishes after all, and would go on for ever
        code, said = typed(list(words), folder, capfd)
        assert code in EXPECTED, f"{words}: exit {code}\n{said}"
        assert "Traceback" not in said, f"{words}\n{said}"
        assert code == 0 or said.strip(), words
