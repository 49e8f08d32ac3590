"""Prizes and budgets: shared to the last fen, ranked by points and then by lot, scaled without losing anybody."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sim.domain.prizes import beans_of_fen, best, scaled, scaled_places, share_alike

counts = st.integers(1, 10**6)


def test_a_budget_buys_beans_at_their_price():
    """100 beans a yuan: a fen buys one; dearer beans are fewer, and a broken one is none."""
    assert beans_of_fen(1_000_000, 100) == 1_000_000
    assert beans_of_fen(99, 10) == 9


@given(st.integers(0, 10**9), st.integers(0, 2_000))
def test_a_shared_prize_never_pays_more_than_there_is(fen, winners):
    """All winners get the same, and less than one fen each is left."""
    each = share_alike(fen, winners)
    assert 0 <= each * winners <= fen
    assert not winners or fen - each * winners < winners


def test_the_best_win_and_equals_by_lot():
    """Most points first; of two equals the smaller lot; who has no point wins nothing even if places are left."""
    assert best([3, 9, 3, 0], [0.7, 0.5, 0.2, 0.1], 2) == [1, 2]
    assert best([3, 9, 3, 0], [0.1, 0.5, 0.2, 0.1], 9) == [1, 0, 2]
    assert best([0, 0], [0.1, 0.2], 1) == []


@given(counts, counts, counts)
def test_places_are_scaled_without_bias(places, users, more):
    """Over all lots there are as many places in the mean as simulated people are a share of the real ones."""
    real = users + more
    low, high = scaled_places(places, users, real, 1 - 1e-12), scaled_places(places, users, real, 0.0)
    assert low == scaled(places, users, real)
    assert high - low == (1 if places * users % real else 0)
