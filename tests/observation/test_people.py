"""People are honest users: what farmers do changes no number about people."""

from __future__ import annotations

import numpy as np
import pytest
from polars.testing import assert_frame_equal

from sim.bookkeeping import Kind
from sim.observation.catalogue import METRICS
from sim.spans import DAY_US
from tests.observation.conftest import USERS, Week

# What is no number about people: actions and beans of all accounts, sponsors' money and where it went.
OF_EVERYBODY = {
    "actions", "beans_issued", "beans_harvested", "beans_donated", "beans_redeemed", "beans_expired", "beans_revoked",
    "matched_fen", "recycled_fen", "subsidy_fen", "subsidy_per_user", "subsidy_per_participant", "overrun",
    "farmer_share", "pool_empty_at", "unmet_claims", "unmet_fen", "raised_fen",
    "top1_ngo_share", "top10_ngo_share", "ngo_gini", "viewable_share", "affordable",
}  # fmt: skip
TABLES = ("channels", "segments", "retention", "deeds", "benefits", "teams", "pledges", "merchants")


@pytest.mark.parametrize("name", [m.name for m in METRICS if m.name not in OF_EVERYBODY])
def test_a_metric_about_people_is_that_of_a_stream_without_farmers(week: Week, name: str) -> None:
    """Every metric that is not said to be about all accounts or about sponsors' money."""
    assert week.seen.totals()[name] == pytest.approx(week.honest.totals()[name], nan_ok=True)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_about_people_is_that_of_a_stream_without_farmers(week: Week, name: str) -> None:
    """Row by row."""
    assert_frame_equal(week.seen.tables()[name], week.honest.tables()[name])


def test_participants_are_the_honest_users_who_played(week: Week) -> None:
    """On each day and in all; and farmers played too, so that the difference can be seen."""
    sessions = week.rows(Kind.SESSION)
    assert len(week.rows(Kind.SESSION, farmers=True)) > 100
    assert week.seen.totals()["participants"] == len(np.unique(sessions["agent"]))
    days = week.seen.tables()["days"]
    for day, count in enumerate(days["participants"]):
        assert count == len(np.unique(sessions["agent"][sessions["t"] // DAY_US == day])), day


def test_the_subsidy_is_shared_out_over_honest_participants(week: Week) -> None:
    """What sponsors pay for farmers is a cost of the people that a campaign reached."""
    totals = week.seen.totals()
    people = len(np.unique(week.rows(Kind.SESSION)["agent"]))
    assert totals["subsidy_per_participant"] == pytest.approx(totals["subsidy_fen"] / people)


def test_charity_time_is_what_honest_users_were_credited(week: Week) -> None:
    """Minutes by class, general participation, minutes a user."""
    kinds = (Kind.DEED, Kind.GENERAL, Kind.GIFT, Kind.BEAN_GIFT, Kind.ORDER_CONFIRM, Kind.IMPORT)
    rows, totals = week.rows(*kinds), week.seen.totals()
    assert totals["minutes_labour"] == rows["minutes"][rows["klass"] == 0].sum() > 0
    assert totals["minutes_donated"] == rows["minutes"][rows["klass"] == 1].sum() > 0
    assert totals["minutes_per_user"] == pytest.approx(rows["minutes"].sum() / USERS)
    named = list(week.campaign.scenario.deeds.values())
    general = [k for k, deed in enumerate(named) if deed.effect == "deed" and deed.kind == "general"]
    done = week.rows(Kind.DEED, Kind.GENERAL)
    assert totals["general_participation"] == np.isin(done["deed"], general).sum() > 0


def test_without_farmers_what_rows_say_is_what_the_kernel_counted() -> None:
    """Minutes, active days, gifts and general participation have a second witness."""
    from sim.engine.campaign import Campaign
    from sim.kernel import tallies
    from tests.engine.worlds import world

    campaign = Campaign(world("months", 400), workers=1)
    campaign.run()
    campaign.population.close()
    assert campaign.farmers.rows == 0
    counted, days = tallies.named(campaign.counts()), campaign.recorder.tables()["days"]
    for column, tally in (
        ("participants", counted.active_days), ("sessions", counted.sessions), ("gifts", counted.gifts),
        ("gift_fen", counted.gift_fen), ("minutes_labour", counted.minutes_labour),
        ("minutes_donated", counted.minutes_donated), ("general_participation", counted.general),
    ):  # fmt: skip
        assert days[column].sum() == tally, column


def test_farmers_have_their_own_numbers(week: Week) -> None:
    """Both groups together are all beans and all blocked accounts."""
    abuse = week.seen.tables()["abuse"]
    for farmers, row in zip((False, True), abuse.iter_rows(named=True), strict=True):
        assert row["blocked"] == len(week.rows(Kind.BLOCK, farmers=farmers))
        assert row["beans_issued"] == week.rows(Kind.DEED, farmers=farmers)["beans"].sum()
    assert abuse["beans_issued"].sum() == week.seen.totals()["beans_issued"]
    assert abuse["blocked"].to_list()[1] > 0
