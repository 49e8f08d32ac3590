"""S: a part of the pay comes later: promised at the deed, paid when it is due, and counted as owed until then."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from sim.kernel import tallies
from sim.kernel.rows import LATER
from tests.systems.ruled import DAY_US, Played

NOW = {"what": "quiz", "form": {"add": 20}}
SOON = {"what": "quiz", "form": {"add": 20, "later": "30 h"}}
WEEKS = {"what": "quiz", "form": {"add": 20, "later": "28 days"}}


@pytest.fixture(scope="module")
def soon():
    return Played({"bonus": SOON})


def owed(run: Played) -> int:
    """Beans in the users' lists of what is to come."""
    errands = run.campaign.population.errands()
    return int(errands["price"][errands["step"] == LATER].sum())


def test_what_is_promised_comes_when_it_is_due(soon):
    """Thirty hours after each quiz, to the second, twenty beans; what is not due yet is owed."""
    quizzes, paid = soon.deeds("quiz"), soon.rows(Kind.GRANT, "bonus")
    due = np.sort(quizzes["t"] // 1_000_000 + 30 * 3600)
    end = 4 * DAY_US // 1_000_000
    assert np.array_equal(np.sort(paid["t"] // 1_000_000), due[due < end])
    assert set(paid["beans"].tolist()) == {20}
    assert owed(soon) == 20 * int((due >= end).sum()) > 0
    assert tallies.named(soon.campaign.counts()).beans_promised == owed(soon)


def test_the_quiz_itself_pays_at_once(soon):
    """Only the rule's part waits, and the books know it by the rule's name once it is paid."""
    assert set(soon.deeds("quiz")["beans"].tolist()) == {10}
    assert soon.booked(3110, 1) == soon.rows(Kind.GRANT, "bonus")["beans"].sum()


def test_what_is_owed_is_part_of_what_the_programme_costs(soon):
    """Beans promised and not due count as those that people hold: at their price, as far as beans are used."""
    totals, people = soon.campaign.recorder.totals(), soon.campaign.population.totals()
    waiting = soon.rows(Kind.REDEEM_HOLD)["beans"].sum()
    waiting -= sum(soon.rows(kind)["beans"].sum() for kind in (Kind.REDEEM_SHIP, Kind.REDEEM_CANCEL))
    unspent = people.growing + people.available + waiting + owed(soon)
    assert totals["liability_fen"] == pytest.approx(unspent * totals["beans_used_share"])  # a bean is a fen


def test_who_has_left_meanwhile_still_gets_it(soon):
    """Players who are gone for good are paid what they were promised."""
    gone = np.flatnonzero(soon.campaign.population.users["flags"] & 2)
    last = {u: soon.stream["t"][(soon.stream["agent"] == u) & (soon.stream["kind"] == Kind.SESSION)].max(initial=0)
            for u in gone.tolist()}  # fmt: skip
    paid = soon.rows(Kind.GRANT, "bonus")
    assert sum(row["t"] > last[row["agent"]] for row in paid if int(row["agent"]) in last) > 0


def test_the_longer_it_takes_the_less_it_draws():
    """Fewer quizzes for beans in four weeks than for the same at once, and more than for none, as long as nobody has
    enough of them."""
    dear = {"redemptions": {"voucher": {"beans": 5_000, "value": "100 yuan"}}}
    nothing, weeks, now = Played({}, **dear), Played({"bonus": WEEKS}, **dear), Played({"bonus": NOW}, **dear)
    counts = [len(run.deeds("quiz")) for run in (nothing, weeks, now)]
    assert counts[0] < counts[1] < counts[2]
    assert owed(weeks) == 20 * counts[1]
    assert len(weeks.rows(Kind.GRANT)) == 0


def test_a_budget_is_promised_only_once():
    """Promises ask the budget at the deed: what was promised is paid whole, and nothing beyond the budget."""
    run = Played({"bonus": {**SOON, "budget": "10_000 yuan"}})
    paid = run.rows(Kind.GRANT, "bonus")
    assert paid["beans"].sum() + owed(run) == 1_000
    assert len(paid) > 0
    assert len(run.rows(Kind.GRANT, "bonus", refused=True)) > 0
    assert run.campaign.budgets.left.tolist() == [0]
    assert set(np.unique(run.stream["outcome"])) == {0, 1}


@pytest.mark.parametrize("rule", [SOON, {**SOON, "budget": "10_000 yuan"}])
def test_workers_blocks_and_snapshots_change_no_promise(tmp_path, rule):
    """Two threads, other blocks, and a stop while much is owed."""
    from sim.engine.campaign import Campaign

    whole = Played({"bonus": rule})
    assert (
        Played({"bonus": rule}, how={"workers": 2, "block": 700}).campaign.digest() == whole.campaign.digest()
    )
    first = Campaign(whole.scenario, workers=1)
    first.run(until_s=30 * 3600)
    first.save(tmp_path / "half.npz")
    second = Campaign(whole.scenario, workers=1)
    second.load(tmp_path / "half.npz")
    second.run()
    assert second.digest() == whole.campaign.digest()
