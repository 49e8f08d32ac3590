"""Keyed chance: Philox4x32-10 as published, the same in every form, purposes that keep their numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.kernel import rules
from sim.streams import MASK, Purpose, draws, one_draw, philox, unit

# The known-answer vectors of Random123 (kat_vectors, philox4x32 10): counter, key, words.
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]
word = st.integers(0, MASK)


def words(text: str) -> tuple[int, ...]:
    return tuple(int(part, 16) for part in text.split())


def vectorised(key: tuple[int, ...], counter: tuple[int, ...]) -> list[float]:
    """The units `draws` makes of a key and a counter."""
    agent, slot, sub, purpose = counter
    return [float(x) for x in draws(key[0], key[1], purpose, agent, slot, sub)[:, 0]]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_philox_gives_the_published_words(counter, key, expected):
    """Plain, compiled and over arrays, the generator meets Random123's known answers."""
    assert philox(*words(key), *words(counter)) == words(expected)
    assert tuple(rules.philox(*words(key), *words(counter))) == words(expected)
    assert vectorised(words(key), words(counter)) == [unit(w) for w in words(expected)]


@given(st.tuples(word, word), st.tuples(word, word, word, word))
def test_the_three_forms_of_philox_agree(key, counter):
    """Whatever the key and the counter, plain, compiled and vectorised draws are the same words."""
    plain = philox(*key, *counter)
    assert tuple(rules.philox(*key, *counter)) == plain
    assert vectorised(key, counter) == [unit(w) for w in plain] == [rules.unit(w) for w in plain]
    agent, slot, sub, purpose = counter
    assert list(one_draw(key[0], key[1], purpose, agent, slot, sub)) == [unit(w) for w in plain]


@given(word, word)
def test_seeds_beyond_32_bits_count_in_full(low, high):
    """Both halves of a long seed reach the key; the replication is mixed into the upper one."""
    seed = high << 32 | low
    assert one_draw(seed, 0, 1, 7) == tuple(unit(w) for w in philox(low, high, 7, 0, 0, 1))
    assert one_draw(seed, 5, 1, 7) == tuple(unit(w) for w in philox(low, high ^ 5, 7, 0, 0, 1))


def test_units_lie_strictly_inside_zero_and_one():
    """No draw is 0 or 1, so that its logarithm is always finite."""
    assert 0.0 < unit(0) < unit(1)
    assert unit(MASK - 1) < unit(MASK) < 1.0


def test_agents_slots_and_purposes_have_draws_of_their_own():
    """Uniform, and uncorrelated between neighbours of any coordinate."""
    count = 20_000
    agents = np.arange(count)
    base = draws(1, 0, Purpose.SLOT, agents)
    assert np.abs(base.mean(axis=1) - 0.5).max() < 4 * np.sqrt(1 / 12 / count)
    others = [
        draws(1, 0, Purpose.SLOT, agents + 1), draws(1, 0, Purpose.SLOT, agents, 1),
        draws(1, 0, Purpose.SLOT, agents, 0, 1), draws(1, 0, Purpose.GIFT, agents),
        draws(2, 0, Purpose.SLOT, agents), draws(1, 1, Purpose.SLOT, agents), base[[1, 2, 3, 0]],
    ]  # fmt: skip
    for other in others:
        correlation = [np.corrcoef(base[k], other[k])[0, 1] for k in range(4)]
        assert np.abs(correlation).max() < 5 / np.sqrt(count)


def test_purposes_keep_their_numbers():
    """Renumbering a purpose would change every published result: this list only grows."""
    assert {purpose.name: purpose.value for purpose in Purpose} == {
        "TRAITS": 1, "PLACE": 2, "BUDGET": 3, "VISIT": 4, "BASKET": 5, "PRODUCT": 6, "LIFE": 7, "ENTRY": 8,
        "FESTIVAL": 9, "DAY": 10, "SESSION": 11, "SLOT": 12, "GIFT": 13, "CLAIM": 14, "MATCH": 15,
        "SHARE": 16, "SERVICE": 17, "MICRO": 18, "START": 19, "GUARD": 20, "MERCHANT": 30, "PLEDGE": 31,
        "NGO": 32, "PROJECT": 33, "REPORT": 34, "ACTIVITY": 35, "TEAM": 36, "SPONSOR": 37, "FARMER": 38,
        "PARTNER": 39, "NAMES": 40, "DISBURSE": 41, "SCALE": 42, "PAYMENT": 43, "CREW": 44,
        "PAST": 45, "KNOWS": 46, "WAITING": 47, "BADGE": 48, "CITY": 49, "CHOICE": 50, "LOTTERY": 51, "NUDGE": 52,
    }  # fmt: skip
