"""The charity account, imported records, and how openly projects work."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from sim.domain.eligibility import may_open_account, reaches_benefit
from sim.domain.imports import PartnerRecord, new_records
from sim.domain.transparency import project_score, stars_of, viewable_share


def test_one_tie_to_the_province_is_enough():
    """Native, working, studying or living there: any one opens the account, none does not."""
    for ties in product([False, True], repeat=4):
        assert may_open_account(*ties) == (True in ties)


def test_benefits_open_at_their_threshold_and_for_their_account():
    """Exactly enough minutes are enough; second-classroom credits are for youth, residence points are not."""
    assert reaches_benefit(600, 600, False, False)
    assert not reaches_benefit(599, 600, False, False)
    assert not reaches_benefit(600, 600, True, False)
    assert reaches_benefit(600, 600, True, True)
    assert not reaches_benefit(600, 600, False, True)


records = st.builds(
    PartnerRecord,
    partner=st.sampled_from(["志愿浙江", "other"]),
    external_id=st.sampled_from("abcdef"),
    user=st.integers(0, 3),
    minutes=st.integers(0, 60),
)


@given(st.lists(records, max_size=30))
def test_a_repeated_external_id_adds_nothing(batch):
    """However often a record is sent, it counts once, with what it said first."""
    once = new_records(batch)
    assert len({record.identity for record in once}) == len(once)
    assert {record.identity for record in once} == {record.identity for record in batch}
    assert all(record is next(r for r in batch if r.identity == record.identity) for record in once)
    assert new_records(batch + batch) == once
    assert new_records(batch, known={record.identity for record in once}) == []


@given(st.lists(records, max_size=20), st.lists(records, max_size=20))
def test_two_uploads_count_like_one(first, second):
    """A second upload adds only what the first one did not hold."""
    kept = new_records(first)
    more = new_records(second, known=[record.identity for record in kept])
    assert kept + more == new_records(first + second)


def test_ids_of_different_partners_do_not_collide():
    """The same number at another partner is another record."""
    mine = PartnerRecord("志愿浙江", "1", 7, 60)
    other = PartnerRecord("other", "1", 7, 60)
    assert new_records([mine, other]) == [mine, other]


@given(st.floats(0, 1_000), st.floats(0, 1_000), st.integers(0, 20))
def test_delay_and_corrections_cost_score(delay, later, corrections):
    """The score lies in (0, 1], falls with delay and corrections, and is whole without either."""
    score = project_score(delay, corrections)
    assert 0.0 < score <= 1.0
    assert project_score(delay + later, corrections) <= score
    assert project_score(delay, corrections + 1) < score
    assert project_score(0.0, 0) == 1.0


def test_a_month_late_or_two_corrections_halve_the_score():
    """What the score is scaled by."""
    assert project_score(30.0, 0) == project_score(0.0, 2) == 0.5
    assert project_score(-5.0, 0) == 1.0


def test_stars_are_fifths_of_the_score():
    """One to five, at the edges too."""
    assert [stars_of(s) for s in (0.0, 0.19, 0.2, 0.5, 0.8, 0.99, 1.0)] == [1, 1, 2, 3, 5, 5, 5]


def test_money_is_viewable_as_far_as_it_can_be_followed():
    """Nothing raised is nothing to view; never more than all."""
    assert viewable_share(0, 0) == 0.0
    assert viewable_share(1_000, 600) == 0.6
    assert viewable_share(1_000, 2_000) == 1.0
