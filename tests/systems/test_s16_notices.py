"""S16 other deeds of merchants: notices on parcels, recorded as actions, moving no balance."""

from __future__ import annotations

import numpy as np

from sim.bookkeeping import POSTINGS, Kind
from tests.systems.runs import run

USERS = 5_000


def test_notices_are_recorded_by_merchant_and_move_nothing() -> None:
    """Every notice is an action of its merchant; twice as likely, more of them; the money stays the same."""
    usual = run("festival", USERS)
    many = run("festival", USERS, merchants__notices_per_week=0.5)
    none = run("festival", USERS, merchants__notices_per_week=0.0)
    for r in (usual, many, none):
        rows = r.rows(Kind.NOTICE)
        by_merchant = np.bincount(rows["agent"], minlength=len(r.tables["merchants"]))
        assert r.tables["merchants"]["notices"].to_list() == by_merchant.tolist()
        assert r.metrics["notices"] == len(rows)
        assert not rows["fen"].any()
    assert len(many.rows(Kind.NOTICE)) > 5 * len(usual.rows(Kind.NOTICE)) > len(none.rows(Kind.NOTICE)) == 0
    assert Kind.NOTICE not in POSTINGS
    assert many.metrics["confirmed_fen"] == usual.metrics["confirmed_fen"]
