"""Merchants: best-sellers are pledged, at most one seller in six takes part, the badge stands with the pledge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.agents.merchants import Merchants
from sim.agents.weeks import MerchantWeeks
from sim.behaviour.parameters import load_parameters
from sim.bookkeeping import Kind
from sim.engine.campaign import Campaign
from sim.kernel.rows import NOBODY
from tests.systems.runs import DAY_US, Run, run, scenario

USERS = 10_000
BARRIER_US = DAY_US // 4


@pytest.fixture(scope="module")
def season() -> Run:
    return run("festival", USERS)


def test_best_sellers_are_pledged(season: Run) -> None:
    """Pledged products sell more than a merchant's others, and who takes part is larger than who does not."""
    merchants = season.campaign.merchants
    pledged = merchants.product["project"] != NOBODY
    assert merchants.popularity[pledged].mean() > 3 * merchants.popularity[~pledged].mean()
    takes_part = season.tables["merchants"]["takes_part"].to_numpy()
    size = season.tables["merchants"]["size"].to_numpy()
    assert np.median(size[takes_part]) > np.median(size[~takes_part])


def test_at_most_one_seller_in_six_takes_part(season: Run) -> None:
    """The ceiling holds at the start and after weeks of adoption; a lower one lets fewer in."""
    merchants = season.tables["merchants"]
    assert merchants["takes_part"].sum() <= round(len(merchants) / 6)
    few = run("festival", USERS, merchants__ceiling=0.05).tables["merchants"]
    assert few["takes_part"].sum() <= round(0.05 * len(few)) < merchants["takes_part"].sum()


def test_a_dearer_margin_gives_more() -> None:
    """Pledges above the minimum are commoner where the label earns more of them back: a quarter of all over orders."""
    anything = np.array([1.0]), np.array([0])
    merchants = Merchants.draw(scenario("festival", 50_000), load_parameters(), 0, anything)
    product, pledged = merchants.product, merchants.product["project"] != NOBODY
    for item in np.flatnonzero(~pledged).tolist():
        merchants.weigh(item)
    above = (product["ppm"] > 0) | (product["fixed"] > 2)
    margin = merchants.margin[merchants.owner]
    assert above[margin >= 0.3].mean() > 1.2 * above[margin <= 0.2].mean()
    weight = merchants.popularity * pledged
    assert weight[above].sum() / weight.sum() == pytest.approx(0.29, abs=0.03)


def test_pledges_are_taken_up_before_a_promotion(season: Run) -> None:
    """In the two weeks before the festival more pledges are made than without the pull of a promotion."""
    calm = run("festival", USERS, merchants__promotion_pull=0.0)
    before = [((_p := r.rows(Kind.PLEDGE))["t"] // DAY_US < 21).sum() for r in (season, calm)]
    after = [((_p := r.rows(Kind.PLEDGE))["t"] // DAY_US >= 21).sum() for r in (season, calm)]
    assert before[0] > before[1]
    assert after[0] == pytest.approx(after[1], abs=0.2 * after[1] + 3)


def test_the_badge_vanishes_with_the_pledge() -> None:
    """Who withdraws has no badge, no pledged product, and from the next barrier on no charity orders."""
    fickle = run("festival", USERS, merchants__quit_per_month=1.0)
    withdrawn = fickle.rows(Kind.UNPLEDGE)
    assert len(withdrawn) > 20
    table, orders = fickle.tables["merchants"], fickle.rows(Kind.ORDER_CREATE)
    again = fickle.rows(Kind.PLEDGE)
    for row in withdrawn:
        if (again["t"][again["agent"] == row["agent"]] > row["t"]).any():
            continue
        merchant = table.row(int(row["agent"]), named=True)
        assert (merchant["badge"], merchant["takes_part"], merchant["pledged_products"]) == (False, False, 0)
        assert not (orders["t"][orders["party"] == row["agent"]] >= row["t"] + BARRIER_US).any()


def test_merchants_get_their_rest_and_projects_their_donation(season: Run) -> None:
    """Of a confirmed price the donation goes to the project, the rest is paid out to the merchant."""
    confirmed = season.rows(Kind.ORDER_CONFIRM)
    rest = np.bincount(confirmed["party"], confirmed["price"] - confirmed["fen"])
    paid = season.rows(Kind.PAYOUT)
    np.testing.assert_array_equal(np.bincount(paid["party"], paid["fen"], len(rest)), rest)
    given = season.tables["merchants"]["donated_fen"].to_numpy()
    np.testing.assert_array_equal(np.bincount(confirmed["party"], confirmed["fen"], len(given)), given)


def test_pledges_follow_projects_that_are_open() -> None:
    """When a project reaches its goal its merchants choose an open one within a week."""
    goals = run("festival", USERS, projects__targets_total="1_000_000 yuan", ngos__report_every="365 days")
    projects = goals.campaign.projects
    assert projects.funded.sum() > 3
    pledged = goals.campaign.merchants.product["project"]
    assert set(pledged[pledged != NOBODY]) <= set(np.flatnonzero(projects.open)) | late_closed(goals)


def late_closed(r: Run) -> set[int]:
    """Projects whose last donation came within the last week: their merchants may still have to choose."""
    rows = r.rows(Kind.ORDER_CONFIRM)
    recent = rows["project"][rows["t"] >= (45 - 7) * DAY_US]
    return set(recent.tolist()) & set(np.flatnonzero(~r.campaign.projects.open).tolist())


EVENTFUL = {
    "projects.targets_total": "1_000_000 yuan",
    "ngos.report_every": "365 days",
    "merchants.ceiling": 0.3,
}


def test_only_those_who_may_act_wake_and_nobody_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Goals reached, pledges taken up and withdrawn, notices: all as if every merchant looked every week."""
    looked = {"few": 0, "all": 0}
    digests = {}
    decide = MerchantWeeks.decide

    def everybody(self: MerchantWeeks, until: int, open_projects: np.ndarray) -> list[int]:
        at = self.merchants.next_at
        late = np.flatnonzero(at <= until)
        return list(late[np.lexsort((late, at[late]))].tolist())

    for who in looked:

        def counted(self: MerchantWeeks, *args: Any, who: str = who) -> None:
            looked[who] += 1
            decide(self, *args)

        monkeypatch.setattr(MerchantWeeks, "decide", counted)
        if who == "all":
            monkeypatch.setattr(MerchantWeeks, "due", everybody)
        campaign = Campaign(scenario("festival", 3_000, changes=EVENTFUL), workers=1)
        campaign.run()
        digests[who] = campaign.digest()
        assert campaign.projects.funded.sum() > 3
    assert digests["few"] == digests["all"]
    assert looked["few"] < 0.2 * looked["all"]
