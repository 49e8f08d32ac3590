"""S16 other deeds of merchants: notices on parcels, by badge and trust; recorded as actions, moving no balance."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from sim.bookkeeping import POSTINGS, Kind
from tests.systems.runs import DAY_US, Run, run, with_parameters

USERS = 5_000
OFTEN = {"merchants__notices_per_week": 0.1}


@pytest.fixture(scope="module")
def usual() -> Run:
    return run("festival", USERS, **OFTEN)


def noted(r: Run) -> set[tuple[int, int]]:
    """Who put a notice on its parcels, and when."""
    rows = r.rows(Kind.NOTICE)
    return set(zip(rows["agent"].tolist(), rows["t"].tolist(), strict=True))


def test_notices_are_recorded_by_merchant_and_move_nothing(usual: Run) -> None:
    """Every notice is an action of its merchant; five times as likely, more of them; the money stays the same."""
    many = run("festival", USERS, merchants__notices_per_week=0.5)
    none = run("festival", USERS, merchants__notices_per_week=0.0)
    for r in (usual, many, none):
        rows = r.rows(Kind.NOTICE)
        by_merchant = np.bincount(rows["agent"], minlength=len(r.tables["merchants"]))
        assert r.tables["merchants"]["notices"].to_list() == by_merchant.tolist()
        assert r.metrics["notices"] == len(rows)
        assert not rows["fen"].any()
    assert len(many.rows(Kind.NOTICE)) > 3 * len(usual.rows(Kind.NOTICE)) > len(none.rows(Kind.NOTICE)) == 0
    assert noted(usual) < noted(many)
    assert Kind.NOTICE not in POSTINGS
    assert many.metrics["confirmed_fen"] == usual.metrics["confirmed_fen"]


def test_who_shows_the_badge_puts_up_more_notices(usual: Run) -> None:
    """The same merchants put up fewer where no badge is shown; those without a pledge are not moved by it."""
    hidden = run("festival", USERS, **OFTEN, merchants__badge=False)
    takes_part = usual.tables["merchants"]["takes_part"].to_numpy()
    shown, bare = (r.tables["merchants"]["notices"].to_numpy() for r in (usual, hidden))
    assert noted(hidden) < noted(usual)
    assert shown[takes_part].sum() > 1.5 * bare[takes_part].sum() > 0
    np.testing.assert_array_equal(shown[~takes_part], bare[~takes_part])
    assert shown[takes_part].mean() > 1.5 * shown[~takes_part].mean()


def test_a_stronger_pull_of_the_badge_makes_more_notices(usual: Run) -> None:
    """Its size is a parameter: without it badge and no badge are the same."""
    weak = with_parameters("festival", USERS, {"merchants_notice_badge": 0.0}, **OFTEN)
    hidden = run("festival", USERS, **OFTEN, merchants__badge=False)
    assert noted(weak) == noted(hidden)


def test_a_scandal_silences_merchants() -> None:
    """Until it breaks nothing differs; after it a part of the notices is missing and none is new."""
    day = 10
    scandal = {"ngos__scandal_at": datetime.fromisoformat("2018-11-01T00:00:00+08:00")}
    often = {"merchants__notices_per_week": 0.4}
    calm, broken = run("festival", 20_000, **often), run("festival", 20_000, **often, **scandal)
    before = [{n for n in noted(r) if n[1] < day * DAY_US} for r in (calm, broken)]
    assert before[0] == before[1]
    assert noted(broken) < noted(calm)
