"""Shares of a sponsor's money, to the last fen."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from hypothesis import given
from hypothesis import strategies as st

from sim.domain.matching import capped_match_fen, granted_fen, match_asked_fen, ratio_at

fen = st.integers(0, 10**7)
asks = st.lists(fen, max_size=40)


def first_come(asked: list[int], left: int) -> list[int]:
    """Grants claim by claim, each of what the earlier ones left."""
    grants = []
    for claim in asked:
        grants.append(granted_fen(claim, left))
        left -= grants[-1]
    return grants


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


@given(st.lists(st.tuples(fen, st.integers(1, 3_000_000)), unique_by=lambda tier: tier[0], max_size=8), fen)
def test_the_whole_gift_lies_in_the_last_tier_that_begins_at_or_below_it(tiers, gift):
    """Its ratio holds for every fen of the gift; below the first tier there is none. Rows behind the last are void."""
    tiers = sorted(tiers)
    above, ratios = ([tier[k] for tier in tiers] + [0, 0] for k in range(2))
    reached = [ratio for begin, ratio in tiers if begin <= gift]
    assert ratio_at(gift, above, ratios, len(tiers)) == (reached[-1] if reached else 0)
