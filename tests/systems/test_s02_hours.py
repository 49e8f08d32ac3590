"""S2 公益时: exact conversion into minutes, labour and donated hours apart."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from tests.systems.runs import Run, run

USERS = 20_000


@pytest.fixture(scope="module")
def week() -> Run:
    return run("week95_2022", USERS)


def test_every_deed_is_worth_exactly_what_its_entry_says(week: Run) -> None:
    """Times done × the entry's minutes, for each deed done on the spot: 0.1 hour a quiz, 4 hours for 200 ml."""
    for name, deed in week.campaign.scenario.deeds.items():
        if deed.effect == "deed":
            minutes = 0 if deed.kind == "general" else deed.hours
            assert week.deeds(name)["minutes"] == minutes * week.deeds(name)["times"], name


def test_labour_and_donated_hours_are_never_mixed(week: Run) -> None:
    """A deed's minutes stand in the class of its entry; gifts, bean gifts and cause purchases are donated."""
    labour, donated = week.metrics["minutes_labour"], week.metrics["minutes_donated"]
    kinds = {name: deed.kind for name, deed in week.campaign.scenario.deeds.items()}
    by_class = {
        k: sum(week.deeds(d)["minutes"] for d in kinds if kinds[d] == k) for k in ("labour", "donated")
    }
    purchases = week.rows(Kind.ORDER_CONFIRM)
    assert labour == by_class["labour"] + week.rows(Kind.IMPORT)["minutes"].sum()
    assert donated == by_class["donated"] + purchases["minutes"].sum()
    assert set(purchases["minutes"]) == {6}
    assert set(purchases["klass"]) == {1}


def test_service_counts_every_full_six_minutes(week: Run) -> None:
    """A volunteer's day is worth what was worked, rounded down to tenths of an hour, never more than planned."""
    rows = week.rows(Kind.DEED)
    service = rows[rows["deed"] == week.deed("volunteer")]["minutes"]
    assert len(service) > 20
    assert len(np.unique(service)) > 3
    assert (service % 6 == 0).all()
    assert service.max() <= week.campaign.scenario.activities.hours


def test_hours_of_a_deed_follow_the_entry() -> None:
    """Twice the hours for a quiz are twice the minutes, and nobody behaves differently: hours are not pay."""
    once, twice = run("week95_2022", 5_000), run("week95_2022", 5_000, deeds__quiz__hours=0.2)
    assert twice.deeds("quiz")["minutes"] == pytest.approx(2 * once.deeds("quiz")["minutes"], rel=0.02)


def test_donated_hours_have_a_cap() -> None:
    """With a cap of 0.2 hours nobody's donated hours exceed it; labour goes on as before."""
    free, capped = run("week95_2022", 5_000), run("week95_2022", 5_000, hours__donated_cap=0.2)
    assert capped.campaign.population.users["donated"].max() == 12
    assert capped.metrics["minutes_donated"] < free.metrics["minutes_donated"]
    assert capped.metrics["minutes_labour"] == pytest.approx(free.metrics["minutes_labour"], rel=0.02)
