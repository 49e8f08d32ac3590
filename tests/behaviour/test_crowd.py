"""Trust, sharing, farmers and writers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.behaviour.farmers import farmer_entries, farmer_share_quantile
from sim.behaviour.posts import posts_of
from sim.behaviour.sharing import causal_share, peer_adoption, share_probability
from sim.behaviour.trust import (
    recovered,
    trust_after_missed,
    trust_after_report,
    trust_after_scandal,
    trust_pull,
)


@given(st.lists(st.sampled_from(["report", "missed", "scandal", "quiet"]), max_size=40), st.floats(0, 1))
def test_trust_stays_between_none_and_full(events, trust):
    """Reports raise it, silence and scandal lower it, quiet brings it towards neutral; always in 0 … 1."""
    for event in events:
        before = trust
        if event == "report":
            trust = trust_after_report(trust, 0.05)
            assert trust >= before
        elif event == "missed":
            trust = trust_after_missed(trust, 0.10)
            assert trust <= before
        elif event == "scandal":
            trust = trust_after_scandal(trust, 0.3)
            assert trust <= before
        else:
            trust = recovered(trust, 0.5, 30.0, 365.0)
            assert abs(trust - 0.5) <= abs(before - 0.5)
        assert 0.0 <= trust <= 1.0


def test_trust_recovers_by_half_in_a_half_life():
    """A year makes up half of what a scandal cost."""
    assert recovered(0.1, 0.5, 365.0, 365.0) == pytest.approx(0.3)


def test_a_scandal_costs_donors_about_what_it_cost_the_red_cross():
    """From neutral trust a scandal costs a small NGO 0.7 log-odds (donors in Shenzhen fell by 0.8 to 1.0)."""
    assert trust_pull(trust_after_scandal(0.5, 0.3), 0.5, 2.0) == pytest.approx(-0.7)
    assert trust_pull(0.5, 0.5, 2.0) == 0.0


def test_sharing_moves_only_where_it_is_rewarded():
    """Without a reward the published share stays; a reward as large as the cost adds its log-odds."""
    assert share_probability(0.14, 0.0, 0.05, 0.69) == pytest.approx(0.14)
    odds = 0.14 / 0.86 * 2.0**0.69
    assert share_probability(0.14, 0.05, 0.05, 0.69) == pytest.approx(odds / (1 + odds))
    assert (share_probability(0.0, 9.0, 0.05, 0.69), share_probability(1.0, 9.0, 0.05, 0.69)) == (0.0, 1.0)


def test_a_broadcast_and_an_invitation_add_up():
    """Passive broadcast makes 3.46 times the adoption, with an invitation 4.44 times (Aral & Walker 2011)."""
    assert peer_adoption(0.01, 0.0, 0.0, 2.46, 0.98) == 0.01
    assert peer_adoption(0.01, 1.0, 0.0, 2.46, 0.98) == pytest.approx(0.0346)
    assert peer_adoption(0.01, 1.0, 1.0, 2.46, 0.98) == pytest.approx(0.0444)
    assert causal_share(0.5, 0.3) == pytest.approx(0.35)


def test_farmers_come_only_where_it_pays():
    """Below the cost of an account nobody comes; beyond it entries grow faster than the profit."""
    assert farmer_entries(0.6, 0.6, 1000.0, 0.02, 1.2) == 0.0
    assert farmer_entries(0.3, 0.6, 1000.0, 0.02, 1.2) == 0.0
    assert farmer_entries(1.2, 0.6, 1000.0, 0.02, 1.2) == pytest.approx(20.0)
    assert farmer_entries(1.8, 0.6, 1000.0, 0.02, 1.2) == pytest.approx(20.0 * 2**1.2)


def test_a_share_of_accounts_is_at_most_all():
    """The lognormal share is cut at one."""
    assert farmer_share_quantile(0.0, math.log(0.0122), 2.73) == pytest.approx(0.0122)
    assert farmer_share_quantile(4.0, math.log(0.0122), 2.73) == 1.0


def test_writers_are_lognormal():
    """The median writer has propensity one."""
    assert posts_of(0.0, 2.99) == 1.0
    assert posts_of(1.0, 2.99) == pytest.approx(math.exp(2.99))
