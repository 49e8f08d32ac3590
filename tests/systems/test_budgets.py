"""S: a rule with a budget pays as far as it goes, to the bean, and then ends."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from tests.systems.ruled import DAY_US, Played

# 1,000 times as many people stand behind those simulated: 200,000 yuan are 200, which buy 20,000 beans.
BONUS = {"what": "quiz", "form": {"add": 7}}
BUDGET = {**BONUS, "budget": "3500 yuan"}  # 350 beans: 50 grants of 7


@pytest.fixture(scope="module")
def open_handed():
    return Played({"bonus": BONUS})


@pytest.fixture(scope="module")
def limited():
    return Played({"bonus": BUDGET})


def test_a_budget_is_spent_to_the_last_grant_and_never_beyond(open_handed, limited):
    """Without a budget far more is granted than the budget buys; with it exactly that, whole grants only."""
    assert open_handed.rows(Kind.GRANT, "bonus")["beans"].sum() > 350
    granted = limited.rows(Kind.GRANT, "bonus")
    assert granted["beans"].tolist() == [7] * 50
    assert limited.booked(3110, 1) == 350
    assert limited.campaign.budgets.left[0] == 0


@pytest.mark.parametrize(
    "rule",
    [
        {**BONUS, "budget": "60 yuan"},  # 6 beans here: less than one grant
        {
            "what": "quiz",
            "form": {"lottery": {"chance": "100 %", "money": "1 yuan"}},
            "budget": "500 yuan",
        },  # 50 fen
    ],
)
def test_a_budget_too_small_for_one_grant_draws_nobody(rule):
    """A rule that can never pay is as good as none, from the first moment on: the same people do the same."""
    without, with_it = Played({}), Played({"bonus": rule})
    assert not len(with_it.rows(Kind.GRANT, "bonus"))
    assert not len(with_it.rows(Kind.PRIZE, "bonus"))
    for column in ("used", "habit", "growing", "play_s", "number"):
        np.testing.assert_array_equal(
            with_it.campaign.population.users[column], without.campaign.population.users[column]
        )


def test_claims_are_served_in_keyed_order_and_those_after_are_refused(limited):
    """What asked after the budget was spent, before the rule ended, stands as refused and pays nothing."""
    refused = limited.rows(Kind.GRANT, "bonus", refused=True)
    assert len(refused) > 0
    last = limited.rows(Kind.GRANT, "bonus")["t"].max()
    barrier = -(-last // (3 * 3_600_000_000)) * 3 * 3_600_000_000
    assert refused["t"].max() <= barrier


def test_a_rule_whose_budget_is_spent_holds_no_longer(limited):
    """After the barrier at which it ended nobody asks it for anything."""
    asked = limited.stream[limited.stream["kind"] == Kind.GRANT]
    assert asked["t"].max() < DAY_US
    assert len(limited.deeds("quiz")["t"][limited.deeds("quiz")["t"] > DAY_US]) > 0


def test_what_a_rest_cannot_pay_stays(open_handed):
    """A rest below the least grant is left, and the rule ends all the same."""
    run = Played({"bonus": {**BONUS, "budget": "3540 yuan"}})
    assert run.booked(3110, 1) == 350
    assert run.campaign.budgets.left[0] == 4
    assert run.campaign.budgets.ended.tolist() == [True]


def test_granted_beans_grow_from_the_barrier_on(limited):
    """They join those of the day; what grows, what is picked and what fades still adds up (the day close checks it)."""
    grown = limited.rows(Kind.GRANT)["beans"].sum() + limited.rows(Kind.DEED)["beans"].sum()
    people = limited.campaign.population.totals()
    gone = sum(int(limited.rows(kind)["beans"].sum()) for kind in (Kind.FADE, Kind.EXPIRE, Kind.REDEEM_HOLD))
    back = limited.rows(Kind.REDEEM_CANCEL)["beans"].sum()
    assert grown == people.growing + people.available + gone - back


def test_a_cap_gets_back_what_was_refused():
    """Who asked in vain may still earn as much under the day's cap: the caps' counts are of what was paid."""
    cap = {"form": {"cap": 24}}
    run = Played({"bonus": BUDGET, "most": cap})
    people, rows = run.campaign.population, run.stream
    last = (run.scenario.scenario.length // DAY_US) - 1
    paid = np.zeros(len(people.users), np.int64)
    own = rows[(rows["kind"] == Kind.DEED) | (rows["kind"] == Kind.GRANT)]
    own = own[(own["outcome"] == 0)]
    for day in range(last + 1):
        paid[:] = 0
        today = own[own["t"] // DAY_US == day]
        np.add.at(paid, today["agent"], today["beans"])
        assert paid.max() <= 24
    refused = run.rows(Kind.GRANT, refused=True)
    again = [
        r for r in refused
        if ((own["agent"] == r["agent"]) & (own["t"] > r["t"]) & (own["t"] // DAY_US == r["t"] // DAY_US)).any()
    ]  # fmt: skip
    assert len(again) > 0


def test_two_workers_and_other_blocks_serve_the_same_claims(limited):
    """Neither threads nor the size of blocks change who is granted what."""
    other = Played({"bonus": BUDGET}, how={"workers": 2, "block": 700})
    assert other.campaign.digest() == limited.campaign.digest()


def test_a_budget_survives_a_snapshot(tmp_path, limited):
    """A run that was stopped and taken up again is the run that was not."""
    from sim.engine.campaign import Campaign

    first = Campaign(limited.scenario, workers=1)
    first.run(until_s=6 * 3600)
    first.save(tmp_path / "half.npz")
    second = Campaign(limited.scenario, workers=1)
    second.load(tmp_path / "half.npz")
    second.run()
    assert second.digest() == limited.campaign.digest()


def test_a_rule_without_a_budget_pays_at_once(open_handed):
    """Nothing is refused."""
    assert len(open_handed.rows(Kind.GRANT, refused=True)) == 0
