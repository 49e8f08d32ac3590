"""What a trace says of a campaign: which actions are sent, in what order, and which rows belong together."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from sim.agents.sponsors import NO_LIMIT
from sim.bookkeeping import POSTINGS, ROLES, Kind
from sim.engine.actions import Actions, empty
from sim.engine.campaign import Campaign
from sim.kernel.allotment import allot
from sim.kernel.rows import REDEMPTION
from sim.spans import DAY_S, SECOND
from sim.trace import Columns, Trace
from sim.tracing.columns import CHAIN_BITS
from sim.tracing.generate import trace_campaign, trace_slice
from sim.wire import COLUMNS, NO_POOL, NO_REF, OPS, PREPARED, SENT_AS, Expected, Signer
from tests.engine.worlds import world
from tests.trace.made import BUSY, CASES, HELLO, MONTHS, Case, made

DAY_US = DAY_S * SECOND
OPENER = {
    Kind.ORDER_PAY: Kind.ORDER_CREATE,
    Kind.ORDER_CONFIRM: Kind.ORDER_CREATE,
    Kind.ORDER_REFUND: Kind.ORDER_CREATE,
    Kind.ORDER_CANCEL: Kind.ORDER_CREATE,
    Kind.REDEEM_SHIP: Kind.REDEEM_HOLD,
    Kind.REDEEM_CANCEL: Kind.REDEEM_HOLD,
    Kind.DISBURSE_APPROVE: Kind.DISBURSE_ASK,
    Kind.DISBURSE_PAID: Kind.DISBURSE_ASK,
    Kind.DISBURSE_FAILED: Kind.DISBURSE_ASK,
}
GIVEN = (Kind.GIFT, Kind.ORDER_CONFIRM)
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])


def of(columns: Columns, kind: Kind) -> Columns:
    """The columns of one kind."""
    mine = columns["kind"] == kind
    return {name: values[mine] for name, values in columns.items()}


def row(columns: Columns, k: int) -> dict[str, int]:
    return {name: int(columns[name][k]) for name in COLUMNS}


@each_case
def test_rows_are_numbered_from_0_in_time_order(case: Case) -> None:
    """Also inside every chain, so its rows can be sent one after the other; what prepares has its own numbers."""
    trace = made(case).trace
    for columns, first in ((trace.columns, 0), (trace.prepare, PREPARED)):
        count = len(columns["n"])
        assert np.array_equal(columns["n"], first + np.arange(count, dtype=np.uint64))
        assert (np.diff(columns["due_us"]) >= 0).all()
        assert {name: str(values.dtype) for name, values in columns.items()} == {
            name: np.dtype(kind).name for name, kind in COLUMNS.items()
        }
    if len(trace.prepare["n"]):
        assert trace.prepare["due_us"].max() == trace.facts["from_us"] <= trace.columns["due_us"].min()


@each_case
def test_every_accepted_booked_action_is_sent_once(case: Case) -> None:
    """And nothing else but orders created and cancelled, approvals, and refusals that are a pool's or a project's."""
    told, trace = made(case).stream, made(case).trace
    past = made_before(case)
    sent = Counter(trace.columns["kind"].tolist())
    wanted_as: Counter[Kind] = Counter()
    for kind in Kind:
        mine = told[told["kind"] == kind]
        refused = mine["outcome"] != 0
        wanted = 0
        if kind in OPS or kind in SENT_AS:
            moves = (
                (mine["beans"] > 0) | (mine["minutes"] > 0)
                if kind in (Kind.DEED, Kind.GRANT)
                else np.ones(len(mine), bool)
            )
            anyhow = kind in (Kind.BEAN_GIFT, Kind.CORRECTION)
            wanted = int(np.count_nonzero(moves & (~refused | anyhow))) - past[kind]
        if kind is Kind.DISBURSE_APPROVE:
            wanted = sent[Kind.DISBURSE_PAID] + sent[Kind.DISBURSE_FAILED]
        wanted_as[SENT_AS.get(kind, kind)] += wanted
    for kind in Kind:
        assert sent[kind] == wanted_as[kind], kind.name
    assert set(sent) <= {int(kind) for kind in POSTINGS} | {102, 103, 55}


def made_before(case: Case) -> Counter[Kind]:
    """Actions in the stream that were decided before the slice: they end after its first barrier."""
    name, users, seed, begins, _ = case
    campaign = Campaign(world(name, users, seed), workers=1)
    if begins:
        campaign.run(until_s=round(begins * 3600))
    held = campaign.held
    return Counter(
        Kind(k) for k in held["kind"][(held["beans"] > 0) | (held["fen"] > 0) | (held["minutes"] > 0)]
    )


@each_case
def test_rows_point_at_the_row_that_opened_what_they_move(case: Case) -> None:
    """An earlier row of the same chain and the right kind, or one that is sent beforehand; each exactly once."""
    trace = made(case).trace
    seen: set[tuple[int, int]] = set()
    for k in np.flatnonzero(np.isin(trace.columns["kind"], list(OPENER))).tolist():
        mine = row(trace.columns, k)
        opener = opened_by(trace, mine["ref"])
        assert opener["kind"] == OPENER[Kind(mine["kind"])]
        assert opener["chain"] == mine["chain"]
        assert opener["n"] < mine["n"] or opener["n"] >= PREPARED
        assert (opener["n"], mine["kind"]) not in seen
        seen.add((opener["n"], mine["kind"]))
        if mine["kind"] not in (Kind.DISBURSE_APPROVE, Kind.ORDER_CONFIRM):
            assert opener["amount"] == mine["amount"]
    others = ~np.isin(trace.columns["kind"], [*OPENER, Kind.CORRECTION])
    assert (trace.columns["ref"][others] == NO_REF).all()


def opened_by(trace: Trace, ref: int) -> dict[str, int]:
    return row(trace.prepare, ref - PREPARED) if ref >= PREPARED else row(trace.columns, ref)


def test_every_kind_of_link_is_looked_at() -> None:
    """The test above does not pass on nothing: each kind occurs, linked inside a slice and across its start."""
    inside, across = set(), set()
    for case in CASES:
        columns = made(case).trace.columns
        inside |= set(columns["kind"][columns["ref"] < PREPARED].tolist())
        across |= set(columns["kind"][(columns["ref"] >= PREPARED) & (columns["ref"] != NO_REF)].tolist())
    assert inside >= {*OPENER} - {Kind.DISBURSE_FAILED}
    assert across >= {Kind.ORDER_PAY, Kind.ORDER_CONFIRM, Kind.REDEEM_SHIP, Kind.DISBURSE_PAID}


def test_corrections_follow_their_donation() -> None:
    """In the donor's chain, signed by the system, of the same project and as much; and they know who signed it."""
    from tests.trace.test_books import mistaken

    trace = mistaken(240)
    corrections = of(trace.columns, Kind.CORRECTION)
    assert len(corrections["n"]) > 10
    for k in range(len(corrections["n"])):
        mine = row(corrections, k)
        gift = opened_by(trace, mine["ref"])
        assert gift["kind"] in GIVEN
        if gift["kind"] == Kind.GIFT or gift["n"] < PREPARED:
            assert (gift["chain"], gift["object"], gift["amount"]) == (
                mine["chain"],
                mine["object"],
                mine["amount"],
            )
        assert mine["klass"] == gift["role"]
        assert mine["due_us"] >= gift["due_us"]
    assert (corrections["ref"] >= PREPARED).any()
    assert (corrections["ref"] < PREPARED).any()


