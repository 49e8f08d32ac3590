"""The promise of `sim.compiling`: a rule answers the same bits compiled and plain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("rule_values.py")
ROOT = Path(__file__).parents[2]


def answers(*, compiled: bool) -> dict[str, list[str]]:
    """Every rule's answers from a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_DISABLE_JIT": "0" if compiled else "1"}
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], env=environment, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    parsed: dict[str, list[str]] = json.loads(done.stdout)
    return parsed


@pytest.fixture(scope="module")
def both() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    return answers(compiled=True), answers(compiled=False)


def test_compiled_and_plain_rules_give_the_same_bits(both):
    """Every rule, on 200 points each, answers the same type and bits compiled and in plain Python."""
    compiled, plain = both
    assert {name: values for name, values in compiled.items() if values != plain[name]} == {}


def test_every_rule_is_compared(both):
    """No module of rules is left out, and the grid moves every answer: a constant would compare nothing."""
    compiled, plain = both
    assert compiled.keys() == plain.keys()
    modules = {path.stem for path in (ROOT / "sim" / "behaviour").glob("*.py")} - {
        "__init__",
        "parameters",
        "assumptions",
    }
    assert modules <= {name.split(".")[0] for name in plain}
    assert [name for name, values in plain.items() if len(set(values)) < 2] == []
