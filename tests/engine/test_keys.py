"""No key of chance serves two things: otherwise their luck would be one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sim.streams import Purpose

ROOT = Path(__file__).parents[2]
# What somebody is by nature, read again wherever it is needed instead of being stored: a user's traits, place,
# lifetime, team and care for badges, and how an order will end.
READ_AGAIN = {"TRAITS", "PLACE", "BUDGET", "CREW", "BADGE", "LIFE"}
BY_WORDS = {"NUDGE"}  # one message, of whose draw each function reads words of its own
# Words read at several places for one and the same decision, with the functions that take it from there.
ONE_DECISION = {
    ("BUDGET", 0): ("start_users", "leave_off"),  # a lifetime; staff's begins when they have met their norm
    ("BADGE", 0): ("saving_pull", "badge_pull", "deed_goal_pull"),  # who cares for badges
    ("PLACE", 0): ("start_users", "would_join"),  # the channel
    ("PLACE", 1): (  # the segment
        "session",
        "reach_benefits",
        "come_back",
        "newcomer_gain",
        "start_playing",
        "confirm",
        "serve",
        "decay",
        "note_prize",
        "held_by_buyer",
    ),
    ("PLACE", 3): ("start_users", "session"),  # staff or not
}
# Words that serve two decisions and may: those of different people, or with bits of its own for each.
SEVERAL_DECISIONS = {
    ("PLACE", 2): (
        "start_users",
        "mood_of",
        "session",
        "wake_farmers",
    ),  # people's ties; the hour of a farmer
    # warm glow in the high bits, sessions a day in the low ones
    ("TRAITS", 1): ("keenness", "plan_next_day"),
    ("PLEDGE", 0): ("pledge", "pledge"),  # both halves of one logit
}
NEVER_DRAWN = {"PRODUCT", "ENTRY", "MATCH", "MICRO", "SCALE"}  # numbers that are taken and not used


@pytest.fixture(scope="module")
def world() -> dict[str, Any]:
    """A world in which everything happens, played in plain Python with a listener at every door to chance."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.keys", "busy,80,1,base", "busy,40,1,lots", "busy,20,1,worthless",
         "rules,40,1,base", "prizes,60,1,base", "merits,40,1,base"],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_no_key_serves_two_things(world: dict[str, Any]) -> None:
    """Two functions meet on one key only where both read what a user or an order is by nature."""
    met = [(purpose, who) for purpose, who in world["shared"] if purpose not in READ_AGAIN | BY_WORDS]
    assert met == []


def test_no_word_decides_two_things(world: dict[str, Any]) -> None:
    """What is decided by one word of a key is not independent: each decision reads a word of its own."""
    known = ONE_DECISION | SEVERAL_DECISIONS
    met = [
        (purpose, index, names)
        for purpose, index, names in world["twice"]
        if Counter(names) - Counter(known.get((purpose, index), ()))
    ]
    assert met == []


def test_every_purpose_is_listened_to(world: dict[str, Any]) -> None:
    """The small world draws every purpose there is: none escapes the comparison."""
    assert {purpose.name for purpose in Purpose} - set(world["drawn"]) == NEVER_DRAWN