def test_a_farmers_gift_is_corrected_right_after_it_was_given() -> None:
    """Each of them, once, by as much as it was, in the farmer's own chain."""
    told, trace = made(BUSY).stream, made(BUSY).trace
    back = told[told["kind"] == Kind.RECYCLE_BACK]
    corrections = of(trace.columns, Kind.CORRECTION)
    mine = np.isin(corrections["chain"] & (2**CHAIN_BITS - 1), back["agent"])
    assert np.count_nonzero(mine) == len(back) - made_before(BUSY)[Kind.RECYCLE_BACK] > 10
    gifts = corrections["ref"][mine].astype(np.int64)
    assert len(set(gifts.tolist())) == len(gifts)
    for name in ("chain", "object", "amount"):
        assert np.array_equal(trace.columns[name][gifts], corrections[name][mine])
    assert set(trace.columns["kind"][gifts].tolist()) == {Kind.GIFT}
    assert set((corrections["due_us"][mine] - trace.columns["due_us"][gifts]).tolist()) == {1}


@each_case
def test_approval_stands_right_before_what_it_allows(case: Case) -> None:
    """By another key than the one that asked, for the same disbursement, at the same instant."""
    columns = made(case).trace.columns
    paid = np.flatnonzero(np.isin(columns["kind"], (Kind.DISBURSE_PAID, Kind.DISBURSE_FAILED)))
    assert (columns["kind"][paid - 1] == Kind.DISBURSE_APPROVE).all()
    for name in ("ref", "due_us", "chain", "object"):
        assert np.array_equal(columns[name][paid - 1], columns[name][paid])
    assert set(of(columns, Kind.DISBURSE_APPROVE)["role"]) <= {Signer.CHECKER}


