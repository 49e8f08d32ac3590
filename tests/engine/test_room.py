"""Compiled code checks no bounds: whatever it writes to must have room for the most that it may write."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sim.bookkeeping import Kind
from sim.engine.actions import empty
from sim.engine.campaign import Campaign
from sim.engine.population import Population
from sim.kernel.playing import ROOM_ERRANDS, ROOM_RECORDS
from sim.kernel.rows import ACTIVITY, MAX_BENEFITS, MAX_SLOTS, REDEMPTION
from sim.kernel.writing import MOST, PENDING
from tests.engine.worlds import world

ROOT = Path(__file__).parents[2]
FRIENDS = 50


def people(head_start: bool) -> Population:
    """The busy world without benefits, whose rooms would hide what is missing."""
    scenario = world("busy", 400, 1, "base" if head_start else "lots").model_copy(update={"benefits": {}})
    return Campaign(scenario, workers=1).population


@pytest.mark.parametrize("head_start", [True, False])
def test_every_recruit_of_a_barrier_has_room_for_all_its_records(head_start: bool) -> None:
    """A friend who comes writes that it came, and with a head start the beans of it, beside all other friends."""
    population = people(head_start)
    idle = np.flatnonzero((population.users["flags"] & 1) == 0)[:FRIENDS]
    claims = empty(FRIENDS)
    claims["kind"], claims["outcome"] = Kind.SHARE, PENDING
    claims["ref"] = idle + 1
    made = population.settle(claims, 3_600, np.zeros(0, REDEMPTION), np.zeros(0, ACTIVITY))
    assert len(made) == FRIENDS * (2 if head_start else 1)
    assert np.count_nonzero(made["kind"] == Kind.ENTER) == FRIENDS
    assert sorted(set(made["agent"].tolist())) == idle.tolist()


def test_the_room_of_a_wake_up_is_the_most_that_any_can_write() -> None:
    """A session full of gifts, each with its reward, every benefit, a share and the share's reward, fits."""
    gift, its_reward, share, shares_reward = 1, 1, 1, 1
    session = 1 + 1 + MAX_SLOTS * (gift + its_reward + MAX_BENEFITS + share + shares_reward)
    assert session <= ROOM_RECORDS
    assert MOST["visit"].errands <= ROOM_ERRANDS


def test_every_rule_that_is_handed_the_pen_states_what_it_may_write() -> None:
    """A function with `pen` among its parameters that hands it on to one that writes says how much it may write.

    Those that see to the room themselves are named here; others only read or count on the sheet.
    """
    import ast

    free = {"play_block", "start_users", "settle", "import_records"}
    for file in (ROOT / "sim" / "kernel").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and any(a.arg == "pen" for a in node.args.args):
                called = {
                    n.func.id
                    for n in ast.walk(node)
                    if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
                }
                writes = called & set(MOST)
                assert not writes or node.name in MOST or node.name in free, (
                    f"{file.name}: {node.name}: {writes}"
                )


def test_nothing_writes_more_than_is_stated_beside_it() -> None:
    """Interpreted, every call is held to its statement, while hardly anything is left undone by sixty people."""
    script = "import sim; from tests.engine.worlds import world; sim.simulate(world('busy', 60))"
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.nightly
def test_no_compiled_pass_reaches_beyond_its_arrays(tmp_path: Path) -> None:
    """The twin's cases and the systems' tests, compiled with bounds checks, in a cache of their own."""
    environment = os.environ | {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/engine/test_twin.py",
               "tests/engine/test_room.py", "tests/systems"]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
