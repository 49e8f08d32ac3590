"""A gift that goes back to the farmer who made it is money that nobody gave."""

from __future__ import annotations

import numpy as np

from sim.bookkeeping import CR_POSTED, Kind
from tests.observation.conftest import Week


def recycled(week: Week) -> int:
    """What farmers put in, to have it matched."""
    fen = int(week.rows(Kind.GIFT, farmers=True)["fen"].sum())
    assert fen > 0
    return fen


def test_recycled_gifts_are_told_by_themselves(week: Week) -> None:
    """As a metric, by day and by project."""
    tables = week.seen.tables()
    assert week.seen.totals()["recycled_fen"] == recycled(week)
    assert tables["days"]["recycled_fen"].sum() == tables["projects"]["recycled_fen"].sum() == recycled(week)


def test_money_raised_is_what_projects_were_credited_without_them(week: Week) -> None:
    """Project by project: the books' credits are the money raised and what was recycled."""
    tables = week.seen.tables()
    credited = week.campaign.books.counters()[2400][CR_POSTED]
    projects = tables["projects"]
    assert (projects["raised_fen"] + projects["recycled_fen"]).to_list() == credited.tolist()
    by_source = projects.select("order_fen", "gift_fen", "match_fen", "bean_fen", "team_fen").sum_horizontal()
    assert by_source.to_list() == projects["raised_fen"].to_list()
    raised = int(credited.sum()) - recycled(week)
    assert tables["ngos"]["raised_fen"].sum() == tables["sources"]["fen"].sum() == raised
    metrics = week.seen.metrics()
    assert metrics.filter(metrics["metric"] == "raised_fen")["value"].sum() == raised


def test_gifts_are_those_of_people(week: Week) -> None:
    """How many, how much, and how many of them a sponsor matched."""
    gifts, totals = week.rows(Kind.GIFT), week.seen.totals()
    assert totals["gifts"] == len(gifts)
    assert totals["gift_fen"] == gifts["fen"].sum()
    assert totals["gifts_matched_share"] == np.mean(gifts["match"] > 0)
