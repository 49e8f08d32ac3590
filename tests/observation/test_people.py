"""People are honest users: what farmers do changes no number about people."""

from __future__ import annotations

import numpy as np
import pytest
from polars.testing import assert_frame_equal, assert_series_equal

from sim.bookkeeping import Kind
from sim.kernel import tallies
from sim.observation.catalogue import METRICS
from sim.spans import DAY_US
from tests.observation.conftest import USERS, Week

# What is no number about people: rows of all accounts, farmers' own numbers, sponsors' money and where it went.
OF_EVERYBODY = {
    "actions", "recycled_fen", "farmer_share", "farmer_accounts", "farmer_beans", "farmer_subsidy_fen",
    "programme_cost_fen", "farmer_cost_fen", "liability_fen",
    "matched_fen", "subsidy_fen", "overrun", "pool_empty_at", "unmet_claims", "unmet_fen",
    "raised_fen", "top1_ngo_share", "top10_ngo_share", "ngo_gini", "viewable_share", "affordable",
}  # fmt: skip
TABLES = ("channels", "segments", "retention", "deeds", "benefits", "teams", "pledges", "merchants")
MONEY_OF_ALL = {
    "recycled_fen", "matched_fen", "bean_gift_fen", "subsidy_fen", "farmer_subsidy_fen", "voucher_fen",
}  # fmt: skip


@pytest.mark.parametrize("name", [m.name for m in METRICS if m.name not in OF_EVERYBODY])
def test_a_metric_about_people_is_that_of_a_stream_without_farmers(week: Week, name: str) -> None:
    """Every metric that is not said to be about all accounts or about sponsors' money."""
    assert week.seen.totals()[name] == pytest.approx(week.honest.totals()[name], nan_ok=True)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_about_people_is_that_of_a_stream_without_farmers(week: Week, name: str) -> None:
    """Row by row."""
    assert_frame_equal(week.seen.tables()[name], week.honest.tables()[name])


def test_a_day_about_people_is_that_of_a_stream_without_farmers(week: Week) -> None:
    """Every column of `days` that is no money of sponsors."""
    days, honest = (one.tables()["days"].drop(MONEY_OF_ALL) for one in (week.seen, week.honest))
    assert_frame_equal(days, honest)


def test_traffic_of_play_is_peoples(week: Week) -> None:
    """Sessions and deeds by the hour."""
    for column in ("sessions", "deeds"):
        assert_series_equal(*(one.tables()["hours"][column] for one in (week.seen, week.honest)))


def test_beans_that_people_hold_are_what_came_less_what_went(week: Week) -> None:
    """At each day close; farmers hold others, so that the difference can be seen."""
    days, rows = week.seen.tables()["days"], week.rows(Kind.DEED, Kind.GRANT, Kind.HARVEST, Kind.FADE)
    came = np.where(np.isin(rows["kind"], (Kind.DEED, Kind.GRANT)), 1, -1) * rows["beans"].astype(np.int64)
    for day, growing in enumerate(days["growing"].to_list()):
        assert growing == came[rows["t"] < (day + 1) * DAY_US].sum(), day
    farmers = week.campaign.population.users[USERS:]
    assert farmers["growing"].sum() + farmers["available"].sum() > 0


def test_participants_are_the_honest_users_who_played(week: Week) -> None:
    """On each day and in all; and farmers played too, so that the difference can be seen."""
    sessions = week.rows(Kind.SESSION)
    assert len(week.rows(Kind.SESSION, farmers=True)) > 100
    assert week.seen.totals()["participants"] == len(np.unique(sessions["agent"]))
    days = week.seen.tables()["days"]
    for day, count in enumerate(days["participants"]):
        assert count == len(np.unique(sessions["agent"][sessions["t"] // DAY_US == day])), day


def test_the_subsidy_is_shared_out_over_honest_participants(week: Week) -> None:
    """What farmers take is no cost of the people that a campaign reached: it is told by itself."""
    totals = week.seen.totals()
    people = len(np.unique(week.rows(Kind.SESSION)["agent"]))
    paid = totals["subsidy_fen"] - totals["farmer_subsidy_fen"]
    assert totals["subsidy_per_participant"] == pytest.approx(paid / people)


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
    from tests.engine.worlds import world

    campaign = Campaign(world("months", 400), workers=1)
    campaign.run()
    campaign.population.close()
    assert campaign.farmers.rows == 0
    counted, days = tallies.named(campaign.counts()), campaign.recorder.tables()["days"]
    for column, tally in (
        ("participants", counted.active_days), ("sessions", counted.sessions), ("gifts", counted.gifts),
        ("gift_fen", counted.gift_fen), ("minutes_labour", counted.minutes_labour + counted.granted_labour),
        ("minutes_donated", counted.minutes_donated + counted.granted_donated),
        ("general_participation", counted.general),
        ("beans_issued", counted.beans_issued + counted.beans_granted), ("beans_harvested", counted.beans_harvested),
        ("beans_donated", counted.beans_donated), ("beans_redeemed", counted.beans_redeemed),
        ("beans_expired", counted.beans_faded + counted.beans_expired), ("beans_revoked", counted.beans_revoked),
    ):  # fmt: skip
        assert days[column].sum() == tally, column


def test_farmers_have_their_own_numbers(week: Week) -> None:
    """Both groups together are all beans and all blocked accounts."""
    abuse = week.seen.tables()["abuse"]
    for farmers, row in zip((False, True), abuse.iter_rows(named=True), strict=True):
        assert row["blocked"] == len(week.rows(Kind.BLOCK, farmers=farmers))
        assert row["beans_issued"] == week.rows(Kind.DEED, Kind.GRANT, farmers=farmers)["beans"].sum()
        assert row["sessions"] == len(week.rows(Kind.SESSION, farmers=farmers))
    totals, counted = week.seen.totals(), tallies.named(week.campaign.counts())
    assert (totals["beans_issued"], totals["farmer_beans"]) == tuple(abuse["beans_issued"])
    assert totals["farmer_subsidy_fen"] == abuse["subsidy_fen"][1]
    assert totals["farmer_accounts"] == abuse["accounts"][1]
    for column, whole in (
        ("sessions", counted.sessions), ("beans_issued", counted.beans_issued + counted.beans_granted),
        ("beans_harvested", counted.beans_harvested), ("beans_donated", counted.beans_donated),
        ("beans_redeemed", counted.beans_redeemed), ("beans_expired", counted.beans_faded + counted.beans_expired),
        ("beans_revoked", counted.beans_revoked),
    ):  # fmt: skip
        assert abuse[column].sum() == whole, column
    assert abuse["blocked"].to_list()[1] > 0
