"""Trust, sharing and farmers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.behaviour.farmers import farmer_entries
from sim.behaviour.sharing import share_probability
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
            trust = trust_after_missed(trust, 0.10, 20.0, 20.0)
            assert trust <= before
        elif event == "scandal":
            trust = trust_after_scandal(trust, 0.3)
            assert trust <= before
        else:
            trust = recovered(trust, 0.5, 30.0, 365.0)
            assert abs(trust - 0.5) <= abs(before - 0.5)
        assert 0.0 <= trust <= 1.0


def test_a_later_report_costs_more_trust():
    """One of the usual delay costs what is said, twice as late as two of them, hardly late hardly anything."""
    lost = [trust_after_missed(0.5, 0.1, days, 20.0) for days in (0.0, 1.0, 20.0, 40.0)]
    assert lost == pytest.approx([0.5, 0.5 * 0.9**0.05, 0.45, 0.405])


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


def test_farmers_come_only_where_it_pays():
    """Below the cost of an account nobody comes; beyond it entries grow faster than the profit."""
    assert farmer_entries(0.6, 0.6, 1000.0, 0.02, 1.2) == 0.0
    assert farmer_entries(0.3, 0.6, 1000.0, 0.02, 1.2) == 0.0
    assert farmer_entries(1.2, 0.6, 1000.0, 0.02, 1.2) == pytest.approx(20.0)
    assert farmer_entries(1.8, 0.6, 1000.0, 0.02, 1.2) == pytest.approx(20.0 * 2**1.2)
