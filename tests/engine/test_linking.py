"""Rules that call each other: what Python calls is made native with all it reaches, the others are written down."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numba.core.caching import NullCache
from numba.core.errors import TypingError

from sim.linking import Rule
from sim.loading import list_scenarios

ROOT = Path(__file__).parents[2]


class Pair(NamedTuple):
    """Two tables."""

    left: Any
    right: Any


def rule(function: Callable[..., Any], makes: bool = False) -> Any:
    """A rule of this test, kept nowhere."""
    return Rule(function, NullCache(), makes)


def test_a_rule_that_rules_call_is_written_down_once_and_never_made_native() -> None:
    """However many doors reach it, and however wide the numbers are that it is handed."""
    half = rule(lambda x, by: x // by)

    def first(rows: Any) -> Any:
        return half(rows[0], 2) + half(7, 3)

    def second(x: int) -> Any:
        return half(x, 5)

    assert rule(first)(np.array([9], np.uint8)) == 4 + 2
    assert rule(second)(26) == 5
    assert not half.overloads
    assert len(half._drafts) == 1
    assert half(9, 2) == 4  # and Python may call it all the same
    assert len(half.overloads) == 1


def test_defaults_and_names_hold_between_rules() -> None:
    """A call says arguments by position, by name, or not at all."""

    def scaled(x: float, by: float = 10.0, plus: float = 0.5) -> float:
        return x * by + plus

    inner = rule(scaled)

    def outer(x: float) -> Any:
        return inner(x, plus=1.0) + inner(by=2.0, x=x)

    assert rule(outer)(3.0) == outer(3.0) == 31.0 + 6.5


def deep() -> Any:
    """Two rules below a door: the lowest fails in as many ways as it is asked."""

    def lowest(how: int, x: int) -> int:
        if how == 0:
            return x // (x - x)
        if how == 1:
            raise ValueError("as a constant")
        if how == 2:
            raise ValueError("as a value", x)
        print("said", x)
        return x

    low = rule(lowest, makes=True)  # texts are counted too

    def middle(how: int, x: int) -> Any:
        return low(how, x) + 1

    between = rule(middle, makes=True)

    def top(how: int, x: int) -> Any:
        return between(how, x) + 1

    return rule(top, makes=True)


@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [(0, ZeroDivisionError, ()), (1, ValueError, ("as a constant",)), (2, ValueError, ("as a value", 5))],
)
def test_what_a_rule_raises_reaches_python_from_any_depth(how: int, kind: Any, said: tuple[Any, ...]) -> None:
    """With its kind and what it says."""
    with pytest.raises(kind) as raised:
        deep()(how, 5)
    assert raised.value.args[: len(said)] == said


def test_a_rule_can_print_from_any_depth(capfd: pytest.CaptureFixture[str]) -> None:
    """Its constants are objects of Python's, which the door has to know."""
    assert deep()(3, 5) == 7
    assert capfd.readouterr().out == "said 5\n"


def test_arrays_that_are_handed_back_have_to_be_counted() -> None:
    """Whoever takes them would give up a reference that nobody took: the rule has to say that it makes them."""

    def swapped(pair: Pair) -> Pair:
        return Pair(pair.right, pair.left)

    pair = Pair(np.zeros(2), np.ones(3))
    with pytest.raises(TypingError, match=r"swapped hands back .* making"):
        rule(swapped)(pair)
    inner, outer = rule(swapped), rule(lambda pair: inner(pair).left[0])
    with pytest.raises(TypingError, match="hands back"):
        outer(pair)
    assert rule(swapped, makes=True)(pair).left is not None


@pytest.mark.nightly
def test_after_make_install_no_shipped_scenario_compiles_anything(tmp_path: Path) -> None:
    """What the Makefile runs once leaves every door of the kernel that any of them opens."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    line = re.search(r"^WARM = \$\(VENV\)/bin/beanpeak (.*)$", makefile, re.MULTILINE)
    assert line is not None
    arguments = line[1].replace("$(VENV)", str(tmp_path)).split()
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}

    def kept(*command: str) -> set[str]:
        subprocess.run([sys.executable, "-m", "sim", *command], env=environment, cwd=ROOT, check=True)
        return {file.name for file in (tmp_path / "cache").rglob("*.code")}

    warm = kept(*arguments)
    assert (
        kept("run", *list_scenarios(), "--users", "2000", "--quiet", "--out", str(tmp_path / "out")) == warm
    )
