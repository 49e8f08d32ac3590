"""What each kind of experiment promises, played with few people: signs, limits, and where a closed form exists."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import gamma

from sim.behaviour.parameters import Parameters, load_parameters
from sim.experiments import cards, drives, fading, farms, presses, steps
from sim.experiments.row import log_odds, secant

FEW = {cards: 2_000, drives: 60_000, steps: 30_000, presses: 4_000, fading: 3_000, farms: 1_500}


@pytest.fixture(scope="module", autouse=True)
def _few_people():
    with pytest.MonkeyPatch.context() as patch:
        for kind, people in FEW.items():
            patch.setattr(kind, "USERS", people)
        yield


@pytest.fixture(scope="module")
def p() -> Parameters:
    return load_parameters()


def test_ten_times_the_pay_adds_the_same_number_of_presses(p):
    """Effort is linear in the logarithm of pay once pay is far above nothing."""
    done = [presses.slots(p, costs, None, 15.6, 2.6) for costs in (0.0, 100.0, 1_000.0, 10_000.0)]
    assert done == sorted(done)
    assert done[3] - done[2] == pytest.approx(done[2] - done[1], rel=0.1)
    assert done[2] - done[1] == pytest.approx(p["choice_slope"] * math.log(10) / 2.6, rel=0.1)


def test_pay_that_weighs_nothing_is_no_pay(p):
    """Charity at weight 0 is work for nothing, at weight 1 it is pay to oneself."""
    unpaid, worthless = (presses.slots(p, costs, w, 15.6, 2.6) for costs, w in ((0.0, None), (3_000.0, 0.0)))
    assert worthless == pytest.approx(unpaid, rel=0.02)
    own, given = (presses.slots(p, 3_000.0, weight, 15.6, 2.6) for weight in (None, 1.0))
    assert given == pytest.approx(own, rel=0.02)


def test_a_card_raises_turnout_by_what_it_is_felt_to_be(p):
    """Few come on a day, so that turnout rises as the exponential of the felt reward."""
    felt = p["visit_come"] * p["choice_slope"] * math.log1p(10.0 / 12.61)
    ratio = drives.turnout(p, 10.0) / drives.turnout(p, 0.0)
    assert ratio == pytest.approx(math.exp(felt), rel=0.06)


def test_nobody_comes_for_a_visit_whose_value_draws_nobody(p):
    """With visit.come at 0 rewards move nobody; with visit.join at 0 nobody joins for them."""
    indifferent = p.vary({"visit_come": 0.0, "visit_join": 0.0})
    assert drives.turnout(indifferent, 15.0) == drives.turnout(indifferent, 0.0)
    assert steps.joining(indifferent, 10.4) == steps.joining(indifferent, 0.0)


def test_a_better_drive_takes_donors_from_another(p):
    """The less a visit's value draws people by itself, the more of a gain is another drive's loss."""
    half = p.vary({"visit_come": 0.5, "choice_slope": 2.0 * p["choice_slope"]})
    own, other = drives.two_drives(half, 5.0)
    plain_own, plain_other = drives.two_drives(half, 0.0)
    assert own > 1.1 * plain_own
    assert other < 0.95 * plain_other
    assert own + other > plain_own + plain_other


def test_people_join_at_the_published_rate_where_nothing_is_paid(p):
    """The control arm is the base of both odds ratios."""
    assert steps.joining(p, 0.0) == pytest.approx(log_odds(0.0323), abs=0.06)
    assert steps.joining(p, 10.4) > steps.joining(p, 10.4, to_charity=True) > steps.joining(p, 0.0)


def test_cards_without_a_pull_are_filled_by_chance(p):
    """No goal, no head start: days to the tenth stamp are a sum of ten waits, whether two more were given or not."""
    idle = p.vary({"choice_goal_kappa": 0.0, "choice_goal_iota": 0.0})
    plain, given = (cards.coffee(idle, endowed=endowed) for endowed in (False, True))
    last = plain[:, -1]
    mean = last[np.isfinite(last)].mean()
    assert cards.median_days(plain) == pytest.approx(gamma.median(10, scale=mean / 10), rel=0.05)
    assert cards.median_days(given) == pytest.approx(cards.median_days(plain), rel=0.05)
    assert cards.speed_up(plain) == pytest.approx(0.0, abs=0.08)


def test_a_head_start_fills_more_cards_and_leaving_fewer(p):
    """What a card asks for, what is given and how many lose interest all show in the cards that are filled."""
    empty, given = (cards.washes(p, 0.14, endowed=endowed) for endowed in (False, True))
    assert 0.1 < empty < given < 1.0
    assert cards.washes(p, 0.3, endowed=False) < empty
    assert cards.washes(p, 0.0, endowed=False) > 0.98


def test_farmers_come_where_an_account_pays(p):
    """Nobody below the price of an account, more with what is paid above it, till everybody else comes for it too."""
    shares = [farms.share_of_farmers(p, yuan) for yuan in (0.5, 2.0, 5.0, 20.0, 200.0)]
    assert shares[0] == 0.0
    assert shares[:4] == sorted(shares[:4])
    assert shares[-1] < 0.95


def test_a_reward_that_draws_nobody_leaves_nothing_behind(p):
    """Where a visit's value moves nobody, a paid month is a month."""
    ratio = fading.paid_against_unpaid(p.vary({"visit_come": 0.0}), fading.REGULARS)
    assert ratio == pytest.approx(np.ones(len(ratio)))


def test_a_reward_loses_its_pull_and_is_missed(p):
    """Most in the first week, least in the last paid one, below the unpaid just after, and back at last."""
    ratio = fading.paid_against_unpaid(p, fading.REGULARS)
    assert ratio[0] > ratio[fading.PAID - 1] > 1.0 > ratio[fading.PAID]
    assert ratio[-1] > ratio[fading.PAID]


def test_the_secant_finds_a_zero_and_leaves_one_alone():
    """A start that is good enough is not moved; else a few steps lead there."""
    assert secant(lambda x: x - 2.0, 2.0, 3.0, 1e-6) == 2.0
    assert secant(lambda x: x**3 - 8.0, 1.0, 1.5, 1e-6) == pytest.approx(2.0, abs=1e-5)
    assert secant(lambda _: 1.0, 1.0, 2.0, 1e-6) == 1.0
