"""Choosing what to do next: by weight, and so that one option's weight moves no other option's luck."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.compiling import Rules
from sim.kernel.picking import own_lots, picked
from sim.kernel.rows import BOOK, DEED_LOTS, MAX_DEEDS, MAX_SLOTS

RULES = np.dtype([("k0", "i8"), ("k1", "i8"), ("n_deeds", "i8"), ("stop_weight", "f8")])
USERS = 30_000
STOP = -1
QUIZ, STEPS, GIFT, BLOOD = range(4)
WEIGHTS = (1.0, 2.0, 0.5, 0.0)  # nobody can give blood
STOPPING = 1.5


class RulesOnly(NamedTuple):
    """What picking reads of the world."""

    R: Any


class BookOnly(NamedTuple):
    """What picking reads of the pen."""

    book: Any


class UserOnly(NamedTuple):
    """What picking reads of a user."""

    user: Any


@Rules([Path(__file__)])
def choose(first: int, weights: Any, rules: Any, book: Any, chosen: Any, luck: Any) -> None:
    """Fill `chosen` and `luck`, a row a user, with what each slot's weights (a row a slot) lead to."""
    w = RulesOnly(rules[0])
    pen = BookOnly(book[0])
    for user in range(len(chosen)):
        for slot in range(len(weights)):
            for j in range(w.R.n_deeds):
                pen.book.weights[j] = weights[slot, j]
            j = picked(UserOnly(first + user), 7, slot, w, pen)
            chosen[user, slot] = j
            if j < 0:
                break
            luck[user, slot] = own_lots(j, pen)


def sessions(*slots: tuple[float, ...], users: int = USERS) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The deeds that many users choose slot by slot at these weights, -1 from where they stop, and their luck."""
    rules = np.array([(1, 2, len(slots[0]), STOPPING)], RULES)
    chosen, luck = np.full((2, users, len(slots)), STOP)
    choose(0, np.array(slots), rules, np.zeros(1, BOOK), chosen, luck)
    return chosen, luck


def shares(chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """How often each deed was chosen, and stopping."""
    return np.array([(chosen == j).mean() for j in (QUIZ, STEPS, GIFT, BLOOD, STOP)])


def expected(weights: tuple[float, ...]) -> NDArray[np.float64]:
    """Each option's share of the weights."""
    return np.array([*weights, STOPPING]) / (sum(weights) + STOPPING)


def near(found: NDArray[np.float64], wanted: NDArray[np.float64], count: int) -> bool:
    """Whether shares differ by no more than chance: four standard errors."""
    return bool((np.abs(found - wanted) <= 4.0 * np.sqrt(wanted * (1.0 - wanted) / count)).all())


def test_an_option_is_chosen_by_its_share_of_the_weights():
    """Deeds and stopping alike; what weighs nothing is never chosen."""
    chosen, _ = sessions(WEIGHTS)
    assert near(shares(chosen[:, 0]), expected(WEIGHTS), USERS)
    assert not (chosen == BLOOD).any()


@pytest.mark.parametrize("before", [QUIZ, STEPS, GIFT])
def test_what_was_chosen_before_does_not_bend_the_next_choice(before: int):
    """The next deed goes by the weights of its own slot alone, whatever came first: clocks have no memory."""
    later = (0.0, 1.0, 2.0, 0.7)
    chosen, _ = sessions(WEIGHTS, later)
    after = chosen[chosen[:, 0] == before, 1]
    assert near(shares(after), expected(later), len(after))


def others(chosen: NDArray[np.int64], deed: int) -> list[list[int] | None]:
    """What each user did besides a deed, in order; None if they did not stop in the slots there were."""
    return [[j for j in row if j not in (deed, STOP)] if row[-1] == STOP else None for row in chosen]


def differing(lives: list[list[int] | None], other: list[list[int] | None]) -> int:
    """How many users did other things, of those that stopped in both."""
    both = [(a, b) for a, b in zip(lives, other, strict=True) if a is not None and b is not None]
    assert len(both) > 0.99 * len(lives)
    return sum(a != b for a, b in both)


def test_a_dearer_deed_moves_no_other_deed_nor_the_end():
    """At whatever weight of the quiz, a user does the same other deeds in the same order before stopping."""
    lives = [
        others(sessions(*[(quiz, 0.3, 0.1, 0.02)] * 60, users=2_000)[0], QUIZ)
        for quiz in (0.0, 0.2, 1.0, 3.0)
    ]
    assert [differing(one, other) for one, other in pairwise(lives)] == [0, 0, 0]


def test_a_deed_that_opens_later_moves_no_other():
    """Whether blood can be given from the second slot on or not at all, all other deeds are the same."""
    closed, opening = (0.0, 2.0, 0.1, 0.0), (0.0, 2.0, 0.1, 0.5)
    without, _ = sessions(*[closed] * 60, users=2_000)
    with_it, _ = sessions(closed, *[opening] * 59, users=2_000)
    assert (with_it == BLOOD).any(1).mean() > 0.1
    assert differing(others(without, BLOOD), others(with_it, BLOOD)) == 0


def test_a_deed_has_luck_of_its_own_however_many_came_between():
    """The nth gift of a session has the same luck, apart from every other deed's, whatever was done before it."""
    _, few = sessions(*[(0.0, 0.5, 1.0, 0.0)] * MAX_SLOTS, users=500)
    chosen, many = sessions(*[(5.0, 0.5, 1.0, 0.0)] * MAX_SLOTS, users=500)
    for row, luck in zip(chosen, many, strict=True):
        drawn = luck[row != STOP]
        assert len(set(drawn)) == len(drawn)
        assert [n % MAX_DEEDS for n in drawn] == list(row[row != STOP])
        assert [n // MAX_DEEDS for n in drawn[row[row != STOP] == GIFT]] == list(range((row == GIFT).sum()))
    assert many.max() < DEED_LOTS
    assert set(few[few >= 0]) >= {GIFT, GIFT + MAX_DEEDS}