@each_case
def test_chains_are_what_must_stay_in_order(case: Case) -> None:
    """One a user, project, pool, merchant and NGO, and one of the system; an agent's number is the chain's."""
    columns = made(case).trace.columns
    own = columns["kind"] != Kind.CORRECTION
    roles = np.array([ROLES[Kind(k)] for k in columns["kind"]])
    assert np.array_equal(columns["chain"][own] >> 28, roles[own])
    assert np.array_equal((columns["chain"] & (2**28 - 1))[own], columns["subject"][own])


def test_orders_that_confirm_themselves_are_confirmed_by_the_system() -> None:
    """Exactly those whose time from shipping is a timer's: 10 days, 30 by mail, 3 when nothing is shipped."""
    case = ("double11_2018", 400, 1, 0, 24 * 150)
    told, trace = made(case).stream, made(case).trace
    shipped = {
        (a, r): t // SECOND for a, r, t in fields(told[told["kind"] == Kind.ORDER_SHIP], "agent", "ref", "t")
    }
    timers = {10 * DAY_S, 30 * DAY_S, 3 * DAY_S}
    confirmed = told[told["kind"] == Kind.ORDER_CONFIRM]
    took = [t // SECOND - shipped[a, r] for a, r, t in fields(confirmed, "agent", "ref", "t")]
    by_timer = [seconds in timers for seconds in took]
    signed = of(trace.columns, Kind.ORDER_CONFIRM)["role"] == Signer.SYSTEM
    assert signed.tolist() == by_timer
    assert 0.1 < signed.mean() < 0.6


def fields(rows: Actions, *names: str) -> list[tuple[int, ...]]:
    return list(zip(*(rows[name].tolist() for name in names), strict=True))


def test_a_match_is_what_was_asked_and_not_what_was_given() -> None:
    """Gift by gift at least what the stream says was given, and more where the pool ran short."""
    case = ("busy", 1_000, 3, 0, 60)
    told, trace = made(case).stream, made(case).trace
    gifts = told[(told["kind"] == Kind.GIFT) & (told["outcome"] == 0)]
    given = {(a, f, p): m for a, f, p, m in fields(gifts, "agent", "fen", "project", "match")}
    mine = of(trace.columns, Kind.GIFT)
    short = 0
    for user, fen, project, asked, pool in fields_of(mine, "subject", "amount", "object", "amount2", "pool"):
        assert (asked > 0) == (pool != NO_POOL)
        got = given[user, fen, project]
        assert got <= asked
        short += got < asked
    assert short > 3


def test_an_accounts_own_cap_counts_before_what_is_asked() -> None:
    """Cap 100: of 80 and again 80 it asks 80 and 20; the pool's remainder of 90 gives 80 and 10."""
    claims = empty(3)
    claims["kind"], claims["pool"], claims["match"] = Kind.GIFT, 1, 80
    claims["agent"] = (0, 0, 1)
    pools, limits, given = np.array([90]), np.array([[NO_LIMIT, 100, 0]]), np.zeros(1, np.int64)
    matched, asked = np.zeros((1, 2), np.int32), np.zeros(3, np.int64)
    allot(
        claims,
        pools,
        limits,
        given,
        matched,
        np.zeros(1, np.int64),
        np.zeros(1, REDEMPTION),
        asked,
        np.zeros(0, np.int64),
    )
    assert asked.tolist() == [80, 20, 80]
    assert claims["match"].tolist() == [80, 10, 0]
    assert (given[0], pools[0]) == (90, 0)


def test_what_a_rule_has_left_counts_before_what_is_asked() -> None:
    """Budget 100, of two rules each its own: of three times 80 the first asks 80 and 20, the other 80."""
    claims = empty(3)
    claims["kind"], claims["pool"], claims["match"] = Kind.GIFT, 1, 80
    claims["rule"] = (1, 1, 2)
    pools, limits, given = (
        np.array([1000]),
        np.array([[0, 0, 0], [100, 0, 0], [NO_LIMIT, 0, 0]]),
        np.zeros(3, np.int64),
    )
    matched, asked = np.zeros((0, 1), np.int32), np.zeros(3, np.int64)
    allot(
        claims,
        pools,
        limits,
        given,
        matched,
        np.zeros(1, np.int64),
        np.zeros(1, REDEMPTION),
        asked,
        np.zeros(0, np.int64),
    )
    assert asked.tolist() == claims["match"].tolist() == [80, 20, 80]
    assert given.tolist() == [0, 100, 80]


def fields_of(columns: Columns, *names: str) -> list[tuple[int, ...]]:
    return list(zip(*(columns[name].tolist() for name in names), strict=True))


@each_case
def test_what_others_can_decide_is_marked(case: Case) -> None:
    """Pools, a project's money, custody and payables depend; a user's own beans do only after a bean gift."""
    columns = made(case).trace.columns
    shared = {
        Kind.BEAN_GIFT, Kind.POOL_WITHDRAW, Kind.TEAM_UNLOCK, Kind.DISBURSE_ASK, Kind.DISBURSE_APPROVE,
        Kind.DISBURSE_PAID, Kind.DISBURSE_FAILED, Kind.FEE, Kind.CORRECTION, Kind.SETTLE_BACK, Kind.PAYOUT,
        Kind.FEE_PAYOUT, Kind.MOVE,
    }  # fmt: skip
    never = {
        Kind.DEED,
        Kind.HARVEST,
        Kind.FADE,
        Kind.IMPORT,
        Kind.ORDER_CREATE,
        Kind.ORDER_PAY,
        Kind.ORDER_REFUND,
    }
    never |= {Kind.ORDER_CANCEL, Kind.POOL_DEPOSIT, Kind.SETTLE}
    gave: set[int] = set()
    for k in range(len(columns["n"])):
        kind, depends = Kind(columns["kind"][k]), bool(columns["expected"][k] == Expected.DEPENDS)
        user = int(columns["subject"][k])
        if kind in shared:
            assert depends
        elif kind in never:
            assert not depends
        elif kind in GIVEN:
            assert depends == (columns["amount2"][k] > 0)
        elif kind in (Kind.REDEEM_HOLD, Kind.EXPIRE, Kind.DECAY, Kind.REVOKE) and user in gave:
            assert depends
        gave |= {user} if kind is Kind.BEAN_GIFT else set()


def test_beans_are_named_by_the_day_at_whose_end_they_go() -> None:
    """Growing ones after ripening and fading, harvested ones with their period; what expires has ended before."""
    trace = made(BUSY).trace
    deeds, harvests = of(trace.columns, Kind.DEED), of(trace.columns, Kind.HARVEST)
    grown = deeds["amount"] > 0
    # The busy week: 24 h to ripen and 24 h to fade; the period ends a day after the week (2022-09-05, ten days).
    assert set(deeds["period"][grown] - days(deeds["due_us"][grown])) == {2}
    assert (deeds["period"][~grown] == 0).all()
    assert set(harvests["period"]) == {20220912}
    # From 7 March, beans are valid until the end of the month after: the slice reaches into April, three days do not.
    march, april = 20220430, 20220531
    assert set(of(made(MONTHS).trace.columns, Kind.HARVEST)["period"]) == {march, april}
    assert set(of(made(("months", 200, 5, 0, 72)).trace.columns, Kind.HARVEST)["period"]) == {march}


def days(due_us: np.ndarray) -> np.ndarray:
    """The days of September 2022 of instants of the busy week."""
    return 20220905 + due_us // DAY_US


def test_a_years_minutes_stand_on_a_years_account() -> None:
    """Over New Year the engine's one sum is divided where the year turns."""
    scenario = world("year_fy2022", 300)
    trace = trace_slice(scenario, "year_fy2022", (24 * 260 * 3600, 24 * 290 * 3600), workers=1)
    accounts = trace.closing["account"].to_list()
    years = {name.rpartition(":")[2] for name in accounts if name.startswith("2800:")}
    assert years == {"2021", "2022"}


# --- the same trace from the same campaign -----------------------------------------------------------------


def test_watching_changes_nothing() -> None:
    """State, books and actions of a traced campaign are those of an untraced one."""
    campaign = Campaign(world(*HELLO[:3]), workers=1)
    campaign.run()
    assert made(HELLO).digest == campaign.digest()


def test_the_same_campaign_gives_the_same_trace() -> None:
    """Whatever the number of workers; another seed, size or slice gives another."""
    names = [
        trace_campaign(world("hello", 500, seed), "hello", workers=w)[0].sha256
        for seed, w in ((1, 1), (1, 2), (2, 1))
    ]
    assert names[0] == names[1] != names[2]
    assert trace_slice(world("hello", 500), "hello", (0, 48 * 3600)).sha256 != names[0]


def test_the_outcome_of_a_traced_run_names_the_trace() -> None:
    """So that a result and a load report can be laid side by side."""
    trace, outcome = trace_campaign(world("hello", 300), "hello", workers=1)
    assert outcome.trace == trace.sha256
    assert len(trace.sha256) == 64
    assert outcome.audit["balanced"]


def test_two_slices_are_one() -> None:
    """What is sent up to a barrier and from it on is what is sent in one piece, each row once."""
    parts = [made(("busy", 400, 6, begins, ends)).trace.columns for begins, ends in ((0, 61), (61, 100))]
    whole = made(("busy", 400, 6, 0, 100)).trace.columns
    assert sum(len(part["n"]) for part in parts) == len(whole["n"])
    same = [name for name in COLUMNS if name not in ("n", "ref", "expected")]
    told = [Counter(fields_of(columns, *same)) for columns in (*parts, whole)]
    assert told[0] + told[1] == told[2]
