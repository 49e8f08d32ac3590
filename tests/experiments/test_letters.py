"""Karlan & List's letters on the engine: who gives, how much, and that a match counts by its presence alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.behaviour.parameters import load_parameters
from sim.experiments import letters
from sim.experiments.letters import Answers

FEW = 100_000


@pytest.fixture(scope="module")
def told() -> dict[float, Answers]:
    """The answers by ratio; 0 is a letter without a match."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(letters, "LETTERS", FEW)
        return {ratio: letters.answers(load_parameters(), ratio) for ratio in (0.0, 0.25, 1.0, 2.0, 3.0)}


def test_everybody_is_asked_once_and_has_given_before(told: dict[float, Answers]) -> None:
    """The letters go to donors: each has a past, sees the page once, and no two letters differ in who gets them."""
    asked = told[0.0]
    assert asked.shown.mean() > 0.999
    assert asked.gifts.min() >= 1
    assert asked.months.min() == 0
    for other in told.values():
        np.testing.assert_array_equal(asked.gifts, other.gifts)


def test_donors_bring_the_past_that_was_published(told: dict[float, Answers]) -> None:
    """8.04 gifts in the mean, of which the top fifth made 61 % and the top tenth 42; the largest e^3.905 dollars."""
    asked = told[0.0]
    assert asked.gifts.mean() == pytest.approx(8.04, abs=0.1)
    most = np.sort(asked.gifts)[::-1]
    assert most[: FEW // 5].sum() / most.sum() == pytest.approx(0.61, abs=0.01)
    assert most[: FEW // 10].sum() / most.sum() == pytest.approx(0.42, abs=0.015)
    assert asked.months.mean() == pytest.approx(12.56, abs=0.2)
    assert np.log(asked.largest).mean() == pytest.approx(3.905, abs=0.01)


def test_as_many_answer_as_published(told: dict[float, Answers]) -> None:
    """1.786 % without a match, 2.204 % with one."""
    assert told[0.0].share() == pytest.approx(0.01786, abs=0.0020)
    assert told[1.0].share() == pytest.approx(0.02204, abs=0.0016)


def test_a_match_moves_who_gives_by_its_presence_and_not_by_its_price(told: dict[float, Answers]) -> None:
    """With the same luck: some more give under a match, and exactly the same whatever it pays above one to two."""
    without, gave = told[0.0].dollars > 0, {ratio: answers.dollars > 0 for ratio, answers in told.items()}
    assert 1.15 < gave[1.0].sum() / without.sum() < 1.32  # published 1.234 [1.080, 1.410]
    assert (gave[1.0] | ~without).all()  # nobody is put off
    np.testing.assert_array_equal(gave[1.0], gave[2.0])
    np.testing.assert_array_equal(gave[1.0], gave[3.0])
    assert without.sum() < gave[0.25].sum() < gave[1.0].sum()


def test_a_match_does_not_move_what_a_giver_gives(told: dict[float, Answers]) -> None:
    """Who gives with and without gives the same fen."""
    both = (told[0.0].dollars > 0) & (told[3.0].dollars > 0)
    assert both.sum() > 1_000
    np.testing.assert_array_equal(told[0.0].dollars[both], told[3.0].dollars[both])


@pytest.fixture(scope="module")
def residuals(told: dict[float, Answers]) -> NDArray[np.float64]:
    """ln of what was given less what the published regression says of the largest gift before, in dollars."""
    gave = told[1.0].dollars > 0
    given, largest = told[1.0].dollars[gave], told[1.0].largest[gave]
    return np.asarray(np.log(given) - 0.095 - 0.854 * np.log(largest))


def test_repeat_gifts_lie_around_the_published_regression(residuals: NDArray[np.float64]) -> None:
    """In dollars, from dollars: no shift, and a residual of 0.627."""
    error = 0.627 / math.sqrt(len(residuals))
    assert abs(residuals.mean()) < 4 * error
    assert residuals.std() == pytest.approx(0.627, abs=3 * error)


def test_frequent_and_recent_donors_answer_more(told: dict[float, Answers]) -> None:
    """Each class of prior gifts answers more than the one before, each class of months less, as published."""
    asked = told[1.0]
    often = [
        asked.share((asked.gifts >= low) & (asked.gifts < high)) for low, high in ((1, 3), (3, 11), (11, 99))
    ]
    long = [
        asked.share((asked.months >= low) & (asked.months < high))
        for low, high in ((0, 6), (6, 24), (24, 999))
    ]
    assert often == sorted(often)
    assert long == sorted(long, reverse=True)
    assert often[-1] > 1.5 * often[0]
    assert long[0] > 2 * long[-1]
