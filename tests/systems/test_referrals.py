"""S: who invites a friend is paid on the friend's first deed, and so is the friend."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from tests.systems.ruled import Played

SOCIAL = {
    "play": {"players_at_start": 0.25, "entry_per_visit": 0.01},
    "sharing": {"post": 0.1, "invite": 0.5, "post_recruits": 0.6, "invite_recruits": 0.6},
    "deeds": {"gift": {"ease": 0.5}},
}  # most begin to play by a friend
BOTH = {"what": "invite", "form": {"refer": {"inviter": 100, "invitee": 60}}}


@pytest.fixture(scope="module")
def plain():
    return Played({}, **SOCIAL)


@pytest.fixture(scope="module")
def paid():
    return Played({"friends": BOTH}, **SOCIAL)


HOUR = 3_600_000_000


def entered(run: Played) -> dict[int, list[int]]:
    """Of those who were reached by friends as they began: who reached them before the barrier at which they did.

    A visit that began before a barrier may end after it.
    """
    began = {int(r["agent"]): int(r["t"]) for r in run.rows(Kind.ENTER)}
    found: dict[int, list[int]] = {}
    reached = run.rows(Kind.SHARE)
    for row in reached[reached["ref"] > 0]:  # by a post or an invitation
        friend = int(row["ref"]) - 1
        if friend in began and -HOUR < began[friend] - row["t"] <= 3 * HOUR:
            found.setdefault(friend, []).append(int(row["agent"]))
    return found


def invited(run: Played) -> set[int]:
    """Those among them whom somebody had asked, not only told all the world."""
    asked = run.rows(Kind.SHARE)
    return set((asked["ref"][asked["deed"] == 1].astype(int) - 1).tolist()) & set(entered(run))


def test_a_reward_for_friends_makes_more_people_pass_it_on(plain, paid):
    """More invitations after gifts, and more people who begin to play by them."""
    shares = [len(run.rows(Kind.SHARE)) / len(run.rows(Kind.GIFT)) for run in (plain, paid)]
    assert shares[1] > shares[0]
    assert len(entered(paid)) > len(entered(plain))


def test_both_are_paid_on_the_first_deed(paid):
    """The friend right after it, the inviter at the barrier's end; each friend brings this once."""
    granted = paid.rows(Kind.GRANT, "friends")
    friends, inviters = granted[granted["beans"] == 60], granted[granted["beans"] == 100]
    assert len(friends) > 20
    assert len(np.unique(friends["agent"])) == len(friends)
    assert set(friends["agent"].tolist()) <= invited(paid)
    did = np.isin(
        paid.stream["kind"], (Kind.DEED, Kind.GIFT, Kind.TEAM_JOIN, Kind.REDEEM_HOLD, Kind.BEAN_GIFT)
    )
    for row in friends:
        own = paid.stream[did & (paid.stream["agent"] == row["agent"])]
        assert 0 < row["t"] - own["t"].min() < 1_000_000
    barrier = 3 * HOUR
    assert ((inviters["t"] + 1) % barrier == 0).all()
    apart = np.sort(-(-friends["t"] // barrier)) - np.sort(-(-inviters["t"] // barrier))
    assert set(apart.tolist()) <= {0, 1}  # a visit may end after the barrier that decides what it brings


def test_who_invited_is_who_is_paid(paid):
    """As often as friends whom they reached have done their first deed."""
    granted = paid.rows(Kind.GRANT, "friends")
    friends = granted[granted["beans"] == 60]["agent"].tolist()
    inviters = granted[granted["beans"] == 100]["agent"].tolist()
    known = entered(paid)
    assert len(inviters) == len(friends)
    for friend in sorted(friends, key=lambda friend: len(known[friend])):
        theirs = [who for who in known[friend] if who in inviters]
        assert theirs, friend
        inviters.remove(theirs[0])
    assert not inviters


def test_it_costs_what_it_says(paid):
    """The books know the beans by the rule's name."""
    assert paid.booked(3110, 1) == paid.rows(Kind.GRANT, "friends")["beans"].sum()


def test_who_begins_unasked_brings_nobody_anything(plain, paid):
    """People who came by themselves, or played already, are never paid for their first deed."""
    granted = paid.rows(Kind.GRANT, "friends")
    assert not set(granted[granted["beans"] == 60]["agent"].tolist()) - set(entered(paid))
    assert len(plain.rows(Kind.GRANT)) == 0


def test_a_budget_bounds_referrals_too():
    """Claims of friends and of who invited them are served from one budget, whole or not at all."""
    run = Played({"friends": {**BOTH, "budget": "10_000 yuan"}}, **SOCIAL)
    left = 1_000 - run.rows(Kind.GRANT, "friends")["beans"].sum()
    assert 0 <= left < 60
    assert run.campaign.budgets.ended.tolist() == [True]
    assert run.campaign.budgets.left.tolist() == [left]


def test_who_is_not_meant_is_not_paid():
    """Only who the rule is meant for as they pass it on is paid for a friend."""
    run = Played({"friends": {**BOTH, "who": {"team": True}}}, **SOCIAL)
    joined = {int(r["agent"]): int(r["t"]) for r in run.rows(Kind.TEAM_JOIN)}
    granted = run.rows(Kind.GRANT, "friends")
    assert len(granted) > 0
    assert set(granted[granted["beans"] == 100]["agent"].tolist()) <= set(joined)


def test_workers_blocks_and_snapshots_change_no_referral(tmp_path, paid):
    """Friends of other blocks are paid alike; who invited whom survives a stop."""
    from sim.engine.campaign import Campaign

    other = Played({"friends": BOTH}, how={"workers": 2, "block": 300}, **SOCIAL)
    assert other.campaign.digest() == paid.campaign.digest()
    first = Campaign(paid.scenario, workers=1)
    first.run(until_s=30 * 3600)
    first.save(tmp_path / "half.npz")
    second = Campaign(paid.scenario, workers=1)
    second.load(tmp_path / "half.npz")
    second.run()
    assert second.digest() == paid.campaign.digest()
