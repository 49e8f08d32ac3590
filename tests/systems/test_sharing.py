"""Sharing: after a gift some tell friends, a reward makes more do so, and now and then a friend comes."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from sim.kernel.incentives import BESIDE
from tests.systems.runs import Run, run

USERS = 20_000


@pytest.fixture(scope="module")
def week() -> Run:
    return run("week95_2022", USERS)


def test_only_givers_share_and_as_often_as_published(week: Run) -> None:
    """Each post or invitation follows the giver's own gift; without a reward 14 % post and 8.4 % of the rest invite."""
    plain = run("week95_2022", USERS, rules__pass_on=False)
    gifts, shares = (plain.rows(k) for k in (Kind.GIFT, Kind.SHARE))
    honest = gifts[gifts["agent"] < USERS]
    assert set(zip(shares["agent"], shares["t"], strict=True)) <= set(
        zip(honest["agent"], honest["t"] + 1 + BESIDE, strict=True)
    )
    wanted = 0.14 + 0.86 * 0.084
    assert len(shares) / len(honest) == pytest.approx(
        wanted, abs=4 * np.sqrt(wanted * (1 - wanted) / len(honest))
    )
    assert len(week.rows(Kind.SHARE)) > len(shares)


def test_a_reward_is_paid_to_who_shares() -> None:
    """Beans follow every post and invitation, an instant later, where the day's cap leaves room."""
    free = run("week95_2022", USERS, rules__daily_cap__form__cap=2_000)
    beans = free.rows(Kind.GRANT)
    reward = free.campaign.scenario.rules["pass_on"].form.add
    paid = beans[(beans["rule"] == free.rule("pass_on")) & (beans["beans"] == reward)]
    shares = free.rows(Kind.SHARE)
    assert len(shares) > 100
    told = set(zip(paid["agent"].tolist(), paid["t"].tolist(), strict=True))
    assert {(int(s["agent"]), int(s["t"]) + 2) for s in shares} <= told


def test_a_friend_who_is_reached_begins_to_play() -> None:
    """If every post recruited somebody, the friends named by the posts would be players, nearly all of them new."""
    loud = run("week95_2022", USERS, sharing__post_recruits=1.0, sharing__post=1.0)
    quiet = run("week95_2022", USERS, sharing__post_recruits=0.0, sharing__post=1.0)
    posts = loud.rows(Kind.SHARE)
    posts = posts[loud.day_of(posts) < 9]  # nobody begins when the last day is over
    reached = np.unique(posts["ref"][posts["ref"] > 0].astype(np.int64) - 1)
    assert len(reached) > 300
    assert (loud.campaign.population.users["flags"][reached] & 1).all()  # players
    assert loud.metrics["new_players"] > quiet.metrics["new_players"] + 0.5 * len(reached)
