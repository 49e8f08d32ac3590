"""Shares of a sponsor's money, to the last fen."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.domain.matching import by_lot, capped_match_fen, first_come, largest_remainder, match_asked_fen

fen = st.integers(0, 10**7)
asks = st.lists(fen, max_size=40)


@given(asks, fen)
def test_a_pool_is_emptied_to_the_last_fen(asked, left):
    """First come: together exactly what is asked or what is there, each at most what it asked."""
    grants = first_come(asked, left)
    assert sum(grants) == min(sum(asked), left)
    assert all(0 <= grant <= ask for grant, ask in zip(grants, asked, strict=True))


@given(asks, fen)
def test_who_comes_first_is_served_whole(asked, left):
    """Once somebody gets less than asked, nobody after gets anything."""
    short = False
    for grant, ask in zip(first_come(asked, left), asked, strict=True):
        assert not short or grant == 0
        short = short or grant < ask


@given(st.lists(st.tuples(fen, st.integers(0, 9)), max_size=40), fen)
def test_a_lottery_spends_the_same_and_follows_the_lots(claims, left):
    """By lot: the same total to the last fen, and a better lot is never served worse."""
    asked, lots = [a for a, _ in claims], [lot for _, lot in claims]
    grants = by_lot(asked, lots, left)
    assert sum(grants) == min(sum(asked), left)
    order = sorted(range(len(claims)), key=lambda k: (lots[k], k))
    assert [grants[k] for k in order] == first_come([asked[k] for k in order], left)


@given(
    st.lists(st.tuples(fen, st.integers(0, 2**32)), max_size=30, unique_by=lambda c: c[1]), fen, st.randoms()
)
def test_a_lottery_does_not_depend_on_the_order_of_claims(claims, left, chance):
    """With distinct lots each claim gets the same however the claims are collected."""
    shuffled = list(claims)
    chance.shuffle(shuffled)

    def grants(batch):
        asked, lots = [a for a, _ in batch], [lot for _, lot in batch]
        return dict(zip(lots, by_lot(asked, lots, left), strict=True))

    assert grants(claims) == grants(shuffled)


@given(fen, st.integers(0, 3_000_000), fen)
def test_a_match_asks_its_ratio_up_to_the_cap(gift, ratio_ppm, cap):
    """The exact ratio of the gift, rounded as every share: to the nearest fen, halves to the even one."""
    exact = Decimal(gift) * ratio_ppm / 1_000_000
    assert match_asked_fen(gift, ratio_ppm, cap) == min(int(exact.quantize(Decimal(1), ROUND_HALF_EVEN)), cap)


@given(asks, fen)
def test_an_account_is_matched_up_to_its_cap(asked, cap):
    """Gift by gift, an account gets exactly the smaller of what it asked and its cap."""
    used = 0
    for ask in asked:
        used += capped_match_fen(ask, used, cap)
    assert used == min(sum(asked), cap)


weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any)


@given(st.integers(0, 10**12), weights)
def test_a_split_loses_nothing_and_is_fair(total, shares):
    """Parts sum to the total and lie within one of the exact share; no weight, no part."""
    parts = largest_remainder(total, shares)
    assert sum(parts) == total
    whole = sum(shares)
    for part, share in zip(parts, shares, strict=True):
        assert abs(part * whole - total * share) < whole
        assert share > 0 or part == 0


def test_the_largest_remainder_gets_the_odd_fen():
    """Ten fen over 1, 1, 1 is 4, 3, 3; over 2, 3, 2 the exact shares 2.86, 4.29, 2.86 become 3, 4, 3."""
    assert largest_remainder(10, [1, 1, 1]) == [4, 3, 3]
    assert largest_remainder(10, [2, 3, 2]) == [3, 4, 3]


def test_nothing_can_be_split_over_nobody():
    """A split without a positive weight is an error, not a loss."""
    with pytest.raises(ValueError, match="positive weight"):
        largest_remainder(10, [0, 0])
