"""S3 公益慈善账户: who may open one, what is imported, the youth account, benefits and their thresholds."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from sim.domain.eligibility import reaches_benefit
from sim.kernel.rows import HOLDER
from tests.systems.runs import Run, run

USERS = 10_000
NO_TIES = {f"account__{tie}": 0.0 for tie in ("native", "works", "studies", "lives")}


@pytest.fixture(scope="module")
def month() -> Run:
    return run("zhejiang_account", USERS)


def holders(r: Run) -> np.ndarray:
    return (r.campaign.population.users["flags"][:USERS] & HOLDER) > 0


def test_only_those_with_a_tie_to_the_province_hold_an_account(month: Run) -> None:
    """Native, working, studying or living there: one tie is enough, without any there is no account."""
    word = (month.place()[2] * 2.0**32).astype(np.uint64)
    account = month.campaign.scenario.account
    shares = (account.native, account.works, account.studies, account.lives)
    tied = np.any(
        [((word >> np.uint64(8 * k)) & np.uint64(255)) / 256 < s for k, s in enumerate(shares)], axis=0
    )
    assert holders(month).sum() > 500
    assert not holders(month)[~tied].any()
    assert not tied.all()


def test_nobody_opens_an_account_where_nobody_is_eligible(month: Run) -> None:
    """Without ties there are no holders, no imports and no benefits; one kind of tie alone opens the door."""
    nobody = run("zhejiang_account", USERS, **NO_TIES)
    assert not holders(nobody).any()
    assert len(nobody.rows(Kind.ACCOUNT_APPLY, Kind.IMPORT, Kind.BENEFIT)) == 0
    students = run("zhejiang_account", USERS, **{**NO_TIES, "account__studies": 0.3})
    assert 0 < holders(students).sum() < holders(month).sum()


def test_some_hold_an_account_from_the_start_and_others_apply(month: Run) -> None:
    """Holders are those there at the start plus those who applied, each once."""
    applied = month.rows(Kind.ACCOUNT_APPLY)["agent"]
    assert len(np.unique(applied)) == len(applied) > 0
    later = run("zhejiang_account", USERS, account__holders_at_start=0.0)
    assert holders(later).sum() == len(later.rows(Kind.ACCOUNT_APPLY))
    assert holders(month).sum() - len(applied) > 300


def test_a_record_sent_twice_counts_once(month: Run) -> None:
    """A partner that repeats a fifth of its records credits exactly what one that never does credits."""
    clean = run("zhejiang_account", USERS, account__partner_repeats=0.0)
    assert month.campaign.partner.repeated > 0 == clean.campaign.partner.repeated
    for r in (month, clean):
        ids = r.rows(Kind.IMPORT)[["agent", "ref"]]
        assert len(np.unique(ids)) == len(ids) > 50
    assert month.rows(Kind.IMPORT)["minutes"].sum() == clean.rows(Kind.IMPORT)["minutes"].sum()


def test_imports_credit_labour_to_holders_only(month: Run) -> None:
    """Imported service is labour, and only account holders have any."""
    imported = month.rows(Kind.IMPORT)
    assert set(imported["klass"]) == {0}
    assert holders(month)[imported["agent"]].all()
    assert month.metrics["minutes_labour"] > imported["minutes"].sum()


def test_every_holder_reaches_exactly_the_benefits_of_their_hours_and_age(month: Run) -> None:
    """Who holds an account and has the hours has the benefit, once, whatever the hours came from."""
    users, minor = month.campaign.population.users[:USERS], month.minors()[:USERS]
    minutes = users["labour"] + users["donated"]
    reached = month.rows(Kind.BENEFIT)
    for k, benefit in enumerate(month.campaign.scenario.benefits.values()):
        due = [
            u for u in np.flatnonzero(holders(month))
            if reaches_benefit(int(minutes[u]), benefit.needs, benefit.youth, bool(minor[u]))
        ]  # fmt: skip
        got = reached["agent"][reached["deed"] == k]
        assert sorted(got) == due
        assert len(due) > 0


def test_a_lower_threshold_is_reached_by_more(month: Run) -> None:
    """Half the hours for a benefit, more people who have it."""
    low = run("zhejiang_account", USERS, benefits__settlement__needs=10.0, benefits__qianjiang__needs=4.0)
    before, after = (
        dict(r.tables["benefits"].select("benefit", "reached").iter_rows()) for r in (month, low)
    )
    assert after["settlement"] > before["settlement"]
    assert after["qianjiang"] > before["qianjiang"]


def test_a_benefit_in_reach_makes_holders_do_more(month: Run) -> None:
    """Somewhere to get to pulls: with thresholds out of reach holders do fewer deeds, others the same."""
    far = run(
        "zhejiang_account",
        USERS,
        **{f"benefits__{b}__needs": 100_000.0 for b in month.campaign.scenario.benefits},
    )
    done = [np.bincount(r.rows(Kind.DEED)["agent"], minlength=USERS)[:USERS] for r in (month, far)]
    either = holders(month) | holders(far)
    assert done[0][either].sum() > 1.02 * done[1][either].sum()
    others = ~either
    assert done[0][others].sum() == pytest.approx(done[1][others].sum(), rel=0.02)


def test_general_participation_is_recorded_and_worth_no_hours(month: Run) -> None:
    """Sign-ins and training stand in the record without a minute; training is for account holders."""
    rows = month.rows(Kind.DEED, Kind.GENERAL)
    general = rows[
        np.isin(rows["deed"], [month.deed("sign_in"), month.deed("training")]) & (rows["agent"] < USERS)
    ]
    assert month.metrics["general_participation"] == len(general) > 1_000
    assert general["minutes"].sum() == 0
    trained = general["agent"][general["deed"] == month.deed("training")]
    assert holders(month)[trained].all()
    assert len(trained) > 10
