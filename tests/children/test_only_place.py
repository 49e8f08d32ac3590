"""Child processes are started in one place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOME = ROOT / "sim" / "children"
MODULES = {"subprocess", "multiprocessing", "pty", "concurrent.futures.process"}
CALLS = ("fork", "spawn", "posix_spawn", "system", "popen", "exec")
FILES = sorted(file for folder in ("sim", "loadtests") for file in (ROOT / folder).rglob("*.py"))


def starts_processes(tree: ast.AST) -> list[int]:
    """Lines that import a module which starts processes, or call a function of `os` that does."""
    found = []
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            names = ["subprocess"] if node.attr.startswith(CALLS) else []
        if MODULES & set(names):
            found.append(getattr(node, "lineno", 0))
    return found


@pytest.mark.parametrize("line", ["import subprocess", "from subprocess import run", "import os\nos.fork()"])
def test_the_search_finds_what_starts_a_process(line: str) -> None:
    """Or the next test would promise nothing."""
    assert starts_processes(ast.parse(line))


def test_nobody_else_starts_a_process() -> None:
    """So that each has our environment, our paths, and ends with us."""
    found = {
        f"{file.relative_to(ROOT)}:{line}"
        for file in FILES
        if HOME not in file.parents
        for line in starts_processes(ast.parse(file.read_text(encoding="utf-8")))
    }
    assert not found
