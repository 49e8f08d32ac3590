"""The trace and the books around it: whoever sends it in order ends with the simulation's balances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from sim.bookkeeping import Kind
from sim.engine.clocks import barriers
from sim.trace import Trace
from sim.tracing.generate import trace_slice
from sim.wire import COLUMNS, Expected
from tests.engine.worlds import world
from tests.trace.made import BUSY, CASES, HELLO, MONTHS, PEAK, Case, made
from tests.trace.plain import differences, replay

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_sent_in_order_a_trace_ends_with_the_simulations_books(case: Case) -> None:
    """From the opening balances, account by account, users expanded, to the fen, the bean and the minute."""
    trace = made(case).trace
    ledger, outcomes = replay(trace)
    assert differences(ledger, trace) == {}
    assert len(outcomes) == len(trace) > 500
    expected = trace.columns["expected"]
    unsure = np.array([outcome != "accepted" for outcome in outcomes])
    assert not (unsure & (expected == Expected.ACCEPTED)).any()


def test_the_cases_show_what_they_are_meant_to_show() -> None:
    """Among them are open documents, users' balances, running disbursements, several periods and empty pools."""
    peak, busy, months = (made(case).trace for case in (PEAK, BUSY, MONTHS))
    prepared = {Kind(k) for trace in (peak, busy, months) for k in trace.prepare["kind"]}
    assert prepared >= {Kind.SETTLE, Kind.ORDER_CREATE, Kind.ORDER_PAY, Kind.REDEEM_HOLD, Kind.DISBURSE_ASK}
    opened = set(pl.concat([busy.openings, months.openings])["account"].str.slice(0, 4))
    assert opened >= {"2100", "2110", "2200", "2400", "2600", "2800"}
    assert not months.facts["beans_by_period"]
    assert busy.facts["beans_by_period"]
    assert Kind.BEAN_GIFT in {Kind(k) for k in busy.columns["kind"]}


@pytest.mark.parametrize("kind", [Kind.DEED, Kind.ORDER_CREATE, Kind.POOL_DEPOSIT, Kind.SETTLE, Kind.HARVEST])
def test_a_trace_that_lacks_a_row_ends_with_other_books(kind: Kind) -> None:
    """The comparison has teeth: leave out one request and some account differs, or what follows is refused."""
    trace = made(HELLO).trace
    place = int(np.flatnonzero(trace.columns["kind"] == kind)[0])
    fewer = replace(trace, columns={name: np.delete(trace.columns[name], place) for name in COLUMNS})
    assert differences(replay(fewer)[0], trace)


def test_a_whole_campaign_begins_with_empty_books() -> None:
    """Nothing to open, nothing to prepare but the scenario's rules."""
    trace = made(HELLO).trace
    assert trace.openings.height == 0
    assert trace.prepare["kind"].tolist() == [Kind.RULE] * len(made(HELLO).scenario.rules)


def test_a_slice_may_begin_and_end_at_any_barrier() -> None:
    """Wherever a week is cut, also where people are in the middle of a session, the books fit."""
    scenario = world("week95_2022", 1_500, 4)
    at = barriers(scenario)
    for first, last in ((3, 40), (40, 41), (60, 150), (100, len(at) - 1)):
        trace = trace_slice(scenario, "week95_2022", (int(at[first]), int(at[last])), workers=1)
        assert differences(replay(trace)[0], trace) == {}, (at[first], at[last])


def test_a_pools_last_fen_goes_where_the_barrier_gave_it() -> None:
    """A claim made across a barrier was served before earlier ones of the next interval; so it is in the trace."""
    trace = made(("match_pools", 2_000, 5, 0, 120)).trace
    assert differences(replay(trace)[0], trace) == {}
    gifts = trace.columns["kind"] == Kind.GIFT
    told = made(("match_pools", 2_000, 5, 0, 120)).stream
    instants = set(told["t"][told["kind"] == Kind.GIFT].tolist())
    assert not set(trace.columns["due_us"][gifts].tolist()) <= instants  # some are sent when they were served


def test_the_parts_of_a_split_gift_are_requests_of_their_own_and_bring_their_hours_once() -> None:
    """Under a match by lot: as many requests in a chain as gifts, each with its match, and the books fit."""
    scenario = world("busy", 1_000, 3, "lots")
    at = barriers(scenario)
    trace = trace_slice(scenario, "busy", (int(at[0]), int(at[-1])), workers=1)
    assert differences(replay(trace)[0], trace) == {}
    gifts = trace.columns["kind"] == Kind.GIFT
    due, user = trace.columns["due_us"][gifts].astype(np.int64), trace.columns["subject"][gifts]
    order = np.lexsort((due, user))
    parts = (np.diff(due[order]) <= 1) & (np.diff(user[order]) == 0)
    assert parts.sum() > 10
    assert not trace.columns["minutes"][gifts][order][1:][parts].any()


# A mistake of the NGOs in every report, projects with little left: corrections reach over a slice's start.
MISTAKEN = {"ngos.correction": 1.0, "ngos.report_every": "1 day", "ngos.disburse_every": "1 day"}


@pytest.mark.parametrize("hours", [0, 240, 340, 354])
def test_corrections_take_back_the_donation_they_belong_to(hours: int) -> None:
    """Also one given before the slice, and one whose money is spent already: then both sides refuse."""
    trace = mistaken(hours)
    ledger, outcomes = replay(trace)
    assert differences(ledger, trace) == {}
    corrected = trace.columns["kind"] == Kind.CORRECTION
    ended = {outcome for outcome, mine in zip(outcomes, corrected, strict=True) if mine}
    assert ended == {"accepted", "insufficient_funds"}
    assert (trace.columns["expected"][corrected] == Expected.DEPENDS).all()


def mistaken(hours: int) -> Trace:
    """The charity account's month with careless NGOs, from so many hours on."""
    from tests.systems.runs import scenario

    careless = scenario("zhejiang_account", 1_500, 2, MISTAKEN)
    return trace_slice(careless, "careless", (hours * 3600, 24 * 20 * 3600), workers=1)


def test_corrections_in_a_slice_bring_their_donation_along() -> None:
    """It is given again beforehand, and where its money is gone, that is paid out again."""
    prepared = mistaken(340).prepare["kind"].tolist()
    assert prepared.count(Kind.GIFT) > 0
    assert prepared.count(Kind.DISBURSE_PAID) == prepared.count(Kind.DISBURSE_APPROVE) > 0
