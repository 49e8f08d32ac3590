"""The proof of the fast engine: the slow, obvious one does the same, action by action and bit for bit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from sim.bookkeeping import ROLES, Kind, Role
from sim.domain.ratios import PPM
from sim.scenario import Scenario
from tests.engine.twin import Arrays, play
from tests.engine.worlds import world

ROOT = Path(__file__).parents[2]
CASES = (
    "hello,5000,1,base",
    "hello,5000,2,double",
    "busy,300,1,base",
    "busy,200,2,lots",
    "busy,200,3,promises",
    "months,150,1,base",
    "months,150,2,one_month",
    "week95_2022,500,1,base",
    "long,40,1,base",
    "prizes,300,1,base",
    "prizes,200,2,open",
    "rules,200,1,base",
    "rules,100,2,tight",
    "rules,40,3,rich",
    "ideas_together,200,1,many",
    "ideas_together,100,2,others",
    "merits,200,1,base",
    "merits,150,2,worthless",
)
MORE_CASES = (
    "busy,2000,3,base",
    "busy,2000,4,lots",
    "busy,2000,5,promises",
    "week95_2022,5000,2,base",
    "week95_2022,2000,3,random_match",
    "week95_2022,2000,4,no_streak",
    "zhejiang_account,3000,1,low_bar",
    "point_farms,3000,1,base",
    "point_farms,3000,2,controls",
    "match_pools,3000,1,base",
    "double11_2018,1000,1,base",
    "year_fy2022,500,1,base",
    "rules,2000,3,base",
    "rules,2000,4,tight",
    "ideas_together,2000,1,many",
    "ideas_together,2000,2,others",
    "merits,2000,3,base",
    "merits,1000,4,worthless",
)
# Booked, but no scenario does it: no hours are spent or taken back.
NEVER_DONE = {Kind.HOUR_REDEEM, Kind.HOUR_REVOKE}
CLAIMS = (Kind.BEAN_GIFT, Kind.REDEEM_HOLD, Kind.SIGN_UP, Kind.GRANT, Kind.PRIZE)


def scenario_of(case: str) -> Scenario:
    """The scenario of a case."""
    name, users, seed, design = case.split(",")
    return world(name, int(users), int(seed), design)


def reference(folder: Path, cases: tuple[str, ...]) -> dict[str, Arrays]:
    """The cases as a child process plays them on the interpreted engine."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-m", "tests.engine.twin", str(folder), *cases]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {case: dict(np.load(folder / f"{case}.npz")) for case in cases}


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Arrays]:
    return reference(tmp_path_factory.mktemp("twin"), CASES)


def first_difference(name: str, fast: NDArray[Any], slow: NDArray[Any]) -> str:
    """Where two arrays differ first, in words; empty if nowhere."""
    fast, slow = np.atleast_1d(fast), np.atleast_1d(slow)
    if fast.dtype != slow.dtype:
        return f"{name}: {fast.dtype} fast, {slow.dtype} slow"
    count = min(len(fast), len(slow))
    unequal = (fast[:count] != slow[:count]).reshape(count, -1) if count else np.zeros((0, 1), bool)
    rows = np.flatnonzero(unequal.any(axis=1))
    if len(rows):
        return f"{name}, row {rows[0]} of {count}:\n" + _both(fast[rows[0]], slow[rows[0]])
    if fast.shape != slow.shape:
        longer = fast if len(fast) > count else slow
        return f"{name}: {fast.shape} fast, {slow.shape} slow; then comes\n  {_told(longer[count])}"
    return ""


def _both(fast: Any, slow: Any) -> str:
    """Two rows beside each other, and the columns in which they differ."""
    names = fast.dtype.names or ()
    columns = [n for n in names if not np.array_equal(fast[n], slow[n])]
    return f"  fast {_told(fast)}\n  slow {_told(slow)}\n  differ in {', '.join(columns) or 'value'}"


def _told(row: Any) -> str:
    names = row.dtype.names or ()
    if "kind" in names:
        return f"{Kind(int(row['kind'])).name} " + " ".join(f"{n}={row[n]}" for n in names if n != "kind")
    return " ".join(f"{n}={row[n]}" for n in names) or str(row)


def assert_same(fast: Arrays, slow: Arrays) -> None:
    """Everything is equal; otherwise says what differs first, actions before all else."""
    assert fast.keys() == slow.keys()
    found = [text for name in fast if (text := first_difference(name, fast[name], slow[name]))]
    assert not found, "\n".join(found[:3])


@pytest.mark.parametrize("case", CASES)
def test_the_kernel_does_what_the_reference_engine_does(slow, case):
    """Same seed, same design: equal actions, users, errands, counts, pools, books, to the last bit."""
    assert not numba.config.DISABLE_JIT
    assert_same(play(case), slow[case])


def test_the_compared_runs_leave_out_no_kind_of_action(slow):
    """Together the cases hold every kind of action a user can do, and claims that were refused."""
    told = np.concatenate([arrays["actions"] for arrays in slow.values()])
    of_users = {kind for kind, role in ROLES.items() if role == Role.USER} - NEVER_DONE
    assert of_users - {Kind(int(k)) for k in np.unique(told["kind"])} == set()
    refused = {Kind(int(k)) for k in np.unique(told["kind"][told["outcome"] != 0])}
    assert refused & of_users == set(CLAIMS)


def test_the_compared_runs_leave_out_no_condition_of_a_rule():
    """Together the cases name everything that a rule can ask of people and of the calendar."""
    rules = [rule for case in CASES for rule in scenario_of(case).rules.values()]
    for noun in ("who", "when"):
        asked = {name for rule in rules for name in getattr(rule, noun).model_fields_set}
        assert asked == set(type(getattr(rules[0], noun)).model_fields)


def test_every_rule_that_pays_has_paid_in_the_compared_runs(slow):
    """Where rules of every form stand together, each that adds something has added it to somebody."""
    case = "rules,200,1,base"
    rules = scenario_of(case).rules
    told = set(np.unique(slow[case]["actions"]["rule"]).tolist())
    adding = ("add", "add_hours", "times", "tiers", "streak", "badges", "decay")
    silent = [
        name for k, (name, rule) in enumerate(rules.items())
        if rule.form.kind in adding and (rule.form.times or PPM) >= PPM and 1 + k not in told
    ]  # fmt: skip
    assert silent == []


def test_the_first_difference_is_told_in_words(slow):
    """A changed fen is found and shown with its kind, its row and its column; so is a missing action."""
    actions = slow["hello,5000,1,base"]["actions"]
    changed = actions.copy()
    changed["fen"][41] += 1
    told = first_difference("actions", changed, actions)
    assert told.startswith(f"actions, row 41 of {len(actions)}:")
    assert Kind(int(actions["kind"][41])).name in told
    assert told.endswith("differ in fen")
    assert "then comes" in first_difference("actions", actions[:-1], actions)
    assert first_difference("actions", actions, actions) == ""


@pytest.mark.nightly
@pytest.mark.parametrize("case", MORE_CASES)
def test_the_engines_agree_on_larger_runs_too(case, tmp_path):
    """The shipped scenarios with their designs at sizes that take minutes."""
    assert_same(play(case), reference(tmp_path, (case,))[case])
